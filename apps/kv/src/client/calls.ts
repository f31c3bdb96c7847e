/**
 * What commands ask of the map, with what is not there as an error.
 */
import type { Consistency } from '@quorate/core';
import { expectType, kv, type KvLease, type KvPair } from '@quorate/machine-kv';
import { answered, noKey, noLease } from '../answers.ts';
import { pageOf, pageQuery } from '../pages.ts';
import type { KvClient } from './connect.ts';

/** What can be said about a read. */
export interface ReadOptions {
  /** @default 'linearizable' */
  readonly consistency?: Consistency;
  /** The revision to read at. @default now */
  readonly revision?: number;
}

/** Which keys to read. */
export interface PageOptions extends ReadOptions {
  /** Keys that start with this. @default '', all */
  readonly prefix?: string;
  /** The last key of the page before. @default none, this is the first */
  readonly after?: string;
  /** Most pairs. */
  readonly limit: number;
  /** Leaves the values out. @default false */
  readonly keysOnly?: boolean;
}

/** A page of pairs. */
export interface Page {
  /** The revision that was read; give it again for the next page. */
  readonly revision: number;
  readonly pairs: readonly KvPair[];
  /** Where the next page goes on; absent on the last one. */
  readonly next: string | undefined;
}

/** The pair of a key. @throws ServiceError with the code NOT_FOUND. */
export async function getPair(
  client: Pick<KvClient, 'query'>,
  key: string,
  { consistency = 'linearizable', revision = 0 }: ReadOptions,
): Promise<KvPair> {
  const answer = await client.query(kv.get(key, { revision }), { consistency });
  const { pair } = answered(answer, consistency, 'get');
  if (pair === undefined) throw noKey(key);
  return pair;
}

/** One page of keys in order. */
export async function getPage(
  client: Pick<KvClient, 'query'>,
  options: PageOptions,
): Promise<Page> {
  const { consistency = 'linearizable', prefix = '', after, limit } = options;
  const { revision = 0, keysOnly = false } = options;
  const wanted = { prefix, after, limit, revision, keysOnly, count: false };
  const answer = answered(
    await client.query(pageQuery(wanted), { consistency }),
    consistency,
    'range',
  );
  const { pairs, more } = pageOf(answer, wanted);
  return { revision: answer.revision, pairs, next: more ? pairs.at(-1)?.key : undefined };
}

/** All leases, page by page. */
export async function* leasePages(
  client: Pick<KvClient, 'query'>,
  consistency: Consistency,
): AsyncGenerator<readonly KvLease[], void, undefined> {
  let from: number | undefined = 0;
  while (from !== undefined) {
    const answer = await client.query(kv.lease.list({ from }), { consistency });
    const { leases, more } = expectType(answer, 'lease-list');
    yield leases;
    const last: number | undefined = leases.at(-1)?.lease;
    from = more && last !== undefined ? last + 1 : undefined;
  }
}

/** Gives a lease all of its time again, and says how long that is. @throws ServiceError with the code NOT_FOUND. */
export async function keepLease(client: Pick<KvClient, 'execute'>, id: number): Promise<number> {
  const result = expectType(await client.execute(kv.lease.keepAlive(id)), 'lease-keep-alive');
  if (!result.found) throw noLease(id);
  return result.ttlMs;
}

/** Ends a lease. @throws ServiceError with the code NOT_FOUND. */
export async function revokeLease(
  client: Pick<KvClient, 'execute'>,
  id: number,
): Promise<{ readonly revision: number; readonly deleted: number }> {
  const result = expectType(await client.execute(kv.lease.revoke(id)), 'lease-revoke');
  if (!result.found) throw noLease(id);
  return { revision: result.revision, deleted: result.deleted };
}
