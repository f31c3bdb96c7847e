/**
 * What is durable on a simulated disk: exactly what a storage finds there after a power loss.
 */
import {
  invariant,
  type LogIndex,
  type SnapshotId,
  type SnapshotInfo,
  type StorageOp,
  type StorageOwner,
  unreachable,
} from '@quorate/core';
import { Records } from './records.ts';

/** Content of a snapshot, in the pieces in which it was written. */
export interface Content {
  /** None is empty. */
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** CRC-32 of all of it. */
  readonly checksum: number;
}

/** Content that was staged under a name and is not finished. */
export interface Unfinished {
  readonly id: SnapshotId;
  readonly name: string;
  readonly chunks: Uint8Array[];
}

/** The durable content of a disk. */
export class Image {
  owner: StorageOwner | undefined;
  state: Uint8Array | undefined;
  /** Newest first; the first is the current one, the others are retained. */
  published: readonly SnapshotInfo[] = [];
  /** What can be taken up again. */
  partial: Unfinished | undefined;
  readonly records: Records = new Records();
  /** Content of every snapshot that was finished, published or not. */
  readonly contents: Map<SnapshotId, Content> = new Map<SnapshotId, Content>();
  /** Indexes whose records fail their check. */
  readonly damaged: Set<LogIndex> = new Set<LogIndex>();

  /** Keeps so many published snapshots, and no content that was staged and never published. */
  keepOnlyPublished(retain: number): void {
    this.published = this.published.slice(0, retain);
    const kept = new Set(this.published.map(({ id }) => id));
    for (const id of this.contents.keys()) {
      if (!kept.has(id)) this.contents.delete(id);
    }
  }

  /**
   * Takes one atomic write over.
   *
   * @param retain how many published snapshots are kept, the newest among them.
   */
  apply(ops: readonly StorageOp[], retain: number): void {
    for (const op of ops) this.#applyOne(op, retain);
  }

  #applyOne(op: StorageOp, retain: number): void {
    switch (op.type) {
      case 'put':
        this.records.put({ index: op.index, record: op.record });
        this.damaged.delete(op.index);
        return;
      case 'state':
        this.state = op.bytes;
        return;
      case 'dropAfter':
        this.records.dropAfter(op.index);
        return;
      case 'dropBefore':
        this.records.dropBefore(op.index);
        return;
      case 'snapshot': {
        const content = this.contents.get(op.id);
        invariant(content !== undefined, `a snapshot is finished before it is published: ${op.id}`);
        const { id, index, context } = op;
        const { bytes, checksum } = content;
        const published = [{ id, index, context, bytes, checksum }, ...this.published];
        for (const { id: old } of published.slice(retain)) this.contents.delete(old);
        this.published = published.slice(0, retain);
        return;
      }
      default:
        unreachable(op);
    }
  }
}
