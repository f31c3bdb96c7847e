/**
 * Group commit: one batch is made durable at a time, and what is written meanwhile goes as the next.
 *
 * So the order on disk is that of the calls, a batch is the unit of atomicity, and many waiting
 * writes share one sync. The first failure ends it for good: the kernel may have marked pages as
 * clean that never reached the disk, so a second sync that succeeds would prove nothing.
 */
import {
  describeError,
  type IndexSpan,
  overlapOf,
  StorageFailedError,
  type StorageOp,
  type WriteOutline,
} from '@quorate/core';

/** A write that waits, or is being made durable. */
export interface QueuedWrite extends WriteOutline {
  readonly ops: readonly StorageOp[];
}

interface Waiting extends QueuedWrite {
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StorageFailedError) => void;
}

/** What a queue works on. */
export interface WriteQueueSetup {
  /** Makes a group durable, as one atomic batch. Never called again once it has failed. */
  commit(group: readonly QueuedWrite[]): Promise<void>;
  /** Whether there is work to do without a write; then `commit` is called with none. @default never */
  unfinished?(): boolean;
  /** Writes are joined up to this size. */
  readonly maxBatchBytes: number;
}

/** The writes of one storage, in the order of their calls. */
export class WriteQueue {
  /** Calls of `write`. */
  writes = 0;

  readonly #setup: WriteQueueSetup;
  #queue: Waiting[] = [];
  /** The writes of the batch that is being made durable. */
  #flying: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #closing = false;
  #failure: StorageFailedError | undefined;

  constructor(setup: WriteQueueSetup) {
    this.#setup = setup;
    if (this.#hasWork()) this.#start();
  }

  /** Why nothing is written any more. */
  get failure(): StorageFailedError | undefined {
    return this.#failure;
  }

  /** Writes the steps as a part of one of the next batches; resolves when it is durable. */
  write(ops: readonly StorageOp[], outline: WriteOutline): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.writes++;
    let resolve: () => void = () => undefined;
    let reject: (error: StorageFailedError) => void = () => undefined;
    const durable = new Promise<void>((accept, refuse) => {
      resolve = accept;
      reject = refuse;
    });
    const { bytes, touched } = outline;
    this.#queue.push({ bytes, touched, ops, durable, resolve, reject });
    this.#start();
    return durable;
  }

  /** Waits until no write that was called so far can change a record in the span any more. */
  async settled(span: IndexSpan): Promise<void> {
    if (this.#flying.length > 0 || this.#queue.length > 0) {
      const touching = [...this.#flying, ...this.#queue].findLast(
        ({ touched }) => overlapOf(touched, span) !== undefined,
      );
      await touching?.durable;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends it for good: whatever waits is rejected, as after a write that failed. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    const failure =
      cause instanceof StorageFailedError
        ? cause
        : new StorageFailedError(
            `a write failed: ${describeError(cause)}; nothing is acknowledged any more: mend the disk and restart`,
            { cause },
          );
    this.#failure = failure;
    const lost = [...this.#flying, ...this.#queue];
    this.#flying = [];
    this.#queue = [];
    for (const { reject } of lost) reject(failure);
  }

  /** Waits for the writes that were called; work without a write is left. */
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
      const group = this.#nextGroup();
      this.#flying = group;
      try {
        await this.#setup.commit(group);
      } catch (cause) {
        this.fail(cause);
        return;
      }
      // It may have been failed from outside while the last sync went well: nobody is told then.
      for (const { resolve } of this.#flying) resolve();
      this.#flying = [];
    }
  }

  #hasWork(): boolean {
    return this.#queue.length > 0 || (!this.#closing && this.#setup.unfinished?.() === true);
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
}
