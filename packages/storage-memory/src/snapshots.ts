/**
 * Snapshots on a simulated disk. Their content never changes once it is finished, so a reader that
 * holds on to it is all that pinning takes.
 */
import {
  ClosedError,
  CompactedError,
  InvalidArgumentError,
  type SnapshotId,
  type SnapshotInfo,
  type SnapshotReader,
  type SnapshotStore,
  type SnapshotWriter,
  type StorageOp,
} from '@quorate/core';
import type { Device } from './device.ts';
import type { Content } from './image.ts';
import type { DiskSlot } from './storage.ts';

/** The snapshots of one storage. */
export class Snapshots implements SnapshotStore {
  readonly #slot: DiskSlot;
  readonly #live: () => Device;
  /** Staged ones that are finished and neither published nor forgotten. */
  readonly #finished: Set<SnapshotId> = new Set<SnapshotId>();

  /** @param live gives the device, or throws when the storage is closed or has failed. */
  constructor(slot: DiskSlot, live: () => Device) {
    this.#slot = slot;
    this.#live = live;
  }

  current(): SnapshotInfo | undefined {
    return this.#slot.image.snapshot;
  }

  async stage(): Promise<SnapshotWriter> {
    this.#live();
    return new Writer(this.#slot, this.#live, this.#finished);
  }

  async read(id: SnapshotId): Promise<SnapshotReader> {
    this.#live();
    const { contents, snapshot } = this.#slot.image;
    const content = contents.get(id);
    if (snapshot?.id !== id || content === undefined) {
      throw new CompactedError(`snapshot ${id} is gone; read the current one`);
    }
    return new Reader(snapshot, content, this.#live);
  }

  /**
   * Claims what a write is about to publish.
   *
   * @throws InvalidArgumentError if it is not finished, or was published before.
   */
  publish(ops: readonly StorageOp[]): void {
    const ids = ops.flatMap((op) => (op.type === 'snapshot' ? [op.id] : []));
    for (const id of ids) {
      if (this.#finished.has(id)) continue;
      throw new InvalidArgumentError(
        `snapshot ${id} is not staged and finished: cannot publish it`,
      );
    }
    for (const id of ids) this.#finished.delete(id);
  }
}

class Writer implements SnapshotWriter {
  readonly id: SnapshotId;
  readonly #slot: DiskSlot;
  readonly #live: () => Device;
  readonly #finished: Set<SnapshotId>;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #phase: 'writing' | 'finishing' | 'aborted' = 'writing';

  constructor(slot: DiskSlot, live: () => Device, finished: Set<SnapshotId>) {
    this.id = slot.nextSnapshotId();
    this.#slot = slot;
    this.#live = live;
    this.#finished = finished;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkWriting();
    if (chunk.length > 0) this.#chunks.push(chunk.slice());
    this.#bytes += chunk.length;
  }

  async finish(): Promise<void> {
    this.#checkWriting();
    this.#phase = 'finishing';
    const content: Content = { chunks: this.#chunks, bytes: this.#bytes };
    this.#chunks = [];
    await this.#live().submit((image) => {
      if (this.#phase === 'aborted') return;
      image.contents.set(this.id, content);
      this.#finished.add(this.id);
    });
  }

  async abort(): Promise<void> {
    this.#phase = 'aborted';
    this.#chunks = [];
    // Once it is published it is no longer among the finished ones, and stays.
    if (this.#finished.delete(this.id)) this.#slot.image.contents.delete(this.id);
  }

  #checkWriting(): void {
    this.#live();
    if (this.#phase === 'writing') return;
    throw new ClosedError(
      `snapshot ${this.id} is ${this.#phase === 'aborted' ? 'aborted' : 'finished'}`,
    );
  }
}

class Reader implements SnapshotReader {
  readonly info: SnapshotInfo;
  readonly #live: () => Device;
  #content: Content | undefined;

  constructor(info: SnapshotInfo, content: Content, live: () => Device) {
    this.info = info;
    this.#content = content;
    this.#live = live;
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    this.#live();
    if (this.#content === undefined) throw new ClosedError('the snapshot reader is closed');
    let start = 0;
    for (const chunk of this.#content.chunks) {
      const end = start + chunk.length;
      if (offset < end) return chunk.slice(offset - start, offset - start + maxBytes);
      start = end;
    }
    return new Uint8Array();
  }

  async close(): Promise<void> {
    this.#content = undefined;
  }
}
