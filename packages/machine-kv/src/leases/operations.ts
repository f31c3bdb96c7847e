/**
 * What becomes of leases: they are granted, renewed, asked for, and end, by command or because their time is up.
 */
import { CommandRejectedError } from '@quorate/core';
import type { KvOperation } from '../commands.ts';
import { maxExpirySteps, maxLeaseKeys, maxLeases } from '../limits.ts';
import { AnswerBudget } from '../reads.ts';
import type { Store } from '../store.ts';
import { noVersion } from '../version-table.ts';
import type {
  KvLeaseGrant,
  KvLeaseInfoQuery,
  KvLeaseKeepAlive,
  KvLeaseListQuery,
  KvLeaseRevoke,
} from './commands.ts';
import type {
  KvLease,
  KvLeaseGrantResult,
  KvLeaseInfoAnswer,
  KvLeaseKeepAliveResult,
  KvLeaseListAnswer,
  KvLeaseRevokeResult,
} from './results.ts';
import { noLease } from './none.ts';
import type { Lease, LeaseTable } from './table.ts';

/** Makes a lease. @throws CommandRejectedError if its id is in use, or there are too many. */
export function grant(
  { leases }: Store,
  { lease, ttlMs }: KvLeaseGrant,
  time: number,
): KvLeaseGrantResult {
  if (leases.get(lease) !== undefined) {
    throw new CommandRejectedError(
      `there is a lease ${String(lease)} already; choose another id, or none`,
    );
  }
  if (leases.size >= maxLeases) {
    throw new CommandRejectedError(
      `there are maxLeases, ${String(maxLeases)}, leases already; let several keys hang on one`,
    );
  }
  const id = lease === noLease ? leases.nextId() : lease;
  leases.start(id, ttlMs, time);
  return { type: 'lease-grant', lease: id, ttlMs };
}

/** Gives a lease all of its time again. One whose time is up, but which has not ended, is renewed too. */
export function keepAlive(
  { leases }: Store,
  { lease }: KvLeaseKeepAlive,
  time: number,
): KvLeaseKeepAliveResult {
  const found = leases.get(lease);
  if (found === undefined) return { type: 'lease-keep-alive', lease, found: false, ttlMs: 0 };
  const { ttlMs } = found;
  leases.start(lease, ttlMs, time);
  return { type: 'lease-keep-alive', lease, found: true, ttlMs };
}

/** Ends a lease, and deletes its keys in order. The caller commits. */
export function revoke(store: Store, { lease }: KvLeaseRevoke): KvLeaseRevokeResult {
  const keys = store.leases.end(lease);
  for (const key of keys ?? []) {
    const live = store.live(key);
    if (live !== noVersion) store.delete(live);
  }
  const found = keys !== undefined;
  const { revision } = store;
  return { type: 'lease-revoke', lease, found, revision, deleted: keys?.length ?? 0 };
}

/**
 * Ends the leases whose time is up, those first that ran out first; each makes a revision of its own if it has
 * keys. What is more than `maxExpirySteps` is left to the next entry of the leader, which follows by itself
 * since `nextExpiry` still lies in the past.
 */
export function expire(store: Store, time: number): void {
  let steps = 0;
  while (steps < maxExpirySteps) {
    const lease = store.leases.due(time)?.id;
    if (lease === undefined) return;
    // Where nothing has run out, not even the clock moves: then nothing has happened.
    store.leases.advance(time);
    const { deleted } = revoke(store, { type: 'lease-revoke', lease });
    store.commit();
    steps += 1 + deleted;
  }
}

/**
 * Sees to it that the leases of all puts are there, and have room. Counts as if nothing that the transaction
 * deletes made room.
 *
 * @throws CommandRejectedError if not.
 */
export function requireLeases({ leases }: Store, operations: readonly KvOperation[]): void {
  let added: Map<number, number> | undefined;
  for (const operation of operations) {
    if (operation.type !== 'put' || operation.lease === noLease) continue;
    const { lease, key } = operation;
    if (leases.get(lease) === undefined) {
      throw new CommandRejectedError(
        `there is no lease ${String(lease)}: it ran out, was revoked or never granted; grant one`,
      );
    }
    if (leases.holds(lease, key)) continue;
    added ??= new Map();
    const more = (added.get(lease) ?? 0) + 1;
    added.set(lease, more);
    if (leases.keyCount(lease) + more > maxLeaseKeys) {
      throw new CommandRejectedError(
        `on lease ${String(lease)} hang maxLeaseKeys, ${String(maxLeaseKeys)}, keys already; grant another one`,
      );
    }
  }
}

/** One lease, and a page of its keys. */
export function leaseInfo(
  { leases }: Store,
  { lease, from, limit }: KvLeaseInfoQuery,
): KvLeaseInfoAnswer {
  const found = leases.get(lease);
  const keys: string[] = [];
  let more = false;
  if (found === undefined) return { type: 'lease-info', keys, more };
  const budget = new AnswerBudget();
  for (const key of leases.keys(lease, from)) {
    more = keys.length === limit || !budget.take(key, 0);
    if (more) break;
    keys.push(key);
  }
  return { type: 'lease-info', lease: describe(leases, found), keys, more };
}

/** A page of leases. */
export function leaseList({ leases }: Store, { from, limit }: KvLeaseListQuery): KvLeaseListAnswer {
  const page: KvLease[] = [];
  let more = false;
  for (const lease of leases.records(from)) {
    more = page.length === limit;
    if (more) break;
    page.push(describe(leases, lease));
  }
  return { type: 'lease-list', leases: page, more };
}

function describe(leases: LeaseTable, { id, ttlMs, expiresAt }: Lease): KvLease {
  const remainingMs = Math.max(expiresAt - leases.clock, 0);
  return { lease: id, ttlMs, remainingMs, keyCount: leases.keyCount(id) };
}
