/**
 * Everything that a seed decides before a run begins, as plain data. A plan can be written down, changed
 * and run again: that is how a failure is shrunk.
 */
import type { Fault } from './faults/fault.ts';
import type { NetworkConditions, Range } from './network/conditions.ts';

/** What a run does. */
export interface Plan {
  /** Decides whatever the plan leaves to chance. */
  readonly seed: number;
  /** Nodes that found the group. */
  readonly voters: number;
  /** Nodes that may be added to it. */
  readonly spares: number;
  /** The part in which faults happen. */
  readonly runMs: number;
  /** After that, so long may it take until every operation is answered again. */
  readonly recoveryMs: number;
  /** Whether only a quorum is healed, and the rest stays dead. */
  readonly quorumOnly: boolean;
  readonly network: NetworkConditions;
  readonly diskLatencyMs: Range;
  /** How long it takes until a process has its turn. */
  readonly turnMs: Range;
  /** How much faster than true time each node's clock runs, at most: 0.01 gains a hundredth. */
  readonly clockDrift: number;
  /** How far wall clocks are off at the start. */
  readonly clockSkewMs: number;
  readonly clients: ClientPlan;
  readonly limits: LimitPlan;
  readonly faults: readonly Fault[];
}

/** What clients do. */
export interface ClientPlan {
  readonly count: number;
  /** Mean pause between two operations of a client. */
  readonly thinkMs: number;
  /** All of them together end after so many. */
  readonly operations: number;
  /** After so long a client gives an operation up; its outcome is unknown. */
  readonly timeoutMs: number;
  /** Part of the queries that are read under a lease. */
  readonly leaseReads: number;
  /** Part of the commands that are only done when all voters have applied them. */
  readonly acknowledgeAll: number;
  /** Whether a client stays at a node as long as it answers. */
  readonly sticky: boolean;
  readonly sessions: SessionPlan;
}

/** What clients far away do, which hold sessions. */
export interface SessionPlan {
  /** Part of the clients that are far away; the others call a node directly. */
  readonly share: number;
  /** How often one of them shares the connection, and the session, of the one before. */
  readonly together: number;
  /** Silence after which a session may end. */
  readonly timeoutMs: number;
  /** Commands of a session under way at a time. */
  readonly window: number;
  /** How often clients and nodes are heard at least. */
  readonly keepAliveMs: number;
  /** How much faster or slower than true time their clocks run, at most. */
  readonly clockDrift: number;
}

/** Limits that differ by seed: tiny ones reach code that large ones never see. */
export interface LimitPlan {
  readonly snapshotLogBytes: number;
  readonly snapshotLogFactor: number;
  readonly snapshotChunkBytes: number;
  readonly snapshotBytesPerSecond: number;
  readonly maxEntryBytes: number;
  readonly maxPendingBytes: number;
}
