/** A snapshot while it is written. */
import { ClosedError, crc32, type SnapshotId, type SnapshotWriter } from '@quorate/core';
import { chunkBytes } from '../format.ts';
import type { Chunks } from './chunks.ts';
import type { Snapshots } from './store.ts';

/** Chunks that are written in one transaction, at most. */
const chunksPerTransaction = 4;

/** What a writer begins with. */
export interface WriterStart {
  readonly number: number;
  /** Under which it can be taken up again. */
  readonly name: string | undefined;
  /** Whole chunks that are there already. */
  readonly chunks: number;
  /** CRC-32 of their content. */
  readonly checksum: number;
}

/** Writes one snapshot. */
export class ChunkWriter implements SnapshotWriter {
  readonly id: SnapshotId;
  readonly number: number;
  readonly name: string | undefined;
  readonly #store: Snapshots;
  readonly #chunks: Chunks;
  /** Whole chunks in the database. */
  #stored: number;
  /** Whole chunks that wait for their transaction. */
  #waiting: Uint8Array[] = [];
  #block: Uint8Array = new Uint8Array(chunkBytes);
  #filled = 0;
  #bytes: number;
  #checksum: number;
  #phase: 'writing' | 'finished' | 'failed' | 'closed' | 'aborted' = 'writing';
  /** The step under way; steps follow each other in the order of the calls. */
  #step: Promise<void> = Promise.resolve();

  constructor(store: Snapshots, chunks: Chunks, start: WriterStart) {
    this.id = String(start.number);
    this.number = start.number;
    this.name = start.name;
    this.#store = store;
    this.#chunks = chunks;
    this.#stored = start.chunks;
    this.#bytes = start.chunks * chunkBytes;
    this.#checksum = start.checksum;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get checksum(): number {
    return this.#checksum;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkWriting();
    await this.#next(() => this.#append(chunk));
  }

  async finish(): Promise<void> {
    this.#checkWriting();
    this.#phase = 'finished';
    await this.#next(async () => {
      if (this.#filled > 0 || this.#stored === 0) {
        this.#waiting.push(this.#block.subarray(0, this.#filled));
      }
      await this.#flush(this.#store.isStaged(this) ? 'unstage' : undefined);
      this.#block = new Uint8Array();
      this.#store.finished(this);
    });
  }

  async close(): Promise<void> {
    // Finished or failed, there is nothing that could be taken up again.
    if (this.name === undefined || this.#phase === 'finished' || this.#phase === 'failed') {
      await this.abort();
    } else {
      await this.release();
    }
  }

  async abort(): Promise<void> {
    if (this.#phase === 'aborted') return;
    this.#phase = 'aborted';
    await this.#settled();
    await this.#store.forget(this);
  }

  /** Stops it, and keeps what it has written. */
  async release(): Promise<void> {
    if (this.#phase === 'writing') this.#phase = 'closed';
    await this.#settled();
  }

  async #append(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + chunkBytes - this.#filled);
      this.#block.set(piece, this.#filled);
      this.#filled += piece.length;
      this.#bytes += piece.length;
      this.#checksum = crc32(piece, this.#checksum);
      at += piece.length;
      if (this.#filled < chunkBytes) break;
      this.#waiting.push(this.#block);
      this.#block = new Uint8Array(chunkBytes);
      this.#filled = 0;
      if (this.#waiting.length >= chunksPerTransaction) await this.#flush();
    }
    if (this.#waiting.length > 0) await this.#flush();
  }

  async #flush(last?: 'unstage'): Promise<void> {
    const contents = this.#waiting;
    this.#waiting = [];
    await this.#chunks.write(this.number, this.#stored, contents, last);
    this.#stored += contents.length;
  }

  #settled(): Promise<void> {
    return this.#step.catch(() => undefined);
  }

  /** After a step that failed every later one fails too, so that there is no gap. */
  async #next(run: () => Promise<void>): Promise<void> {
    this.#step = this.#step.then(run);
    try {
      await this.#step;
    } catch (error) {
      if (this.#phase !== 'aborted') {
        this.#phase = 'failed';
        await this.#store.forget(this);
      }
      throw error;
    }
  }

  #checkWriting(): void {
    this.#store.check();
    if (this.#phase !== 'writing') {
      throw new ClosedError(`snapshot ${this.id} is ${this.#phase}; stage another one`);
    }
  }
}
