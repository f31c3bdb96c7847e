/**
 * Group commit: one batch is made durable at a time, and what is written meanwhile goes as the next.
 *
 * Each batch is one LevelDB write with one sync, whatever number of writes it carries, so their
 * order is that of the calls and each is atomic. The first failure ends it for good: the kernel may
 * have marked unsynced pages as clean, so a second sync that succeeds would prove nothing.
 */
import { describeError, StorageFailedError, type StorageOp } from '@quorate/core';
import { BatchFiller } from './batch.ts';
import type { Commit, Database } from './database.ts';
import type { Head } from './format.ts';
import { type Bounds, type Layout, overlap, type Span } from './layout.ts';
import type { Outline } from './ops.ts';
import type { Snapshots } from './snapshots.ts';

interface Waiting extends Outline {
  readonly ops: readonly StorageOp[];
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StorageFailedError) => void;
}

/** What a writer works on. */
export interface WriterSetup {
  readonly database: Database;
  readonly head: Head;
  readonly layout: Layout;
  readonly snapshots: Snapshots;
  readonly commit: Commit;
  readonly maxBatchBytes: number;
}

/** The only one who writes to the database. */
export class Writer {
  writes = 0;
  syncs = 0;
  keysSwept = 0;

  readonly #setup: WriterSetup;
  #head: Head;
  #layout: Layout;
  #queue: Waiting[] = [];
  /** The writes of the batch that is being made durable. */
  #flying: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #closing = false;
  #failure: StorageFailedError | undefined;

  constructor(setup: WriterSetup) {
    this.#setup = setup;
    this.#head = setup.head;
    this.#layout = setup.layout;
    if (this.#layout.stale() !== undefined) this.#start();
  }

  get failure(): StorageFailedError | undefined {
    return this.#failure;
  }

  /** The bounds of the log, as far as it is durable. */
  get live(): Bounds | undefined {
    return this.#layout.live;
  }

  /** Writes the steps as a part of one of the next batches. */
  write(ops: readonly StorageOp[], outline: Outline): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.writes++;
    let resolve: () => void = () => undefined;
    let reject: (error: StorageFailedError) => void = () => undefined;
    const durable = new Promise<void>((accept, refuse) => {
      resolve = accept;
      reject = refuse;
    });
    this.#queue.push({ ...outline, ops, durable, resolve, reject });
    this.#start();
    return durable;
  }

  /** Waits until no write that was called so far can change a record in the span any more. */
  async settled(span: Span): Promise<void> {
    const touching = [...this.#flying, ...this.#queue].findLast(
      ({ touched }) => overlap(touched, span) !== undefined,
    );
    await touching?.durable;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits for the writes that were called, and stops sweeping. */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#running !== undefined) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    // What is called in the same breath goes into the same batch.
    await Promise.resolve();
    while (this.#failure === undefined && this.#hasWork()) {
      this.#flying = this.#nextGroup();
      try {
        await this.#commit(this.#flying);
      } catch (cause) {
        this.#fail(cause);
        return;
      }
      for (const { resolve } of this.#flying) resolve();
      this.#flying = [];
    }
  }

  #hasWork(): boolean {
    return this.#queue.length > 0 || (!this.#closing && this.#layout.stale() !== undefined);
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      bytes += waiting.bytes;
      if (count > 0 && bytes > this.#setup.maxBatchBytes) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #fail(cause: unknown): void {
    const failure = new StorageFailedError(
      `a write to LevelDB failed: ${describeError(cause)}; nothing is acknowledged any more: mend the disk and restart`,
      { cause },
    );
    this.#failure = failure;
    const lost = [...this.#flying, ...this.#queue];
    this.#flying = [];
    this.#queue = [];
    for (const { reject } of lost) reject(failure);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const { database, snapshots, commit } = this.#setup;
    const layout = this.#layout.copy();
    const batch = database.batch();
    try {
      const filler = new BatchFiller(database, batch, layout, this.#head);
      for (const { ops } of group) await filler.add(ops, (op) => snapshots.describe(op));
      filler.finish();
      if (!this.#closing) await filler.sweep();
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
