/** A snapshot while it is written. */
import { ClosedError, crc32, type SnapshotId, type SnapshotWriter } from '@quorate/core';
import type { Content } from './image.ts';
import type { Snapshots } from './snapshots.ts';

/** Content so far, in whatever hands it is. */
export class Draft {
  readonly id: SnapshotId;
  /** Under which it can be taken up again. */
  readonly name: string | undefined;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #checksum = 0;

  constructor(id: SnapshotId, name?: string) {
    this.id = id;
    this.name = name;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#checksum = crc32(chunk, this.#checksum);
  }

  get content(): Content {
    return { chunks: this.#chunks, bytes: this.#bytes, checksum: this.#checksum };
  }
}

/** Writes one snapshot. */
export class Writer implements SnapshotWriter {
  readonly #store: Snapshots;
  readonly #draft: Draft;
  #phase: 'writing' | 'finished' | 'closed' | 'aborted' = 'writing';

  constructor(store: Snapshots, draft: Draft) {
    this.#store = store;
    this.#draft = draft;
  }

  get id(): SnapshotId {
    return this.#draft.id;
  }

  get bytes(): number {
    return this.#draft.content.bytes;
  }

  get checksum(): number {
    return this.#draft.content.checksum;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkWriting();
    if (chunk.length === 0) return;
    const copy = chunk.slice();
    this.#draft.add(copy);
    this.#store.added(this.#draft, copy);
  }

  async finish(): Promise<void> {
    this.#checkWriting();
    this.#phase = 'finished';
    await this.#store.finish(this.#draft, () => this.#phase === 'finished');
  }

  async close(): Promise<void> {
    // Finished or without a name, there is nothing that could be taken up again.
    if (this.#draft.name === undefined || this.#phase === 'finished') await this.abort();
    else this.release();
  }

  async abort(): Promise<void> {
    if (this.#phase === 'aborted') return;
    this.#phase = 'aborted';
    this.#store.forget(this, this.#draft);
  }

  /** Ends it, unless it is finished, and keeps what was written. */
  release(): void {
    if (this.#phase === 'writing') this.#phase = 'closed';
  }

  #checkWriting(): void {
    this.#store.check();
    if (this.#phase === 'writing') return;
    throw new ClosedError(`snapshot ${this.id} is ${this.#phase}; stage another one`);
  }
}
