/**
 * The map over HTTP: put, get, delete, range, transaction, compaction. Any node answers; the log
 * below brings commands and read barriers to the leader.
 */
import {
  defaultRangeLimit,
  expectType,
  kv,
  maxRangeLimit,
  maxValueBytes,
} from '@quorate/machine-kv';
import type { Reading } from '@quorate/replica';
import { answered, noKey } from '../answers.ts';
import { integerOf, objectOf } from '../json.ts';
import { pageOf, pageQuery, type PageRequest } from '../pages.ts';
import type { RouteContext } from './context.ts';
import { jsonBody } from './json-body.ts';
import { pairToJson, transactionToJson } from './pairs-json.ts';
import { keyOf, Params, type ReadCallOptions, readParams, writeParams } from './params.ts';
import { type HttpRequest, jsonReply, type Reply } from './reply.ts';
import { transactionOfJson } from './transaction-json.ts';

/** `PUT /v1/kv/{key}?lease=` with the value as the body. */
export async function putKey(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const params = new Params(request.query, [...writeParams, 'lease']);
  const options = params.writeOptions(request.signal);
  const key = keyOf(request);
  const lease = params.integer('lease') ?? 0;
  const value = await request.body(maxValueBytes);
  const result = expectType(await replica.execute(kv.put(key, value, { lease }), options), 'put');
  return jsonReply({ revision: result.revision });
}

/** `DELETE /v1/kv/{key}`. */
export async function deleteKey(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const options = new Params(request.query, writeParams).writeOptions(request.signal);
  const result = expectType(await replica.execute(kv.delete(keyOf(request)), options), 'delete');
  return jsonReply({ revision: result.revision, deleted: result.deleted });
}

/** `GET /v1/kv/{key}?consistency=&revision=`: the value as it is, its numbers in the header. */
export async function getKey(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const params = new Params(request.query, [...readParams, 'revision']);
  const options = params.readOptions(request.signal);
  const key = keyOf(request);
  const query = kv.get(key, { revision: params.integer('revision') ?? 0 });
  const reading = await replica.read(query, options);
  const { pair, revision } = answered(reading.answer, options.consistency, 'get');
  if (pair === undefined) throw noKey(key);
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'quorate-revision': String(pair.modRevision),
      'quorate-create-revision': String(pair.createRevision),
      'quorate-version': String(pair.version),
      ...(pair.lease === undefined ? {} : { 'quorate-lease': String(pair.lease) }),
      'quorate-read-revision': String(revision),
      ...freshness(reading, options),
    },
    body: pair.value,
  };
}

/** `GET /v1/kv?prefix=&after=&limit=&revision=&keysOnly=&count=&consistency=`: one page. */
export async function listKeys(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const known = ['prefix', 'after', 'limit', 'revision', 'keysOnly', 'count'];
  const params = new Params(request.query, [...readParams, ...known]);
  const options = params.readOptions(request.signal);
  const keysOnly = params.flag('keysOnly');
  const wanted: PageRequest = {
    prefix: params.text('prefix') ?? '',
    after: params.text('after'),
    limit: params.integer('limit', 1, maxRangeLimit - 1) ?? defaultRangeLimit,
    revision: params.integer('revision') ?? 0,
    keysOnly,
    count: params.flag('count'),
  };
  const reading = await replica.read(pageQuery(wanted), options);
  const answer = answered(reading.answer, options.consistency, 'range');
  const { revision, count } = answer;
  const page = pageOf(answer, wanted);
  const last = page.pairs.at(-1);
  return jsonReply(
    {
      revision,
      items: page.pairs.map((pair) => pairToJson(pair, keysOnly)),
      more: page.more,
      ...(page.more && last !== undefined ? { next: last.key } : {}),
      ...(count === undefined ? {} : { count }),
    },
    200,
    freshness(reading, options),
  );
}

/** `POST /v1/txn`. */
export async function runTransaction(
  request: HttpRequest,
  { replica, limits }: RouteContext,
): Promise<Reply> {
  const options = new Params(request.query, writeParams).writeOptions(request.signal);
  const transaction = transactionOfJson(await jsonBody(request, limits.maxJsonBytes));
  const result = expectType(await replica.execute(transaction, options), 'txn');
  return jsonReply(transactionToJson(result));
}

/** `POST /v1/compact` with `{"revision":N}`. */
export async function compact(request: HttpRequest, { replica }: RouteContext): Promise<Reply> {
  const options = new Params(request.query, writeParams).writeOptions(request.signal);
  const body = objectOf(await jsonBody(request), 'the body', ['revision']);
  const revision = integerOf(body['revision'], 'revision', 1);
  const result = expectType(await replica.execute(kv.compact(revision), options), 'compact');
  return jsonReply({ revision: result.revision, compactRevision: result.compactRevision });
}

/** A local read says how stale it may be. */
function freshness(
  reading: Reading<unknown>,
  options: ReadCallOptions,
): Readonly<Record<string, string>> {
  const { index, commitIndex, contactAgeMs } = reading;
  const applied = { 'quorate-applied-index': String(index) };
  if (options.consistency !== 'local') return applied;
  return {
    ...applied,
    'quorate-commit-index': String(commitIndex),
    ...(contactAgeMs === undefined
      ? {}
      : { 'quorate-contact-age-ms': String(Math.round(contactAgeMs)) }),
  };
}
