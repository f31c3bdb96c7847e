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
}

/** The durable content of a disk. */
export class Image {
  owner: StorageOwner | undefined;
  state: Uint8Array | undefined;
  snapshot: SnapshotInfo | undefined;
  readonly records: Records = new Records();
  /** Content of every snapshot that was finished, published or not. */
  readonly contents: Map<SnapshotId, Content> = new Map<SnapshotId, Content>();
  /** Indexes whose records fail their check. */
  readonly damaged: Set<LogIndex> = new Set<LogIndex>();

  /** Removes what was staged and never published. */
  keepOnlyPublished(): void {
    for (const id of this.contents.keys()) {
      if (id !== this.snapshot?.id) this.contents.delete(id);
    }
  }

  /** Takes one atomic write over. */
  apply(ops: readonly StorageOp[]): void {
    for (const op of ops) this.#applyOne(op);
  }

  #applyOne(op: StorageOp): void {
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
        if (this.snapshot !== undefined) this.contents.delete(this.snapshot.id);
        const { id, index, context } = op;
        this.snapshot = { id, index, context, bytes: content.bytes };
        return;
      }
      default:
        unreachable(op);
    }
  }
}
