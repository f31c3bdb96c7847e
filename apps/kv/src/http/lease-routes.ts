/**
 * Leases over HTTP: grant, keep alive, revoke, list. Keys hang on one by `PUT /v1/kv/{key}?lease=`.
 */
import {
  defaultRangeLimit,
  expectType,
  kv,
  type KvLeaseGrantOptions,
  maxRangeLimit,
} from '@quorate/machine-kv';
import { noLease } from '../answers.ts';
import { integerOf, objectOf } from '../json.ts';
import type { RouteContext } from './context.ts';
import { jsonBody } from './json-body.ts';
import { Params, readParams, writeParams } from './params.ts';
import { type HttpRequest, jsonReply, type Reply } from './reply.ts';

/** `POST /v1/leases` with `{"ttlMs":N}`, and `"lease":N` where the id is chosen. */
export async function grantLease(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const options = new Params(request.query, writeParams).writeOptions(request.signal);
  const body = objectOf(await jsonBody(request), 'the body', ['ttlMs', 'lease']);
  const ttlMs = integerOf(body['ttlMs'], 'ttlMs', 1);
  const id: KvLeaseGrantOptions =
    body['lease'] === undefined ? {} : { id: integerOf(body['lease'], 'lease', 1) };
  const result = expectType(
    await replica.execute(kv.lease.grant(ttlMs, id), options),
    'lease-grant',
  );
  return jsonReply({ lease: result.lease, ttlMs: result.ttlMs });
}

/** `POST /v1/leases/keep-alive` with `{"lease":N}`. */
export async function keepLease(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const options = new Params(request.query, writeParams).writeOptions(request.signal);
  const id = await leaseOf(request);
  const command = kv.lease.keepAlive(id);
  const result = expectType(await replica.execute(command, options), 'lease-keep-alive');
  if (!result.found) throw noLease(id);
  return jsonReply({ lease: id, ttlMs: result.ttlMs });
}

/** `POST /v1/leases/revoke` with `{"lease":N}`. */
export async function revokeLease(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const options = new Params(request.query, writeParams).writeOptions(request.signal);
  const id = await leaseOf(request);
  const result = expectType(await replica.execute(kv.lease.revoke(id), options), 'lease-revoke');
  if (!result.found) throw noLease(id);
  return jsonReply({ lease: id, revision: result.revision, deleted: result.deleted });
}

/** `GET /v1/leases?from=&limit=&consistency=`: one page. */
export async function listLeases(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const params = new Params(request.query, [...readParams, 'from', 'limit']);
  const query = kv.lease.list({ from: params.integer('from') ?? 0, limit: limitOf(params) });
  const { answer } = await replica.read(query, params.readOptions(request.signal));
  const { leases, more } = expectType(answer, 'lease-list');
  const last = leases.at(-1);
  const next = more && last !== undefined ? { next: last.lease + 1 } : {};
  return jsonReply({ items: leases, more, ...next });
}

/** `GET /v1/leases/keys?lease=&from=&limit=&consistency=`: one lease, and a page of its keys. */
export async function leaseKeys(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const params = new Params(request.query, [...readParams, 'lease', 'from', 'limit']);
  const id = params.integer('lease', 1) ?? 0;
  const page = { from: params.text('from') ?? '', limit: limitOf(params) };
  const options = params.readOptions(request.signal);
  const { answer } = await replica.read(kv.lease.info(id, page), options);
  const { lease, keys, more } = expectType(answer, 'lease-info');
  if (lease === undefined) throw noLease(id);
  return jsonReply({ ...lease, keys, more });
}

async function leaseOf(request: HttpRequest): Promise<number> {
  const body = objectOf(await jsonBody(request), 'the body', ['lease']);
  return integerOf(body['lease'], 'lease', 1);
}

function limitOf(params: Params): number {
  return params.integer('limit', 1, maxRangeLimit) ?? defaultRangeLimit;
}
