/**
 * A replicated log of one process, deterministic, with knobs for everything that a real one does to
 * a replica. Commands of one turn become one entry, decided in the same turn unless `holding`.
 */
import {
  type Caller,
  type CallOptions,
  ClosedError,
  type Committed,
  type Counters,
  emptyMembership,
  type LogConsumer,
  type LogEvent,
  type LogIndex,
  type LogStatus,
  type MembershipChange,
  type NodeId,
  OutcomeUnknownError,
  Payloads,
  type QuorateError,
  type ReadGuarantee,
  type ReplicatedLog,
  type Runtime,
  StorageFailedError,
} from '@quorate/core';

/** A request that a test answers by hand. */
export interface Question<T> {
  readonly subject: T;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (index: LogIndex) => void;
  readonly reject: (error: unknown) => void;
}

export class FakeLog<C extends Caller> implements ReplicatedLog<C> {
  readonly node: NodeId = 'a';
  /** Commands are collected until `decide` while this is true. */
  holding = false;
  /** Wall clock that entries carry; follows the runtime where it is undefined. */
  entryTime: number | undefined;
  /** Barriers and questions about all voters wait for the test while this is true. */
  asking = false;
  readonly barriers: Question<ReadGuarantee>[] = [];
  readonly questions: Question<LogIndex>[] = [];
  readonly calls: string[] = [];
  submitted = 0;
  failStart: Error | undefined;
  commitIndex = 0;
  contactAt: number | undefined;
  state: LogStatus['state'] = 'starting';
  readonly #runtime: Runtime;
  readonly #listeners = new Set<(event: LogEvent) => void>();
  #consumer: LogConsumer<C> | undefined;
  #index = 0;
  #payloads: Uint8Array[] = [];
  #callers: C[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get consumer(): LogConsumer<C> {
    if (this.#consumer === undefined) throw new Error('not started');
    return this.#consumer;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async start(consumer: LogConsumer<C>): Promise<void> {
    this.#consumer = consumer;
    if (this.failStart !== undefined) throw this.failStart;
    this.state = 'running';
  }

  submit(payload: Uint8Array, caller: C): void {
    this.submitted++;
    if (this.state !== 'running') {
      caller.reject(new ClosedError('the log is closed'));
      return;
    }
    this.#payloads.push(payload.slice());
    this.#callers.push(caller);
    if (this.#payloads.length > 1 || this.holding) return;
    this.#runtime.nextTurn(() => {
      if (!this.holding) this.decide();
    });
  }

  /** Everything submitted so far becomes one entry and is delivered. */
  decide(): void {
    const payloads = this.#payloads;
    const callers = this.#callers;
    this.#payloads = [];
    this.#callers = [];
    if (payloads.length > 0) this.deliver([{ payloads, callers }]);
  }

  /** Everything submitted so far is rejected. */
  rejectSubmitted(error: QuorateError): void {
    this.#payloads = [];
    for (const caller of this.#callers.splice(0)) caller.reject(error);
  }

  /** Delivers entries as they are; the index and time are filled in. */
  deliver(
    entries: readonly {
      payloads: readonly Uint8Array[];
      callers?: readonly C[];
      time?: number;
    }[],
  ): void {
    const committed = entries.map(
      ({ payloads, callers, time }): Committed<C> => ({
        index: ++this.#index,
        time: time ?? this.entryTime ?? this.#runtime.wallTime(),
        payloads: Payloads.of(...payloads),
        callers,
      }),
    );
    this.commitIndex = this.#index;
    try {
      this.consumer.deliver(committed);
    } catch (cause) {
      this.fail(new StorageFailedError('the consumer failed', { cause }));
      throw cause;
    }
  }

  /** Has the consumer restore a snapshot at `index`. */
  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.consumer.restore(index, chunks);
    this.#index = index;
    this.commitIndex = index;
  }

  fail(error: QuorateError): void {
    this.state = 'failed';
    this.rejectSubmitted(new OutcomeUnknownError('the log failed', { cause: error }));
    this.emit({ type: 'failed', error });
  }

  emit(event: LogEvent): void {
    for (const listen of this.#listeners) listen(event);
  }

  append(): Promise<LogIndex> {
    return Promise.reject(new Error('not used by a replica'));
  }

  barrier(guarantee: ReadGuarantee, options?: CallOptions): Promise<LogIndex> {
    this.calls.push(`barrier ${guarantee}`);
    if (!this.asking) return Promise.resolve(this.#index);
    return ask(this.barriers, guarantee, options);
  }

  async appliedByAll(index: LogIndex, options?: CallOptions): Promise<void> {
    this.calls.push(`appliedByAll ${String(index)}`);
    if (this.asking) await ask(this.questions, index, options);
  }

  async changeMembership(change: MembershipChange): Promise<LogIndex> {
    this.calls.push(`changeMembership ${JSON.stringify(change)}`);
    return ++this.#index;
  }

  async transferLeadership(to?: NodeId): Promise<void> {
    this.calls.push(`transferLeadership ${to ?? 'anybody'}`);
  }

  async snapshot(): Promise<LogIndex> {
    this.calls.push('snapshot');
    return this.consumer.snapshot().index;
  }

  get status(): LogStatus {
    return {
      node: this.node,
      cluster: 'test',
      state: this.state,
      role: 'leader',
      leader: this.node,
      epoch: 1,
      firstIndex: 1,
      lastIndex: this.#index,
      commitIndex: this.commitIndex,
      appliedIndex: this.#index,
      snapshotIndex: 0,
      membership: emptyMembership,
      contactAt: this.contactAt,
      settledEpoch: 0,
      tailBytes: 0,
      peers: [],
    };
  }

  get counters(): Counters {
    return { log_submitted: this.submitted };
  }

  on(listen: (event: LogEvent) => void): () => void {
    this.#listeners.add(listen);
    return () => {
      this.#listeners.delete(listen);
    };
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.state = 'closed';
    this.rejectSubmitted(new OutcomeUnknownError('the log was closed'));
    for (const question of [...this.barriers.splice(0), ...this.questions.splice(0)]) {
      question.reject(new ClosedError('the log is closed'));
    }
  }
}

function ask<T>(
  list: Question<T>[],
  subject: T,
  options: CallOptions | undefined,
): Promise<LogIndex> {
  return new Promise((resolve, reject) => {
    const signal = options?.signal;
    list.push({ subject, signal, resolve, reject });
    signal?.addEventListener('abort', () => {
      reject(new Error('the question was given up'));
    });
  });
}
