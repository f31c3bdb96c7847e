/**
 * Snapshots on a simulated disk. Their content never changes once it is finished, so a reader that
 * holds on to it is all that pinning takes.
 *
 * What is staged under a name is submitted to the disk piece by piece, and nobody waits for it: it
 * survives as written data does that nobody synced.
 */
import {
  checkStageName,
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
import type { Content, Image } from './image.ts';
import type { DiskSlot } from './storage.ts';
import { Draft, Writer } from './writer.ts';

/** The snapshots of one storage. */
export class Snapshots implements SnapshotStore {
  readonly #slot: DiskSlot;
  readonly #live: () => Device;
  /** Staged ones that are finished and neither published nor forgotten. */
  readonly #finished: Set<SnapshotId> = new Set<SnapshotId>();
  /** What was staged under a name, also what is not durable of it. */
  #partial: Draft | undefined;
  /** Who staged under a name last. */
  #partialWriter: Writer | undefined;

  /** @param live gives the device, or throws when the storage is closed or has failed. */
  constructor(slot: DiskSlot, live: () => Device) {
    this.#slot = slot;
    this.#live = live;
  }

  /** Takes over what an open found on the disk. */
  recover(): void {
    const { partial } = this.#slot.image;
    if (partial === undefined) return;
    this.#partial = new Draft(partial.id, partial.name);
    for (const chunk of partial.chunks) this.#partial.add(chunk);
  }

  current(): SnapshotInfo | undefined {
    return this.#slot.image.published[0];
  }

  list(): readonly SnapshotInfo[] {
    return this.#slot.image.published;
  }

  async stage(name?: string): Promise<SnapshotWriter> {
    this.check();
    if (name === undefined) return new Writer(this, new Draft(this.#slot.nextSnapshotId()));
    checkStageName(name);
    this.#partialWriter?.release();
    const draft = this.#partial?.name === name ? this.#partial : this.#startPartial(name);
    this.#partialWriter = new Writer(this, draft);
    return this.#partialWriter;
  }

  async read(id: SnapshotId): Promise<SnapshotReader> {
    this.check();
    const { contents, published } = this.#slot.image;
    const info = published.find((one) => one.id === id);
    const content = contents.get(id);
    if (info === undefined || content === undefined) {
      throw new CompactedError(`snapshot ${id} is gone; read the current one`);
    }
    return new Reader(info, content, this.#live);
  }

  /**
   * Claims what a write is about to publish: from here on it cannot be aborted any more.
   *
   * @throws InvalidArgumentError if it is not finished, or was claimed before.
   */
  claim(ops: readonly StorageOp[]): void {
    const ids = ops.flatMap((op) => (op.type === 'snapshot' ? [op.id] : []));
    const wrong = ids.find((id, at) => !this.#finished.has(id) || ids.indexOf(id) !== at);
    if (wrong !== undefined) {
      throw new InvalidArgumentError(
        `snapshot ${JSON.stringify(wrong)} is not staged and finished, or was published before`,
      );
    }
    for (const id of ids) this.#finished.delete(id);
  }

  // What writers ask.

  check(): void {
    this.#live();
  }

  /** A piece was written. */
  added({ id, name }: Draft, chunk: Uint8Array): void {
    if (name === undefined) return;
    this.#submit((image) => {
      if (image.partial?.id === id) image.partial.chunks.push(chunk);
    });
  }

  /**
   * Makes a draft durable, so that it may be published.
   *
   * @param wanted whether it still is when the disk gets to it.
   */
  async finish(draft: Draft, wanted: () => boolean): Promise<void> {
    const { id, content } = draft;
    if (this.#partial === draft) this.#partial = undefined;
    await this.#live().submit((image) => {
      forgetPartial(image, id);
      if (!wanted()) return;
      image.contents.set(id, content);
      this.#finished.add(id);
    });
  }

  /** Forgets a draft, unless it is claimed or published, or somebody else has taken it up. */
  forget(writer: Writer, draft: Draft): void {
    const { id } = draft;
    if (this.#finished.delete(id)) this.#slot.image.contents.delete(id);
    if (this.#partialWriter !== writer || this.#partial !== draft) return;
    this.#partial = undefined;
    this.#submit((image) => {
      forgetPartial(image, id);
    });
  }

  #startPartial(name: string): Draft {
    const id = this.#slot.nextSnapshotId();
    this.#partial = new Draft(id, name);
    this.#submit((image) => {
      image.partial = { id, name, chunks: [] };
    });
    return this.#partial;
  }

  /** Hands a change to the disk. Should it fail, then everything that follows does, too. */
  #submit(change: (image: Image) => void): void {
    let device: Device;
    try {
      device = this.#live();
    } catch {
      return;
    }
    device.submit(change).catch(() => undefined);
  }
}

function forgetPartial(image: Image, id: SnapshotId): void {
  if (image.partial?.id === id) image.partial = undefined;
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
