/**
 * The map over HTTP: put, get, delete, range, transaction, compaction. Any node answers; the log
 * below brings commands and read barriers to the leader.
 */
import { InvalidArgumentError, unreachable } from '@quorate/core';
import {
  defaultRangeLimit,
  expectType,
  kv,
  type KvAnswer,
  type KvPair,
  maxRangeLimit,
  maxValueBytes,
} from '@quorate/machine-kv';
import type { Reading } from '@quorate/replica';
import { serviceError } from '../errors.ts';
import { integerOf, objectOf } from '../json.ts';
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
  const { pair, revision } = answered(reading.answer, options, 'get');
  if (pair === undefined) {
    throw serviceError('NOT_FOUND', `there is no key ${JSON.stringify(key)}`);
  }
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
  const prefix = params.text('prefix') ?? '';
  const after = params.text('after');
  // One pair more than asked for is read where a page goes on: the one that it goes on from.
  const limit = params.integer('limit', 1, maxRangeLimit - 1) ?? defaultRangeLimit;
  const keysOnly = params.flag('keysOnly');
  if (after !== undefined && !after.startsWith(prefix)) {
    throw new InvalidArgumentError(
      'after must be a key of the page before: it does not have the prefix',
    );
  }
  const query = kv.range({
    ...(after === undefined ? { prefix } : { from: after }),
    limit: after === undefined ? limit : limit + 1,
    revision: params.integer('revision') ?? 0,
    keysOnly,
    count: after === undefined && params.flag('count'),
  });
  const reading = await replica.read(query, options);
  const { pairs, more, revision, count } = answered(reading.answer, options, 'range');
  const page = after === undefined ? { pairs, more } : pageAfter(pairs, more, after, prefix, limit);
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

function answered<const Type extends 'get' | 'range'>(
  answer: KvAnswer,
  options: ReadCallOptions,
  type: Type,
): KvAnswer & { readonly type: Type } {
  if (answer.type !== 'future') return expectType(answer, type);
  const there = `revision ${String(answer.revision)} is not there yet; the current one is ${String(answer.currentRevision)}`;
  switch (options.consistency) {
    case 'local':
      throw serviceError('UNAVAILABLE', `${there} on this node: retry, or read linearizable`);
    case 'linearizable':
    case 'lease':
      throw new InvalidArgumentError(`${there}: read without a revision`);
    default:
      return unreachable(options.consistency);
  }
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

/**
 * Leaves out the pair that the page goes on from, and what lies behind the prefix: the range was
 * read without an end. (A bound just behind `after` could be longer than a key may be.)
 */
function pageAfter(
  pairs: readonly KvPair[],
  more: boolean,
  after: string,
  prefix: string,
  limit: number,
): { readonly pairs: readonly KvPair[]; readonly more: boolean } {
  const behind = pairs[0]?.key === after ? pairs.slice(1) : pairs;
  const end = behind.findIndex(({ key }) => !key.startsWith(prefix));
  const within = end < 0 ? behind : behind.slice(0, end);
  const page = within.slice(0, limit);
  return { pairs: page, more: page.length < within.length || (end < 0 && more) };
}
