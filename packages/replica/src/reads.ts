/**
 * Queries. Linearizable and lease reads ask the log for a barrier, an index that covers everything
 * decided before; they are answered once that much is applied. All queries of one turn of the event
 * loop share one barrier, asked for at the end of the turn: one asked for earlier would not cover
 * what was decided between it and the later queries.
 *
 * No read ever sees a machine in the middle of a restore.
 */
import {
  AbortedError,
  type ClosedError,
  type Consistency,
  type LogIndex,
  OverloadedError,
  type ReadGuarantee,
  type ReplicatedLog,
  type Runtime,
  type StateMachine,
  TimeoutError,
} from '@quorate/core';
import type { PayloadCaller } from './callers.ts';
import { Deadline, Deadlines } from '@quorate/core/waiting';
import { checkTimeout, type QueryOptions, type ReplicaLimits } from './options.ts';
import { Waiting } from '@quorate/core/waiting';

/** Most queries that are answered without letting others run. */
const turnReads = 1024;

/** What a read is answered by. */
export type Queried<Q, A> = Pick<StateMachine<never, unknown, Q, A>, 'query'>;

/** Somebody who waits for an answer. Its deadline is what it is given up at. */
export interface PendingRead<Q, A> extends Deadline {
  /** Asks the machine, whose state is fresh enough now, unless it was given up. */
  answer(machine: Queried<Q, A>): void;
  refuse(error: unknown): void;
}

/** One query that waits. `T` is what its promise resolves with. */
class Read<Q, A, T> extends Waiting<T> implements PendingRead<Q, A> {
  readonly #query: Q;
  readonly #present: (answer: A) => T;

  constructor(
    query: Q,
    present: (answer: A) => T,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    super(resolve, reject);
    this.#query = query;
    this.#present = present;
  }

  /** Asks the machine. What the machine throws is the caller's, and harms nobody else. */
  answer(machine: Queried<Q, A>): void {
    if (this.settled) return;
    try {
      this.fulfil(this.#present(machine.query(this.#query)));
    } catch (error) {
      this.fail(error);
    }
  }

  refuse(error: unknown): void {
    this.fail(error);
  }

  override giveUp(closed?: ClosedError): void {
    this.fail(closed ?? new TimeoutError('the query was not answered before its deadline; retry'));
  }

  protected override aborted(reason: unknown): void {
    this.fail(new AbortedError('the query was aborted', { cause: reason }));
  }
}

/** The queries of one turn that share a barrier. */
class Batch<Q, A> extends Deadline {
  readonly reads: PendingRead<Q, A>[] = [];
  readonly controller: AbortController = new AbortController();
  index: LogIndex = 0;
  readonly #abandon: (batch: Batch<Q, A>) => void;

  constructor(abandon: (batch: Batch<Q, A>) => void) {
    super();
    this.#abandon = abandon;
  }

  /** Every query in it has timed out. */
  override giveUp(): void {
    this.#abandon(this);
  }
}

/** What {@link Reads} needs. */
export interface ReadSetup<R, Q, A> {
  readonly log: Pick<ReplicatedLog<PayloadCaller<R>>, 'barrier'>;
  readonly machine: Queried<Q, A>;
  readonly runtime: Runtime;
  readonly limits: ReplicaLimits;
}

/** All queries of this replica. */
export class Reads<R, Q, A> {
  /** Queries that wait for a barrier, for entries, for a restore or for their turn. */
  waiting = 0;
  /** Counters. */
  asked = 0;
  barriers = 0;
  refused = 0;
  readonly #setup: ReadSetup<R, Q, A>;
  readonly #deadlines: Deadlines;
  /** The batches of this turn. */
  readonly #open = new Map<ReadGuarantee, Batch<Q, A>>();
  /** Batches with a barrier that is not applied yet, by index. */
  #ahead: Batch<Q, A>[] = [];
  /** To be answered now, or when the restore is over. */
  #ready: PendingRead<Q, A>[] = [];
  #appliedIndex: LogIndex = 0;
  #restoring = false;
  #draining = false;
  #closed: ClosedError | undefined;

  constructor(setup: ReadSetup<R, Q, A>) {
    this.#setup = setup;
    this.#deadlines = new Deadlines(setup.runtime);
  }

  /** Asks; `present` makes of the answer what the promise resolves with. */
  ask<T>(query: Q, present: (answer: A) => T, options: QueryOptions): Promise<T> {
    const { consistency = 'linearizable', signal } = options;
    return new Promise<T>((resolve, reject) => {
      const timeoutMs = checkTimeout(options.timeoutMs ?? this.#setup.limits.queryTimeoutMs);
      if (signal?.aborted === true) {
        throw new AbortedError('the query was aborted', { cause: signal.reason });
      }
      const read = new Read<Q, A, T>(query, present, resolve, reject);
      this.admit(read, consistency, timeoutMs);
      if (!read.settled) read.watch(signal);
    });
  }

  /**
   * Takes a read in, and answers or refuses it once.
   *
   * @throws ClosedError, OverloadedError; it is neither answered nor refused then.
   */
  admit(read: PendingRead<Q, A>, consistency: Consistency, timeoutMs: number): void {
    const { machine, limits } = this.#setup;
    if (this.#closed !== undefined) throw this.#closed;
    this.asked++;
    if (consistency === 'local' && !this.#restoring) {
      read.answer(machine);
      return;
    }
    if (this.waiting >= limits.maxWaitingReads) {
      this.refused++;
      throw new OverloadedError(
        `${this.waiting} queries wait here, the most that limits.maxWaitingReads allows; slow down and retry`,
      );
    }
    this.waiting++;
    this.#deadlines.add(read, timeoutMs);
    if (consistency === 'local') this.#ready.push(read);
    else this.#batch(consistency).reads.push(read);
  }

  /** Everything up to `index` is applied. */
  applied(index: LogIndex): void {
    this.#appliedIndex = index;
    if (this.#ahead.length === 0 && this.#ready.length === 0) return;
    let count = 0;
    for (const batch of this.#ahead) {
      if (batch.index > index) break;
      this.#makeReady(batch);
      count++;
    }
    this.#ahead.splice(0, count);
    this.#drain();
  }

  /** The machine's state is being replaced: nothing is answered until {@link restored}. */
  restoring(): void {
    this.#restoring = true;
  }

  /** The machine's state is whole again, as of `index`. */
  restored(index: LogIndex): void {
    this.#restoring = false;
    this.applied(index);
  }

  /** Rejects what waits, and whatever comes later. */
  close(closed: ClosedError): void {
    this.#closed ??= closed;
    this.#deadlines.close(this.#closed);
    this.#open.clear();
    this.#ahead = [];
    this.#ready = [];
    this.waiting = 0;
  }

  #batch(guarantee: ReadGuarantee): Batch<Q, A> {
    const open = this.#open.get(guarantee);
    if (open !== undefined) return open;
    const batch = new Batch<Q, A>(this.#abandon);
    this.#open.set(guarantee, batch);
    this.#setup.runtime.nextTurn(() => {
      if (this.#closed === undefined) this.#begin(guarantee, batch);
    });
    return batch;
  }

  #begin(guarantee: ReadGuarantee, batch: Batch<Q, A>): void {
    this.#open.delete(guarantee);
    this.barriers++;
    let lastAt = 0;
    for (const read of batch.reads) lastAt = Math.max(lastAt, read.at);
    this.#deadlines.add(batch, Math.max(lastAt - this.#setup.runtime.now(), 1));
    this.#setup.log.barrier(guarantee, { signal: batch.controller.signal }).then(
      (index) => {
        if (this.#closed === undefined) this.#arrived(batch, index);
      },
      (error: unknown) => {
        batch.unlink();
        if (this.#closed !== undefined) return;
        this.waiting -= batch.reads.length;
        for (const read of batch.reads) read.refuse(error);
      },
    );
  }

  #arrived(batch: Batch<Q, A>, index: LogIndex): void {
    batch.index = index;
    if (index <= this.#appliedIndex) {
      this.#makeReady(batch);
      this.#drain();
      return;
    }
    // Barriers come almost always in ascending order: look from the end.
    const after = this.#ahead.findLastIndex((other) => other.index <= index);
    this.#ahead.splice(after + 1, 0, batch);
  }

  /** Lets go of a batch that nobody waits for, in whatever state it is. */
  readonly #abandon = (batch: Batch<Q, A>): void => {
    batch.controller.abort();
    const place = this.#ahead.indexOf(batch);
    if (place < 0) return;
    this.#ahead.splice(place, 1);
    this.waiting -= batch.reads.length;
  };

  #makeReady(batch: Batch<Q, A>): void {
    batch.unlink();
    for (const read of batch.reads) this.#ready.push(read);
  }

  /** Answers what is ready, in slices, so that a burst of queries does not hold up the log. */
  #drain(): void {
    if (this.#draining || this.#restoring || this.#ready.length === 0) return;
    const slice = this.#ready.length <= turnReads ? this.#ready : this.#ready.slice(0, turnReads);
    this.#ready = slice === this.#ready ? [] : this.#ready.slice(turnReads);
    this.waiting -= slice.length;
    for (const read of slice) read.answer(this.#setup.machine);
    if (this.#ready.length === 0) return;
    this.#draining = true;
    this.#setup.runtime.nextTurn(() => {
      this.#draining = false;
      this.#drain();
    });
  }
}
