/**
 * What the map says about leases.
 */

export interface KvLeaseGrantResult {
  readonly type: 'lease-grant';
  readonly lease: number;
  readonly ttlMs: number;
}

export interface KvLeaseKeepAliveResult {
  readonly type: 'lease-keep-alive';
  readonly lease: number;
  /** False: there is no such lease, it ran out or was revoked, and its keys are gone. */
  readonly found: boolean;
  /** How long it lives from now on; 0 if there is none. */
  readonly ttlMs: number;
}

export interface KvLeaseRevokeResult {
  readonly type: 'lease-revoke';
  readonly lease: number;
  /** False: there was no such lease. */
  readonly found: boolean;
  /** The revision that the deletion of its keys made; the current one if it had none. */
  readonly revision: number;
  /** Number of keys that were deleted. */
  readonly deleted: number;
}

/** One lease. */
export interface KvLease {
  readonly lease: number;
  /** How long it lives after each renewal. */
  readonly ttlMs: number;
  /**
   * How long it still lives, by the machine's clock: the time of the last command. 0: it ends with the next
   * entry of the leader.
   */
  readonly remainingMs: number;
  /** Number of keys that hang on it. */
  readonly keyCount: number;
}

export interface KvLeaseInfoAnswer {
  readonly type: 'lease-info';
  /** Absent if there is no such lease. */
  readonly lease?: KvLease;
  /** The keys that hang on it, in order. */
  readonly keys: readonly string[];
  /** Whether there are more: the limit or `maxAnswerBytes` was reached. */
  readonly more: boolean;
}

export interface KvLeaseListAnswer {
  readonly type: 'lease-list';
  /** In the order of their ids. */
  readonly leases: readonly KvLease[];
  /** Whether there are more: the limit was reached. */
  readonly more: boolean;
}

/** Result of a command about leases. */
export type KvLeaseResult = KvLeaseGrantResult | KvLeaseKeepAliveResult | KvLeaseRevokeResult;

/** Answer to a query about leases. */
export type KvLeaseAnswer = KvLeaseInfoAnswer | KvLeaseListAnswer;
