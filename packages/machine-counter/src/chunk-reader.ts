/** Reads exact lengths out of chunks that are cut anywhere. */
import { CorruptError } from '@quorate/core';

export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array, unknown>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * The next `count` bytes, in memory of their own. Whoever calls has checked the count against a limit.
   *
   * @throws CorruptError if there are not so many.
   */
  async take(count: number): Promise<Uint8Array> {
    const taken = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      if (await this.atEnd()) throw new CorruptError('a snapshot is cut short; fetch it again');
      const piece = this.#rest.subarray(0, count - filled);
      taken.set(piece, filled);
      filled += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
    return taken;
  }

  /** Whether nothing is left. */
  async atEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const item = await this.#chunks.next();
      if (item.done === true) return true;
      this.#rest = item.value;
    }
    return false;
  }

  /** Tells the source that nothing more is wanted. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
