/**
 * A replicated log: what a hosted state machine stands on.
 *
 * `@quorate/log` implements it with an engine, a storage and a transport. Another implementation
 * can be an existing system that already orders a log (etcd, a message broker); the state machine,
 * the sessions and the reads above do not change.
 */
import type { ReadGuarantee, EngineStatus } from './engine.ts';
import type { QuorateError } from './errors.ts';
import type { LogIndex, NodeId } from './ids.ts';
import type { Membership, MembershipChange } from './membership.ts';
import type { Counters } from './observe.ts';
import type { Payloads } from './payloads.ts';

/**
 * Whoever waits for a submitted payload. A plain object instead of a promise, because a promise per
 * command costs more than all the rest. It comes back with the decided entry, or is rejected here.
 */
export interface Caller {
  /**
   * The payload will not be delivered with this caller. An `OutcomeUnknownError` says that it may
   * still be delivered without; every other error is definite.
   */
  reject(error: QuorateError): void;
}

/** A decided entry. */
export interface Committed<C extends Caller> {
  readonly index: LogIndex;
  /** Wall clock of its proposer, in ms since 1970; 0 for entries without commands. Not monotone. */
  readonly time: number;
  /** The commands, in order; none for no-ops and memberships. */
  readonly payloads: Payloads;
  /** Where this node submitted the entry and somebody still waits: one caller a payload. */
  readonly callers: readonly C[] | undefined;
}

/** What stands on a log. One per log. */
export interface LogConsumer<C extends Caller> {
  /**
   * Applies decided entries, gapless and ascending; synchronous. The callers in them are the
   * consumer's to settle from then on. What it throws is fatal to the log.
   */
  deliver(entries: readonly Committed<C>[]): void;
  /** Puts a snapshot in the place of the state; nothing is delivered until it resolves. */
  restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** The state as of the call, while deliveries go on. */
  snapshot(): { readonly index: LogIndex; readonly chunks: AsyncIterable<Uint8Array> };
}

/** Options of every call that waits. */
export interface CallOptions {
  /** Gives the waiting up. What was already handed on may still happen. */
  readonly signal?: AbortSignal;
}

/** What a log can say of itself. */
export interface LogStatus extends EngineStatus {
  readonly node: NodeId;
  readonly cluster: string;
  readonly state: 'starting' | 'running' | 'closing' | 'closed' | 'failed';
  /** Delivered to the consumer, and applied by it. */
  readonly appliedIndex: LogIndex;
  /** Last index in the current snapshot; 0 without one. */
  readonly snapshotIndex: LogIndex;
}

/** What happens to a log while nobody asks. */
export type LogEvent =
  | { readonly type: 'leader'; readonly leader: NodeId | undefined; readonly epoch: number }
  | { readonly type: 'membership'; readonly membership: Membership }
  | { readonly type: 'snapshot'; readonly index: LogIndex; readonly bytes: number }
  | { readonly type: 'restored'; readonly index: LogIndex }
  /** The log has stopped for good; everything that waited was rejected. */
  | { readonly type: 'failed'; readonly error: QuorateError };

/** A replicated log. */
export interface ReplicatedLog<C extends Caller> {
  readonly node: NodeId;
  /** Opens everything, restores the consumer from the snapshot, and starts to take part. */
  start(consumer: LogConsumer<C>): Promise<void>;
  /**
   * Hands in a command. Commands of one turn of the event loop go out together, in order. Any node
   * takes them; they reach the leader. Settles through `caller`, exactly once. The bytes are copied: once this
   * returns, whoever handed them in may write into them.
   */
  submit(payload: Uint8Array, caller: C): void;
  /** Appends payloads as one entry of its own; resolves with its index when it is decided. */
  append(payloads: readonly Uint8Array[], options?: CallOptions): Promise<LogIndex>;
  /** An index that covers everything decided before the call: apply it, then read. */
  barrier(guarantee: ReadGuarantee, options?: CallOptions): Promise<LogIndex>;
  /** Resolves when every voter has applied the index. */
  appliedByAll(index: LogIndex, options?: CallOptions): Promise<void>;
  /** Resolves when the change is in force. From any node. */
  changeMembership(change: MembershipChange, options?: CallOptions): Promise<LogIndex>;
  /** Hands leadership to `to`, or to the best follower. From any node. */
  transferLeadership(to?: NodeId, options?: CallOptions): Promise<void>;
  /** Takes a snapshot now and trims the log; resolves with the index that it covers. */
  snapshot(options?: CallOptions): Promise<LogIndex>;
  readonly status: LogStatus;
  /** Plain numbers for metrics: `frames_sent`, `storage_writes`, … */
  readonly counters: Counters;
  /** Calls back on every event, until the function that it returns is called. */
  on(listen: (event: LogEvent) => void): () => void;
  /**
   * Hands leadership over where it leads, rejects what waits, closes what it opened. Idempotent,
   * and safe after a failed start.
   */
  close(): Promise<void>;
}
