/**
 * What a replica is composed of, its limits, and the options of its calls.
 */
import {
  type Acknowledge,
  type CallOptions,
  type Consistency,
  InvalidArgumentError,
  type LogIndex,
  type LogStatus,
  type ReplicatedLog,
  type Logger,
  type Runtime,
  type StateMachine,
  type Watchable,
} from '@quorate/core';
import type { LogLimits, LogOptions } from '@quorate/log';
import type { PayloadCaller } from './callers.ts';

/** Options of `openReplica`: a machine, and a log to host it on or the parts to make one of. */
export type ReplicaOptions<C, R, Q, A, M = unknown, W = never, E = never> = MachineOptions<
  C,
  R,
  Q,
  A,
  W,
  E
> &
  ({ readonly log: ReplicatedLog<PayloadCaller<R>> } | PartOptions<M>);

/** The parts of a log that the replica makes, and opens and closes with itself. */
export interface PartOptions<M> extends LogOptions<M> {
  /** As in `LogOptions`; `requestTimeoutMs` is 80 % of `executeTimeoutMs` where it is absent. */
  readonly limits?: Partial<LogLimits & ReplicaLimits>;
}

/** What every replica needs. */
export interface MachineOptions<C, R, Q, A, W = never, E = never> {
  /** Belongs to the replica from now on: nobody else may apply to it or restore it. */
  readonly machine: StateMachine<C, R, Q, A> & Partial<Watchable<W, E>>;
  /** When commands count as done, where a call does not say. @default 'quorum' */
  readonly acknowledge?: Acknowledge;
  /** Bounds. Where the replica makes the log, those of the log stand in the same object. */
  readonly limits?: Partial<ReplicaLimits>;
  /** @default silentLogger */
  readonly logger?: Logger;
  /** The same as the log's. @default systemRuntime */
  readonly runtime?: Runtime;
}

/** Bounds of one replica. */
export interface ReplicaLimits {
  /** Largest command, in bytes, encoded and with its envelope of one byte. @default 1 MiB */
  readonly maxCommandBytes: number;
  /** Commands handed in here and not come back; beyond, `execute` rejects with OVERLOADED. @default 100 000 */
  readonly maxPending: number;
  /** Queries that wait here; beyond, they reject with OVERLOADED. @default 100 000 */
  readonly maxWaitingReads: number;
  /** Deadline of `execute` and `executeAll` where the call names none. @default 10 000 */
  readonly executeTimeoutMs: number;
  /** Deadline of `query` and `read` where the call names none. @default 10 000 */
  readonly queryTimeoutMs: number;
}

/** The limits where nothing else is asked for. */
export const defaultLimits: ReplicaLimits = {
  maxCommandBytes: 1024 * 1024,
  maxPending: 100_000,
  maxWaitingReads: 100_000,
  executeTimeoutMs: 10_000,
  queryTimeoutMs: 10_000,
};

/** Options of `execute` and `executeAll`. */
export interface ExecuteOptions extends CallOptions {
  /** When the command counts as done. @default the replica's own `acknowledge` */
  readonly acknowledge?: Acknowledge;
  /** Told OUTCOME_UNKNOWN after this long, up to 20 ms late. @default limits.executeTimeoutMs */
  readonly timeoutMs?: number;
}

/** Options of `query` and `read`. */
export interface QueryOptions extends CallOptions {
  /** @default 'linearizable' */
  readonly consistency?: Consistency;
  /** Told TIMEOUT after this long, up to 20 ms late. @default limits.queryTimeoutMs */
  readonly timeoutMs?: number;
}

/** An answer, and how fresh it is. */
export interface Reading<A> {
  readonly answer: A;
  /** Everything up to here was applied when the machine answered. */
  readonly index: LogIndex;
  /** What this node knew to be decided at that time. */
  readonly commitIndex: LogIndex;
  /** Ms since this node was last in touch with the group; `undefined`: not yet. */
  readonly contactAgeMs: number | undefined;
}

/** What a replica can say of itself. */
export interface ReplicaStatus extends LogStatus {
  /** Digest of the machine's state at `appliedIndex`, where the machine keeps one. */
  readonly stateHash?: string;
  /** The machine's clock: ms since 1970, never falls. */
  readonly time: number;
  /** Commands handed in here and not come back. */
  readonly pending: number;
  readonly waitingReads: number;
  readonly watches: number;
}

/** Longest deadline: what timers of Node and browsers can count. */
const maxTimeoutMs = 2 ** 31 - 1;

/**
 * Completes the limits.
 *
 * @throws InvalidArgumentError naming the one that can never work.
 */
export function checkLimits(limits: Partial<ReplicaLimits> | undefined): ReplicaLimits {
  const complete: ReplicaLimits = {
    maxCommandBytes: limits?.maxCommandBytes ?? defaultLimits.maxCommandBytes,
    maxPending: limits?.maxPending ?? defaultLimits.maxPending,
    maxWaitingReads: limits?.maxWaitingReads ?? defaultLimits.maxWaitingReads,
    executeTimeoutMs: limits?.executeTimeoutMs ?? defaultLimits.executeTimeoutMs,
    queryTimeoutMs: limits?.queryTimeoutMs ?? defaultLimits.queryTimeoutMs,
  };
  for (const [name, value] of Object.entries(complete) as [string, number][]) {
    if (!(value >= 1)) {
      throw new InvalidArgumentError(`limits.${name} must be at least 1, got ${String(value)}`);
    }
  }
  checkTimeout(complete.executeTimeoutMs, 'limits.executeTimeoutMs');
  checkTimeout(complete.queryTimeoutMs, 'limits.queryTimeoutMs');
  return complete;
}

/**
 * Returns the time-out unchanged if it can be waited for.
 *
 * @throws InvalidArgumentError if it cannot.
 */
export function checkTimeout(timeoutMs: number, name: string = 'timeoutMs'): number {
  if (timeoutMs >= 1 && timeoutMs <= maxTimeoutMs) return timeoutMs;
  throw new InvalidArgumentError(
    `${name} must be from 1 to ${String(maxTimeoutMs)} ms, got ${String(timeoutMs)}`,
  );
}
