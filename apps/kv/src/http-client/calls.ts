/**
 * The calls of the HTTP interface, with their answers checked.
 */
import { objectOf, arrayOf, integerOf, parseJson, stringOf, type JsonObject } from '../json.ts';
import { serviceError, ServiceError } from '../errors.ts';
import { valueOfJson, valueToJson } from '../value-json.ts';
import type { KvResponse } from './attempt.ts';
import type { HttpKvClient, SendOptions } from './client.ts';

/** Options of reads. */
export interface ReadOptions {
  readonly consistency?: string;
  readonly revision?: number;
  readonly signal?: AbortSignal;
}

/** Which page of a range. */
export interface PageOptions extends ReadOptions {
  readonly prefix?: string;
  readonly after?: string;
  readonly limit?: number;
  readonly keysOnly?: boolean;
}

/** A key with its value. */
export interface Item {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

/** One page of a range. */
export interface Page {
  /** The revision that was read; give it again for the next page. */
  readonly revision: number;
  readonly items: readonly Item[];
  /** Where the next page goes on; absent on the last one. */
  readonly next: string | undefined;
}

/** One put of a transaction. */
export interface PutItem {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Sets a key. @throws ServiceError with the code OUTCOME_UNKNOWN when it may have happened. */
export async function putKey(
  client: HttpKvClient,
  key: string,
  value: Uint8Array,
  lease?: number,
): Promise<{ readonly revision: number }> {
  const request = {
    method: 'PUT',
    path: `${keyPath(key)}${queryOf({ lease })}`,
    body: value,
    contentType: 'application/octet-stream',
  } as const;
  const json = jsonOf(await client.send(request, { repeatable: false }));
  return { revision: integerOf(json['revision'], 'revision') };
}

/** Deletes a key. @throws ServiceError with the code OUTCOME_UNKNOWN when it may have happened. */
export async function deleteKey(
  client: HttpKvClient,
  key: string,
): Promise<{ readonly revision: number; readonly deleted: number }> {
  const request = { method: 'DELETE', path: keyPath(key) } as const;
  const json = jsonOf(await client.send(request, { repeatable: false }));
  return {
    revision: integerOf(json['revision'], 'revision'),
    deleted: integerOf(json['deleted'], 'deleted'),
  };
}

/** The value of a key. @throws ServiceError with the code NOT_FOUND. */
export async function getKey(
  client: HttpKvClient,
  key: string,
  options: ReadOptions,
): Promise<Uint8Array> {
  const { consistency, revision } = options;
  const path = `${keyPath(key)}${queryOf({ consistency, revision })}`;
  return (await client.send({ method: 'GET', path }, readOf(options))).body;
}

/** One page of a range. */
export async function getPage(client: HttpKvClient, options: PageOptions): Promise<Page> {
  const { prefix, after, limit, revision, consistency, keysOnly } = options;
  const path = `/v1/kv${queryOf({ prefix, after, limit, revision, consistency, keysOnly })}`;
  const json = jsonOf(await client.send({ method: 'GET', path }, readOf(options)));
  const items = arrayOf(json['items'], 'items').map((item): Item => {
    const fields = objectOf(item, 'an item');
    const value = keysOnly === true ? new Uint8Array(0) : valueOfJson(fields, 'an item');
    return {
      key: stringOf(fields['key'], 'key'),
      value,
      modRevision: integerOf(fields['modRevision'], 'modRevision'),
    };
  });
  const next = json['next'] === undefined ? undefined : stringOf(json['next'], 'next');
  return { revision: integerOf(json['revision'], 'revision'), items, next };
}

/** One page of leases. */
export async function getLeases(
  client: HttpKvClient,
  options: ReadOptions & { readonly from: number },
): Promise<{ readonly items: readonly JsonObject[]; readonly next: number | undefined }> {
  const { from, consistency } = options;
  const path = `/v1/leases${queryOf({ from, consistency })}`;
  const json = jsonOf(await client.send({ method: 'GET', path }, readOf(options)));
  const items = arrayOf(json['items'], 'items').map((item) => objectOf(item, 'an item'));
  const next = json['next'] === undefined ? undefined : integerOf(json['next'], 'next');
  return { items, next };
}

/** Several puts as one transaction. */
export async function putAll(
  client: HttpKvClient,
  items: readonly PutItem[],
  options: SendOptions,
): Promise<void> {
  const then = items.map(({ key, value }) => ({ type: 'put', key, ...valueToJson(value) }));
  await postJson(client, '/v1/txn', { then }, options);
}

/** Posts JSON, and gives the JSON that comes back. */
export async function postJson(
  client: HttpKvClient,
  path: string,
  body: unknown,
  options: SendOptions,
): Promise<JsonObject> {
  const contentType = 'application/json';
  return jsonOf(
    await client.send({ method: 'POST', path, body: JSON.stringify(body), contentType }, options),
  );
}

/** What a node says of itself, or why it says nothing. */
export async function getStatus(
  client: HttpKvClient,
  endpoint: string,
): Promise<JsonObject | ServiceError> {
  const result = await client.ask(endpoint, { method: 'GET', path: '/v1/status' });
  if (result.type !== 'answered') return result.error;
  try {
    return jsonOf(result.response);
  } catch (error) {
    return error instanceof ServiceError ? error : serviceError('MALFORMED', String(error));
  }
}

/** The JSON object of an answer. @throws MalformedError | InvalidArgumentError if it has none. */
export function jsonOf(response: KvResponse): JsonObject {
  const what = `the answer of ${response.endpoint}`;
  return objectOf(parseJson(Buffer.from(response.body).toString('utf8'), what), what);
}

function keyPath(key: string): string {
  // A URL cannot end in these: they mean this folder and the one above, percent-encoded too.
  if (key === '.' || key === '..' || key === '') {
    throw serviceError(
      'INVALID_ARGUMENT',
      `the key ${JSON.stringify(key)} cannot stand in a URL; use POST /v1/txn for it`,
    );
  }
  return `/v1/kv/${encodeURIComponent(key)}`;
}

function readOf(options: ReadOptions): SendOptions {
  return { repeatable: true, ...(options.signal && { signal: options.signal }) };
}

function queryOf(fields: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
