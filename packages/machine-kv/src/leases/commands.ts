/**
 * What can be asked about leases, and how to write it.
 *
 * A lease lives for so long after it was last renewed. When it ends, the keys that hang on it are deleted: the
 * way to say that something is there only while somebody is.
 */
import { defaultRangeLimit } from '../limits.ts';
import { noLease } from './none.ts';

/** Makes a lease. Rejected if there is one with that id. */
export interface KvLeaseGrant {
  readonly type: 'lease-grant';
  /** Its id, from 1 below 2^48; 0: the machine chooses one. */
  readonly lease: number;
  /** How long it lives unless it is renewed, from `minLeaseTtlMs` to `maxLeaseTtlMs`. */
  readonly ttlMs: number;
}

/** Gives a lease all of its time again. */
export interface KvLeaseKeepAlive {
  readonly type: 'lease-keep-alive';
  readonly lease: number;
}

/** Ends a lease and deletes all keys that hang on it, in one revision. */
export interface KvLeaseRevoke {
  readonly type: 'lease-revoke';
  readonly lease: number;
}

/** Asks for one lease, and for the keys that hang on it. */
export interface KvLeaseInfoQuery {
  readonly type: 'lease-info';
  readonly lease: number;
  /** First key to answer with; the empty text: the first there is. */
  readonly from: string;
  /** Most keys to answer with. */
  readonly limit: number;
}

/** Asks for all leases, in the order of their ids. */
export interface KvLeaseListQuery {
  readonly type: 'lease-list';
  /** First id to answer with. */
  readonly from: number;
  /** Most leases to answer with. */
  readonly limit: number;
}

/** Everything about leases that goes through the log. */
export type KvLeaseCommand = KvLeaseGrant | KvLeaseKeepAlive | KvLeaseRevoke;

/** Everything about leases that only reads. */
export type KvLeaseQuery = KvLeaseInfoQuery | KvLeaseListQuery;

/** Options of a grant. */
export interface KvLeaseGrantOptions {
  /** Its id. @default the machine chooses one that is not in use */
  readonly id?: number;
}

/** Which keys of a lease to answer with. */
export interface KvLeaseInfoOptions {
  /** First key. @default the first there is */
  readonly from?: string;
  /** Most keys, up to `maxRangeLimit`. @default 1000 */
  readonly limit?: number;
}

/** Which leases to answer with. */
export interface KvLeaseListOptions {
  /** First id. @default the first there is */
  readonly from?: number;
  /** Most leases, up to `maxRangeLimit`. @default 1000 */
  readonly limit?: number;
}

/** How to write commands and queries about leases. */
export interface KvLeaseLanguage {
  grant(ttlMs: number, options?: KvLeaseGrantOptions): KvLeaseGrant;
  keepAlive(lease: number): KvLeaseKeepAlive;
  revoke(lease: number): KvLeaseRevoke;
  info(lease: number, options?: KvLeaseInfoOptions): KvLeaseInfoQuery;
  list(options?: KvLeaseListOptions): KvLeaseListQuery;
}

/** See {@link KvLeaseLanguage}. */
export const leaseLanguage: KvLeaseLanguage = {
  grant: (ttlMs, options) => ({ type: 'lease-grant', lease: options?.id ?? noLease, ttlMs }),
  keepAlive: (lease) => ({ type: 'lease-keep-alive', lease }),
  revoke: (lease) => ({ type: 'lease-revoke', lease }),
  info: (lease, options) => ({
    type: 'lease-info',
    lease,
    from: options?.from ?? '',
    limit: options?.limit ?? defaultRangeLimit,
  }),
  list: (options) => ({
    type: 'lease-list',
    from: options?.from ?? 0,
    limit: options?.limit ?? defaultRangeLimit,
  }),
};
