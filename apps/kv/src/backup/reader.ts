/**
 * Reads a backup and believes nothing: every length is checked before it is used, every piece before it
 * is handed on, and the whole before it ends.
 */
import { CorruptError, describeError, MalformedError } from '@quorate/core';
import { crc32 } from '@quorate/files';
import {
  type BackupHeader,
  chunkOverheadBytes,
  decodeEnd,
  decodeHeader,
  endBytes,
  firstLine,
  magic,
  maxChunkBytes,
  maxHeaderBytes,
} from './format.ts';

/** A backup that is being read. */
export interface Backup {
  readonly header: BackupHeader;
  /**
   * The content, once. It ends without an error only when all of the file has passed its checks.
   *
   * @throws CorruptError if it has not.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Begins to read.
 *
 * @param what names it in messages.
 * @throws MalformedError if it is no backup, or one of a later version.
 * @throws CorruptError if it is damaged.
 */
export async function readBackup(source: AsyncIterable<Uint8Array>, what: string): Promise<Backup> {
  const input = new Input(source, what);
  const header = await readHeader(input, what);
  return { header, chunks: chunksOf(input, header) };
}

async function readHeader(input: Input, what: string): Promise<BackupHeader> {
  const begin = await input.peek(firstLine.length);
  const found = text(begin);
  if (found !== firstLine) {
    if (!found.startsWith(magic)) {
      throw new MalformedError(`${what} is not a backup of quorate-kv; name another file`);
    }
    throw new MalformedError(`${what} is a backup of another version; upgrade this program`);
  }
  const lines = await input.line(firstLine.length, firstLine.length + maxHeaderBytes);
  const checksum = numberAt(await input.take(4), 0);
  if (checksum !== crc32(lines)) throw input.damaged('its header fails its check');
  try {
    return decodeHeader(text(lines.subarray(firstLine.length)));
  } catch (cause) {
    throw new MalformedError(`${what}: ${describeError(cause)}; upgrade this program`, { cause });
  }
}

async function* chunksOf(input: Input, header: BackupHeader): AsyncGenerator<Uint8Array, void> {
  let bytes = 0;
  let checksum = 0;
  for (;;) {
    const head = await input.peek(chunkOverheadBytes);
    const length = numberAt(head, 0);
    if (length === 0) break;
    if (length > maxChunkBytes) throw input.damaged(`a chunk says to have ${String(length)} bytes`);
    await input.take(chunkOverheadBytes);
    const chunk = await input.take(length);
    if (numberAt(head, 4) !== crc32(chunk)) throw input.damaged('a chunk fails its check');
    bytes += length;
    checksum = crc32(chunk, checksum);
    if (bytes > header.bytes) throw input.damaged('there is more than its header says');
    yield chunk;
  }
  const end = endOf(input, await input.take(endBytes));
  const isWhole = [header, end].every((said) => said.bytes === bytes && said.checksum === checksum);
  if (!isWhole) throw input.damaged('the whole fails its check');
  await input.end();
}

function endOf(input: Input, bytes: Uint8Array): ReturnType<typeof decodeEnd> {
  try {
    return decodeEnd(bytes);
  } catch (cause) {
    throw input.damaged(describeError(cause));
  }
}

/** Takes bytes off pieces that are cut anywhere; holds what was asked for, and one piece. */
class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #what: string;
  #parts: Uint8Array[] = [];
  #held = 0;
  #position = 0;

  constructor(source: AsyncIterable<Uint8Array>, what: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#what = what;
  }

  /** The next bytes, which stay; fewer at the end. */
  async peek(bytes: number): Promise<Uint8Array> {
    while (this.#held < bytes) {
      const next = await this.#source.next();
      if (next.done === true) break;
      if (next.value.length > 0) this.#parts.push(next.value);
      this.#held += next.value.length;
    }
    return this.#joined().subarray(0, bytes);
  }

  /** @throws CorruptError if there are not so many. */
  async take(bytes: number): Promise<Uint8Array> {
    const taken = await this.peek(bytes);
    if (taken.length < bytes) {
      throw this.damaged('it was cut off', this.#position + taken.length);
    }
    const rest = this.#joined().subarray(bytes);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.#position += bytes;
    return taken;
  }

  /** Everything up to the first line feed behind `from`, which is included. */
  async line(from: number, maxBytes: number): Promise<Uint8Array> {
    for (let wanted = 4096; ; wanted *= 2) {
      const some = await this.peek(Math.min(wanted, maxBytes));
      const at = some.indexOf(0x0a, from);
      if (at >= 0) return this.take(at + 1);
      if (some.length === maxBytes || some.length < wanted) {
        throw this.damaged('its header does not end');
      }
    }
  }

  /** @throws CorruptError if there is anything more. */
  async end(): Promise<void> {
    if ((await this.peek(1)).length > 0) throw this.damaged('something stands behind its end');
  }

  damaged(why: string, position: number = this.#position): CorruptError {
    return new CorruptError(
      `${this.#what} is damaged at byte ${String(position)}: ${why}; use another copy, or take the backup again`,
    );
  }

  #joined(): Uint8Array {
    const [first] = this.#parts;
    if (first === undefined) return new Uint8Array(0);
    if (this.#parts.length === 1) return first;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }
}

function numberAt(bytes: Uint8Array, at: number): number {
  // What is too short to have a number there is found to be cut off by whoever takes it.
  if (bytes.length < at + 4) return 1;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
