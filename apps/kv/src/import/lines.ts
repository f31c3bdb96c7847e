/**
 * Splits a stream of bytes into lines, in bounded memory and without touching a byte: a value of a
 * file need not be text.
 */

/** One line, without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Whether a line feed ended it; the last line of a file may have none. */
  readonly ended: boolean;
  /** Over the limit: `bytes` holds only its beginning. */
  readonly cut: boolean;
}

const lineFeed = 0x0a;

/** @param maxLineBytes what is longer is cut there. */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Line, void, undefined> {
  const line = new LineUnderWay(maxLineBytes);
  for await (const chunk of source) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, from);
      if (end < 0) break;
      line.add(chunk.subarray(from, end));
      from = end + 1;
      yield line.finish(true);
    }
    line.add(chunk.subarray(from));
  }
  if (!line.empty) yield line.finish(false);
}

/** Gathers the pieces of one line after the other. */
class LineUnderWay {
  readonly #maxBytes: number;
  #number = 1;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #cut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get empty(): boolean {
    return this.#bytes === 0 && !this.#cut;
  }

  add(part: Uint8Array): void {
    const room = this.#maxBytes - this.#bytes;
    if (part.length > room) this.#cut = true;
    if (room <= 0 || part.length === 0) return;
    const kept = part.subarray(0, room);
    this.#parts.push(kept);
    this.#bytes += kept.length;
  }

  finish(ended: boolean): Line {
    const [only] = this.#parts;
    const bytes =
      this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const line = { number: this.#number, bytes, ended, cut: this.#cut };
    this.#number += 1;
    this.#parts = [];
    this.#bytes = 0;
    this.#cut = false;
    return line;
  }
}
