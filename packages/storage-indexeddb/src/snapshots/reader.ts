/** A published snapshot while it is read. */
import { ClosedError, type SnapshotInfo, type SnapshotReader } from '@quorate/core';
import { chunkBytes } from '../format.ts';
import type { Chunks } from './chunks.ts';
import type { Snapshots } from './store.ts';

/** Reads one snapshot, chunk by chunk. */
export class ChunkReader implements SnapshotReader {
  readonly info: SnapshotInfo;
  readonly #store: Snapshots;
  readonly #chunks: Chunks;
  /** The chunk that was read last: who reads on mostly finds the next bytes in it. */
  #chunk: { readonly at: number; readonly content: Uint8Array } | undefined;
  #closed = false;

  constructor(store: Snapshots, chunks: Chunks, info: SnapshotInfo) {
    this.#store = store;
    this.#chunks = chunks;
    this.info = info;
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    this.#store.check();
    if (this.#closed) throw new ClosedError('the snapshot reader is closed; open another one');
    if (offset >= this.info.bytes) return new Uint8Array();
    const at = Math.floor(offset / chunkBytes);
    const start = offset - at * chunkBytes;
    return (await this.#load(at)).slice(start, start + maxBytes);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunk = undefined;
    await this.#store.released(this);
  }

  async #load(at: number): Promise<Uint8Array> {
    if (this.#chunk?.at === at) return this.#chunk.content;
    const length = Math.min(chunkBytes, this.info.bytes - at * chunkBytes);
    const content = await this.#chunks.need(Number(this.info.id), at, length);
    if (!this.#closed) this.#chunk = { at, content };
    return content;
  }
}
