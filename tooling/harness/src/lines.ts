/** Lines of JSON that a running program prints, and waiting for one of them. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A line of JSON that a program printed. */
export type JsonLine = Readonly<Record<string, unknown>>;

/** What came so far, and what comes. */
export class JsonLines {
  readonly all: JsonLine[] = [];
  readonly #waiting = new Set<(line: JsonLine) => void>();

  /** @param stream stdout of the program. */
  constructor(stream: Readable | null) {
    if (stream === null) throw new Error('no stdout');
    createInterface({ input: stream }).on('line', (text) => {
      const line = JSON.parse(text) as JsonLine;
      this.all.push(line);
      for (const tell of this.#waiting) tell(line);
    });
  }

  /** The first such line, now or later. */
  first(wanted: (line: JsonLine) => boolean, timeoutMs: number = 20_000): Promise<JsonLine> {
    const found = this.all.find(wanted);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(look);
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`no such line within ${String(timeoutMs)} ms`));
      }, timeoutMs).unref();
      const look = (line: JsonLine): void => {
        if (!wanted(line)) return;
        end();
        resolve(line);
      };
      this.#waiting.add(look);
    });
  }
}
