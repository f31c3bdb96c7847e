/**
 * Group commit: one transaction is under way at a time, and what is written meanwhile goes as the next.
 *
 * So writes take effect in the order of the calls, and many that wait share the one thing that takes
 * long: the browser's sync. The first failure ends it for good. Whether the transaction that failed
 * left something behind is not known before the database is opened again.
 */
import {
  describeError,
  type IndexSpan,
  overlapOf,
  StorageFailedError,
  type StorageOp,
  type WriteOutline,
} from '@quorate/core';

interface Waiting extends WriteOutline {
  readonly ops: readonly StorageOp[];
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StorageFailedError) => void;
}

/** The writes of one storage. */
export class WriteQueue {
  /** Calls of `write`. */
  writes = 0;

  readonly #commit: (ops: readonly StorageOp[]) => Promise<void>;
  readonly #maxBatchBytes: number;
  #waiting: Waiting[] = [];
  /** The writes of the transaction under way. */
  #flying: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #failure: StorageFailedError | undefined;

  /**
   * @param commit makes steps durable in one transaction; never called again once it has failed.
   * @param maxBatchBytes writes are joined up to this size.
   */
  constructor(commit: (ops: readonly StorageOp[]) => Promise<void>, maxBatchBytes: number) {
    this.#commit = commit;
    this.#maxBatchBytes = maxBatchBytes;
  }

  /** Why nothing is written any more. */
  get failure(): StorageFailedError | undefined {
    return this.#failure;
  }

  /** Writes the steps as a part of one of the next transactions; resolves when it is durable. */
  write(ops: readonly StorageOp[], outline: WriteOutline): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.writes++;
    let resolve: () => void = () => undefined;
    let reject: (error: StorageFailedError) => void = () => undefined;
    const durable = new Promise<void>((accept, refuse) => {
      resolve = accept;
      reject = refuse;
    });
    this.#waiting.push({ ...outline, ops, durable, resolve, reject });
    this.#start();
    return durable;
  }

  /** Waits until no write that was called so far can change a record in the span any more. */
  async settled(span: IndexSpan): Promise<void> {
    const touching = [...this.#flying, ...this.#waiting].findLast(
      ({ touched }) => overlapOf(touched, span) !== undefined,
    );
    await touching?.durable;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends it for good: whatever waits is rejected. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    const failure =
      cause instanceof StorageFailedError
        ? cause
        : new StorageFailedError(
            `a write failed: ${describeError(cause)}; nothing is acknowledged any more: open the storage again`,
            { cause },
          );
    this.#failure = failure;
    const lost = [...this.#flying, ...this.#waiting];
    this.#flying = [];
    this.#waiting = [];
    for (const { reject } of lost) reject(failure);
  }

  /** Waits for the writes that were called. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    // What is called in the same breath goes into the same transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      this.#flying = group;
      const ops = group.flatMap((write) => write.ops);
      try {
        if (ops.length > 0) await this.#commit(ops);
      } catch (cause) {
        this.fail(cause);
        return;
      }
      // It may have been failed from outside while the transaction went through: nobody is told then.
      for (const { resolve } of this.#flying) resolve();
      this.#flying = [];
    }
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (count > 0 && bytes > this.#maxBatchBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
