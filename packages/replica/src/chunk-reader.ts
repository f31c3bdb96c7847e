/** Reads exact lengths out of chunks that are cut anywhere; what is left goes on as chunks. */
import { concatBytes, MalformedError } from '@quorate/core';

/** Takes bytes off the front of a stream. Holds no more than was asked for and one chunk. */
export class ChunkReader {
  readonly #source: AsyncIterator<Uint8Array, unknown>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /**
   * The next `count` bytes.
   *
   * @throws MalformedError if the stream ends before.
   */
  async take(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > this.#rest.length) {
      parts.push(this.#rest);
      missing -= this.#rest.length;
      this.#rest = new Uint8Array(0);
      const item = await this.#source.next();
      if (item.done === true) {
        throw new MalformedError(
          `a snapshot is cut short: ${String(count)} bytes wanted, ${String(count - missing)} left`,
        );
      }
      this.#rest = item.value;
    }
    parts.push(this.#rest.subarray(0, missing));
    this.#rest = this.#rest.subarray(missing);
    return concatBytes(parts);
  }

  /** Whatever has not been taken. */
  async *rest(): AsyncGenerator<Uint8Array, void> {
    if (this.#rest.length > 0) yield this.#rest;
    for (
      let item = await this.#source.next();
      item.done !== true;
      item = await this.#source.next()
    ) {
      yield item.value;
    }
  }

  /** Tells the source that nothing more is wanted. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
