/**
 * A growing column of hashes, in chunks: 32 bytes each, where an object each would take three times that.
 */
import { invariant } from '@quorate/core';
import { hashBytes } from './hashing.ts';

const chunkHashes = 256;

export class HashColumn {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(hash: Uint8Array): void {
    const at = this.#length % chunkHashes;
    if (at === 0) this.#chunks.push(new Uint8Array(chunkHashes * hashBytes));
    this.#chunks.at(-1)?.set(hash, at * hashBytes);
    this.#length += 1;
  }

  /** A view. */
  at(position: number): Uint8Array {
    const chunk = this.#chunks[Math.floor(position / chunkHashes)];
    invariant(chunk !== undefined && position < this.#length, 'a hash is looked up where one is');
    const offset = (position % chunkHashes) * hashBytes;
    return chunk.subarray(offset, offset + hashBytes);
  }
}
