/**
 * What the suite of engines is told: how to make the algorithm, what it promises, and in which times.
 */
import type { Algorithm } from '@quorate/core';
import type { TestFramework } from '../framework.ts';
import type { EngineCapabilities, FlexibleQuorums } from './capabilities.ts';
import type { Cluster, EngineRules, Observer } from './world/index.ts';

/**
 * Bounds that tests ask for, in bytes unless their names say otherwise. What is not given is the
 * algorithm's own choice, and large.
 */
export interface EngineLimits {
  /** Records in one message, or in one page from disk; a larger record travels alone. */
  readonly maxMessageRecordBytes?: number;
  /** Records that a leader accepts before they are decided. */
  readonly maxUncommittedBytes?: number;
  /** Records handed out as committed and not reported as applied. */
  readonly maxUnappliedBytes?: number;
  /** Durable records kept in memory; those under way to the disk come on top. */
  readonly maxTailBytes?: number;
  /** Number of reads that wait for a confirmation. */
  readonly maxPendingReads?: number;
  /** Records kept behind a new snapshot. Many tests need 0: whoever is behind then needs a snapshot. */
  readonly keepBytesBehindSnapshot?: number;
  /** How much faster one node's clock may run than another's, as a fraction. */
  readonly maxClockDrift?: number;
}

/** The name of a bound. */
export type EngineLimit = keyof EngineLimits;

/** The name of a group of tests. */
export type EngineTestGroup =
  | 'elections'
  | 'liveness'
  | 'replication'
  | 'logs'
  | 'restarts'
  | 'memberships'
  | 'learners'
  | 'transfers'
  | 'reads'
  | 'leases'
  | 'snapshots'
  | 'faults around snapshots'
  | 'settlements'
  | 'disaster recovery'
  | 'groups that begin from a saved state'
  | 'limits'
  | 'flexible quorums'
  | 'codec'
  | 'determinism'
  | 'random faults';

/** What {@link engineSuite} needs. */
export interface EngineSuiteOptions<Message> {
  readonly framework: TestFramework;
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes the algorithm, with these bounds. Quorums are majorities. */
  readonly algorithm: (limits: EngineLimits) => Algorithm<Message>;
  readonly capabilities: EngineCapabilities;
  /** Bounds that the algorithm does not have: tests that need one are not registered. @default none */
  readonly without?: readonly EngineLimit[];
  /** Who decides, and how memberships follow each other. @default as in Raft with joint consensus */
  readonly rules?: Pick<EngineRules, 'decides' | 'mayFollow'>;
  /** The same algorithm where the quorums of its phases differ in size. @default it has no such thing */
  readonly flexible?: FlexibleQuorums<Message>;
  /** Invariants that only this algorithm has, checked in every test. @default none */
  readonly checks?: (cluster: Cluster<Message>) => readonly Observer<Message>[];
  /** Least time without a leader before a node campaigns; others wait up to twice that. @default 500 */
  readonly electionTimeoutMs?: number;
  /** How often an idle leader is heard from. @default 100 */
  readonly heartbeatMs?: number;
  /**
   * Bytes of log in memory that come on top of `maxTailBytes`, besides what is not durable: what the
   * algorithm must keep until it is decided.
   *
   * @default 64 KiB
   */
  readonly tailSlackBytes?: number;
  /**
   * The groups of tests that are registered: for a variant of an algorithm that passes all of them, those
   * that can tell the two apart.
   *
   * @default all
   */
  readonly groups?: readonly EngineTestGroup[];
  /** How many seeds run under random faults, and the first of them. @default 40 from 1 */
  readonly swarm?: { readonly seeds?: number; readonly from?: number };
}
