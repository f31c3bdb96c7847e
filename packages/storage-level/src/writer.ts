/**
 * The only one who writes to the database: each batch of the queue is one LevelDB write with one
 * sync, so it is durable as a whole or not at all.
 */
import type { IndexSpan, StorageFailedError, StorageOp, WriteOutline } from '@quorate/core';
import { type QueuedWrite, type SnapshotFiles, WriteQueue } from '@quorate/files';
import { BatchFiller } from './batch.ts';
import type { Commit, Database } from './database.ts';
import type { Head } from './format.ts';
import type { Bounds, Layout } from './layout.ts';

/** What a writer works on. */
export interface WriterSetup {
  readonly database: Database;
  readonly head: Head;
  readonly layout: Layout;
  readonly snapshots: SnapshotFiles;
  readonly commit: Commit;
  readonly maxBatchBytes: number;
}

/** Turns writes into batches, and sweeps. */
export class Writer {
  syncs = 0;
  keysSwept = 0;

  readonly #setup: WriterSetup;
  readonly #queue: WriteQueue;
  #head: Head;
  #layout: Layout;

  constructor(setup: WriterSetup) {
    this.#setup = setup;
    this.#head = setup.head;
    this.#layout = setup.layout;
    this.#queue = new WriteQueue({
      commit: (group) => this.#commit(group),
      unfinished: () => this.#layout.stale() !== undefined,
      maxBatchBytes: setup.maxBatchBytes,
    });
  }

  get writes(): number {
    return this.#queue.writes;
  }

  get failure(): StorageFailedError | undefined {
    return this.#queue.failure;
  }

  /** The bounds of the log, as far as it is durable. */
  get live(): Bounds | undefined {
    return this.#layout.live;
  }

  /** Number of the last batch that is durable. */
  get batch(): number {
    return this.#head.batch;
  }

  /** Writes the steps as a part of one of the next batches. */
  write(ops: readonly StorageOp[], outline: WriteOutline): Promise<void> {
    return this.#queue.write(ops, outline);
  }

  /** Waits until no write that was called so far can change a record in the span any more. */
  settled(span: IndexSpan): Promise<void> {
    return this.#queue.settled(span);
  }

  /** Waits for the writes that were called, and stops sweeping. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  async #commit(group: readonly QueuedWrite[]): Promise<void> {
    const { database, snapshots, commit } = this.#setup;
    const layout = this.#layout.copy();
    const batch = database.batch();
    try {
      const filler = new BatchFiller({ database, batch, layout, head: this.#head, snapshots });
      for (const { ops } of group) await filler.add(ops);
      await filler.sweep();
      filler.finish();
      if (batch.length > 0) {
        await commit(batch);
        this.syncs++;
      }
      this.keysSwept += filler.keysSwept;
      this.#head = filler.head;
      this.#layout = layout;
      for (const info of filler.published) snapshots.published(info);
    } finally {
      await batch.close();
    }
  }
}
