/**
 * The replica: one state machine on one replicated log. It puts the parts of this package together
 * and holds no logic of its own; commands go through `submissions.ts`, decided entries through
 * `apply.ts`, queries through `reads.ts`.
 */
import {
  type CallOptions,
  ClosedError,
  type Counters,
  crc32,
  type LogEvent,
  type LogIndex,
  type Logger,
  type MembershipChange,
  type NodeId,
  type ReplicatedLog,
  type Runtime,
  type Service,
  silentLogger,
  type StateMachine,
  systemRuntime,
} from '@quorate/core';
import { Acknowledgements } from './acknowledgements.ts';
import { Applier } from './apply.ts';
import { Expiry } from './expiry.ts';
import type { PayloadCaller } from './callers.ts';
import {
  checkLimits,
  type ExecuteOptions,
  type MachineOptions,
  type QueryOptions,
  type Reading,
  type ReplicaStatus,
} from './options.ts';
import { Reads } from './reads.ts';
import { ReplicaService } from './service/service.ts';
import { writeTable } from './sessions/snapshot.ts';
import { Submissions } from './submissions.ts';
import { eventsOf, Watches } from './watches.ts';

/**
 * A state machine `C` → `R`, `Q` → `A`, replicated; where it can be watched, a request `W` gives events `E`. Made
 * by `openReplica`.
 */
export class Replica<C, R, Q, A, W = never, E = never> {
  /** The replica as clients far away see it: what a server of `@quorate/client` serves. */
  readonly service: Service;
  readonly #machine: StateMachine<C, R, Q, A>;
  readonly #log: ReplicatedLog<PayloadCaller<R>>;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #submissions: Submissions<C, R>;
  readonly #reads: Reads<R, Q, A>;
  readonly #watches: Watches<W, E>;
  readonly #applier: Applier<C, R, Q, A>;
  readonly #expiry: Expiry<R>;
  readonly #stopListening: () => void;
  #closed: ClosedError | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Use `openReplica`. */
  constructor(options: MachineOptions<C, R, Q, A, W, E>, log: ReplicatedLog<PayloadCaller<R>>) {
    const { machine } = options;
    const limits = checkLimits(options.limits);
    const runtime = options.runtime ?? systemRuntime;
    this.#machine = machine;
    this.#log = log;
    this.#runtime = runtime;
    this.#logger = options.logger ?? silentLogger;
    this.#submissions = new Submissions({
      log,
      codec: machine.commands,
      acknowledge: options.acknowledge ?? 'quorum',
      limits,
      runtime,
    });
    this.#reads = new Reads({ log, machine, runtime, limits });
    const acknowledgements = new Acknowledgements<R>(log, this.#submissions.deadlines, runtime);
    this.#watches = new Watches(machine, runtime);
    const applier = new Applier(machine, {
      acknowledgements,
      reads: this.#reads,
      watches: this.#watches,
      delivered: () => this.#expiry.look(),
    });
    this.#applier = applier;
    this.#expiry = new Expiry<R>({
      log,
      runtime,
      appliedIndex: () => applier.appliedIndex,
      time: () => applier.time,
      next: (now) => applier.nextExpiry(now),
    });
    this.service = new ReplicaService({
      log,
      machine,
      reads: this.#reads,
      watches: this.#watches,
      tally: this.#submissions.tally,
      limits,
      runtime,
      checkOpen: () => {
        if (this.#closed !== undefined) throw this.#closed;
      },
    });
    this.#stopListening = log.on((event) => {
      if (event.type === 'leader') this.#expiry.leader(event);
      if (event.type !== 'failed') return;
      this.#logger.error('the replica has stopped for good', { error: event.error.message });
      this.#end(new ClosedError('the replica has failed', { cause: event.error }));
    });
  }

  /** @internal Starts the log; on failure closes what was opened. */
  async start(): Promise<this> {
    try {
      await this.#log.start(this.#applier);
    } catch (error) {
      // The reason of the failed start is what the caller has to see, whatever closing brings up.
      await this.close().catch((closeError: unknown) => {
        this.#logger.warn('closing after a failed start failed too', {
          error: String(closeError),
        });
      });
      throw error;
    }
    return this;
  }

  get node(): NodeId {
    return this.#log.node;
  }

  /**
   * Executes a command, from any node, and resolves with its result.
   *
   * Rejects with OutcomeUnknownError where the command may still happen (deadline, `signal`, lost
   * leadership); with `acknowledge: 'all'` that can be a NotConfirmedByAllError, which brings the
   * result. Every other rejection is definite: the command did not and will never happen.
   */
  execute(command: C, options: ExecuteOptions = noOptions): Promise<R> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return this.#submissions.submit(command, options);
  }

  /**
   * Executes commands, one promise for all, and resolves with their results in order. Cheaper than
   * as many `execute`, and not atomic: they are applied one by one, others may come in between.
   *
   * Rejects with a BatchOutcomeError (an OutcomeUnknownError) that says for each command what became
   * of it; or with a plain error that is definite for all of them.
   */
  executeAll(commands: readonly C[], options: ExecuteOptions = {}): Promise<readonly R[]> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (commands.length === 0) return Promise.resolve([]);
    return this.#submissions.submitAll(commands, options);
  }

  /** Answers a query. Rejects with whatever the machine's `query` throws, or TimeoutError. */
  query(query: Q, options: QueryOptions = {}): Promise<A> {
    return this.#reads.ask(query, same, options);
  }

  /** Answers a query, and says how fresh the answer is. */
  read(query: Q, options: QueryOptions = {}): Promise<Reading<A>> {
    return this.#reads.ask(query, this.#reading, options);
  }

  /**
   * The machine's changes as this node applies them, from where `request` says, in order and each once; goes on
   * until the loop is left or `signal` fires. Watches from this call on, not from the first step of the loop.
   *
   * @throws InvalidArgumentError if the machine cannot be watched; UnavailableError while its state is being
   * replaced by a snapshot; CompactedError if the request begins with what was discarded. While it goes on:
   * CompactedError if this reader was so slow that what comes next was
   * discarded; ClosedError when the replica ends.
   */
  watch(request: W, options: CallOptions = {}): AsyncIterableIterator<E, void, undefined> {
    return eventsOf(this.#watches, request, options.signal);
  }

  /** A picture of now. */
  get status(): ReplicaStatus {
    const { status } = this.#log;
    const stateHash = this.#machine.stateHash?.();
    return {
      node: status.node,
      cluster: status.cluster,
      state: status.state,
      role: status.role,
      leader: status.leader,
      epoch: status.epoch,
      firstIndex: status.firstIndex,
      lastIndex: status.lastIndex,
      commitIndex: status.commitIndex,
      settledEpoch: status.settledEpoch,
      appliedIndex: this.#applier.appliedIndex,
      snapshotIndex: status.snapshotIndex,
      membership: status.membership,
      contactAt: status.contactAt,
      tailBytes: status.tailBytes,
      peers: status.peers,
      ...(stateHash === undefined ? {} : { stateHash }),
      time: this.#applier.time,
      pending: this.#submissions.tally.pending,
      waitingReads: this.#reads.waiting,
      watches: this.#watches.size,
    };
  }

  /**
   * A digest of the table of sessions as of `appliedIndex`, in lower-case hexadecimal: equal on all replicas at one
   * index. Walks the whole table, so it is for tests and for whoever looks for a difference.
   */
  sessionsHash(): string {
    let checksum = 0;
    for (const chunk of writeTable(this.#applier.sessions.freeze())) {
      checksum = crc32(chunk, checksum);
    }
    return (checksum >>> 0).toString(16).padStart(8, '0');
  }

  /** Counts since the start, those of the log among them. */
  get counters(): Counters {
    const { sessions } = this.#applier;
    return {
      ...this.#log.counters,
      commands_submitted: this.#submissions.submitted,
      commands_refused: this.#submissions.refused,
      commands_applied: this.#applier.applied,
      commands_rejected: this.#applier.rejected,
      calls_timed_out: this.#submissions.tally.timedOut,
      calls_aborted: this.#submissions.tally.aborted,
      entries_applied: this.#applier.entries,
      reads_asked: this.#reads.asked,
      reads_refused: this.#reads.refused,
      read_barriers: this.#reads.barriers,
      snapshots_taken: this.#applier.snapshots,
      snapshots_restored: this.#applier.restored,
      sessions: sessions.size,
      session_bytes: sessions.bytes,
      sessions_opened: sessions.opened,
      sessions_expired: sessions.expired,
      sessions_evicted: sessions.evicted,
      commands_repeated: sessions.repeated,
      expiry_entries: this.#expiry.entries,
    };
  }

  /** Adds, removes, promotes or moves members; resolves when the change is in force. */
  changeMembership(change: MembershipChange, options?: CallOptions): Promise<LogIndex> {
    return this.#log.changeMembership(change, options);
  }

  /** Hands leadership to `to`, or to the best follower. */
  transferLeadership(to?: NodeId, options?: CallOptions): Promise<void> {
    return this.#log.transferLeadership(to, options);
  }

  /** Takes a snapshot now and trims the log; resolves with the index that it covers. */
  snapshot(options?: CallOptions): Promise<LogIndex> {
    return this.#log.snapshot(options);
  }

  /** Calls back on every event of the log, until the function that it returns is called. */
  on(listen: (event: LogEvent) => void): () => void {
    return this.#log.on(listen);
  }

  /**
   * Rejects waiting queries with CLOSED, then closes the log, which settles the commands under way
   * and hands leadership over. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const closed = new ClosedError('the replica is closed');
    this.#end(closed);
    try {
      await this.#log.close();
    } finally {
      this.#stopListening();
      // The log has settled every caller; whoever is left (held results) is told here.
      this.#submissions.deadlines.close(closed);
    }
  }

  /** Takes nothing more in. The reason of the first end is the one that callers see. */
  #end(closed: ClosedError): void {
    this.#closed ??= closed;
    this.#expiry.close();
    this.#reads.close(this.#closed);
    this.#watches.close(this.#closed);
  }

  readonly #reading = (answer: A): Reading<A> => {
    const { commitIndex, contactAt } = this.#log.status;
    return {
      answer,
      index: this.#applier.appliedIndex,
      commitIndex,
      contactAgeMs:
        contactAt === undefined ? undefined : Math.max(this.#runtime.now() - contactAt, 0),
    };
  };
}

const noOptions: ExecuteOptions = {};

function same<T>(value: T): T {
  return value;
}
