import {
  ChangeInProgressError,
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  TimeoutError,
  UnavailableError,
} from '@quorate/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Reply } from '../src/http/reply.ts';
import type { Handler } from '../src/http/server.ts';
import { type FakeReplica, fakeHandler, fakeReplica, jsonOf, send } from './fake-replica.ts';

let replica: FakeReplica;
let handler: Handler;
beforeEach(() => {
  replica = fakeReplica();
  handler = fakeHandler(replica);
});

const put = (key: string, value: string | Uint8Array): Promise<Reply> =>
  send(handler, 'PUT', `/v1/kv/${key}`, value);

describe('one key', () => {
  it('is put, read with its numbers, and deleted', async () => {
    expect(jsonOf(await put('a', 'one'))).toEqual({ revision: 2 });
    expect(jsonOf(await put('a', 'two'))).toEqual({ revision: 3 });
    const got = await send(handler, 'GET', '/v1/kv/a');
    expect([got.status, Buffer.from(got.body).toString()]).toEqual([200, 'two']);
    expect(got.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'quorate-revision': '3',
      'quorate-create-revision': '2',
      'quorate-version': '2',
    });
    const past = await send(handler, 'GET', '/v1/kv/a?revision=2');
    expect(Buffer.from(past.body).toString()).toBe('one');
    expect(jsonOf(await send(handler, 'DELETE', '/v1/kv/a'))).toEqual({ revision: 4, deleted: 1 });
    expect(jsonOf(await send(handler, 'DELETE', '/v1/kv/a'))).toEqual({ revision: 4, deleted: 0 });
    const gone = await send(handler, 'GET', '/v1/kv/a');
    expect([gone.status, jsonOf(gone)]).toEqual([
      404,
      { error: { code: 'NOT_FOUND', message: 'there is no key "a"' } },
    ]);
  });

  it('may hold slashes, dots, anything percent-encoded, and any bytes as its value', async () => {
    const value = Uint8Array.of(0, 0xff, 0x0a);
    await put('a%2Fb/../c%20%C3%A4', value);
    const got = await send(handler, 'GET', '/v1/kv/a/b/../c%20ä');
    expect(Buffer.from(got.body)).toEqual(Buffer.from(value));
    const list = await send(handler, 'GET', '/v1/kv');
    expect(jsonOf(list)).toMatchObject({ items: [{ key: 'a/b/../c ä', valueBase64: 'AP8K' }] });
  });

  it('is read as consistently as asked for; a local read says how stale it is', async () => {
    await put('a', '1');
    const local = await send(handler, 'GET', '/v1/kv/a?consistency=local');
    expect(local.headers).toMatchObject({
      'quorate-contact-age-ms': '12',
      'quorate-applied-index': '1',
      'quorate-commit-index': '9',
    });
    await send(handler, 'GET', '/v1/kv/a?consistency=lease');
    await send(handler, 'GET', '/v1/kv/a');
    expect(replica.asked.slice(1)).toEqual(
      ['local', 'lease', 'linearizable'].map((consistency) => ({ consistency })),
    );
  });

  it('is put with the acknowledgement asked for', async () => {
    await put('a?acknowledge=all&timeoutMs=500', '1');
    expect(replica.asked).toEqual([{ acknowledge: 'all', timeoutMs: 500 }]);
  });
});

describe('a range', () => {
  beforeEach(async () => {
    for (const key of ['a', 'b/1', 'b/2', 'b/3', 'b/4', 'c']) await put(key, key);
  });

  const keysOf = (reply: Reply): readonly string[] =>
    (jsonOf(reply) as { items: { key: string }[] }).items.map(({ key }) => key);

  it('comes in pages, all at one revision', async () => {
    const first = await send(handler, 'GET', '/v1/kv?prefix=b/&limit=3');
    expect(keysOf(first)).toEqual(['b/1', 'b/2', 'b/3']);
    expect(jsonOf(first)).toMatchObject({ revision: 7, more: true, next: 'b/3' });
    await put('b/5', 'later');
    const second = await send(handler, 'GET', '/v1/kv?prefix=b/&limit=3&after=b/3&revision=7');
    expect(keysOf(second)).toEqual(['b/4']);
    expect(jsonOf(second)).not.toHaveProperty('next');
    expect(jsonOf(second)).toMatchObject({ more: false });
  });

  it('meets every key once, whatever the size of the page', async () => {
    for (let limit = 1; limit < 8; limit++) {
      const seen: string[] = [];
      let after = '';
      for (;;) {
        const page = await send(handler, 'GET', `/v1/kv?prefix=b&limit=${String(limit)}${after}`);
        seen.push(...keysOf(page));
        const { next } = jsonOf(page) as { next?: string };
        if (next === undefined) break;
        after = `&after=${encodeURIComponent(next)}`;
      }
      expect(seen).toEqual(['b/1', 'b/2', 'b/3', 'b/4']);
    }
  });

  it('can leave values out, and count', async () => {
    const reply = jsonOf(
      await send(handler, 'GET', '/v1/kv?prefix=b/&limit=1&keysOnly=true&count=true'),
    );
    expect(reply).toEqual({
      revision: 7,
      items: [{ key: 'b/1', createRevision: 3, modRevision: 3, version: 1 }],
      more: true,
      next: 'b/1',
      count: 4,
    });
  });
});

describe('a transaction', () => {
  const txn = async (body: unknown): Promise<unknown> =>
    jsonOf(await send(handler, 'POST', '/v1/txn', JSON.stringify(body)));

  it('compares, and does one of two things', async () => {
    const create = {
      compare: [{ key: 'lock', target: 'version', operator: '=', value: 0 }],
      then: [{ type: 'put', key: 'lock', value: 'mine' }],
      else: [{ type: 'get', key: 'lock' }],
    };
    expect(await txn(create)).toEqual({
      succeeded: true,
      revision: 2,
      results: [{ type: 'put', revision: 2 }],
    });
    expect(await txn(create)).toMatchObject({
      succeeded: false,
      results: [{ type: 'get', pair: { key: 'lock', value: 'mine', modRevision: 2 } }],
    });
    const swap = {
      compare: [{ key: 'lock', target: 'value', value: 'mine' }],
      then: [
        { type: 'put', key: 'lock', valueBase64: '/w==', previous: true },
        { type: 'delete', prefix: 'x/' },
        { type: 'range', prefix: '', keysOnly: true },
      ],
    };
    expect(await txn(swap)).toMatchObject({
      succeeded: true,
      results: [
        { type: 'put', previous: { value: 'mine' } },
        { type: 'delete', deleted: 0 },
        { type: 'range', items: [{ key: 'lock' }], more: false },
      ],
    });
  });

  it.each([
    ['{', 'MALFORMED', /not JSON/],
    ['[]', 'INVALID_ARGUMENT', /the body must be a JSON object/],
    ['{"them":[]}', 'INVALID_ARGUMENT', /unknown field "them"/],
    ['{"then":[{"type":"put","key":"a"}]}', 'MALFORMED', /then\[0\]/],
    ['{"then":[{"type":"jump"}]}', 'INVALID_ARGUMENT', /then\[0\]\.type/],
    ['{"then":[{"type":"delete"}]}', 'INVALID_ARGUMENT', /then\[0\] must have a key/],
    ['{"then":[{"type":"put","key":"a","value":"","vlaue":""}]}', 'INVALID_ARGUMENT', /vlaue/],
    ['{"compare":[{"key":"a","target":"size","value":1}]}', 'INVALID_ARGUMENT', /target/],
    [
      '{"compare":[{"key":"a","target":"version","operator":"~","value":1}]}',
      'INVALID_ARGUMENT',
      /operator/,
    ],
  ])('refuses %s', async (body, code, message) => {
    const reply = await send(handler, 'POST', '/v1/txn', body);
    expect([reply.status, jsonOf(reply)]).toEqual([
      400,
      { error: { code, message: expect.stringMatching(message) as string } },
    ]);
  });

  it('that can never work is refused', async () => {
    const twice = [1, 2].map((value) => ({ type: 'put', key: 'a', value: String(value) }));
    const reply = await send(handler, 'POST', '/v1/txn', JSON.stringify({ then: twice }));
    expect([reply.status, jsonOf(reply)]).toMatchObject([
      400,
      { error: { code: 'INVALID_ARGUMENT' } },
    ]);
  });
});

describe('compaction', () => {
  it('forgets the past, and later reads of it say so', async () => {
    for (const value of ['1', '2', '3']) await put('a', value);
    expect(jsonOf(await send(handler, 'POST', '/v1/compact', '{"revision":3}'))).toEqual({
      revision: 4,
      compactRevision: 3,
    });
    const past = await send(handler, 'GET', '/v1/kv/a?revision=2');
    expect([past.status, jsonOf(past)]).toMatchObject([410, { error: { code: 'COMPACTED' } }]);
    const again = await send(handler, 'POST', '/v1/compact', '{"revision":3}');
    expect([again.status, jsonOf(again)]).toMatchObject([
      409,
      { error: { code: 'COMMAND_REJECTED' } },
    ]);
    const future = await send(handler, 'GET', '/v1/kv/a?revision=99');
    expect(future.status).toBe(400);
    const lagging = await send(handler, 'GET', '/v1/kv/a?revision=99&consistency=local');
    expect(lagging.status).toBe(503);
  });
});

describe('errors', () => {
  it.each([
    [new NotLeaderError('n2'), 503, 'NOT_LEADER'],
    [new UnavailableError('no'), 503, 'UNAVAILABLE'],
    [new OverloadedError('no'), 503, 'OVERLOADED'],
    [new ChangeInProgressError('no'), 409, 'CHANGE_IN_PROGRESS'],
    [new OutcomeUnknownError('?'), 504, 'OUTCOME_UNKNOWN'],
    [new TimeoutError('?'), 504, 'TIMEOUT'],
    [new Error('a bug'), 500, 'UNKNOWN'],
  ])('%s', async (failure, status, code) => {
    replica.failure = failure;
    const reply = await put('a', '1');
    expect([reply.status, jsonOf(reply)]).toEqual([
      status,
      { error: { code, message: failure.message } },
    ]);
    expect(reply.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  });

  it.each([
    ['GET', '/', 404, 'NOT_FOUND'],
    ['GET', '/v1/kv/a?consistency=strong', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/kv/a?consistent=local', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/kv/a?revision=1&revision=2', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/kv/%ff', 400, 'MALFORMED'],
    ['GET', '/v1/kv/', 400, 'INVALID_ARGUMENT'],
    ['PUT', '/v1/kv/', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/kv?limit=0', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/kv?limit=1e9', 400, 'INVALID_ARGUMENT'],
    ['GET', '/v1/kv?prefix=b&after=a', 400, 'INVALID_ARGUMENT'],
    ['POST', '/v1/compact', 400, 'INVALID_ARGUMENT'],
  ])('%s %s', async (method, target, status, code) => {
    const reply = await send(handler, method, target, method === 'PUT' ? '1' : '');
    expect([reply.status, jsonOf(reply)]).toMatchObject([status, { error: { code } }]);
  });

  it('names the methods of a path', async () => {
    const reply = await send(handler, 'POST', '/v1/kv/a');
    expect([reply.status, reply.headers['allow']]).toEqual([405, 'GET, HEAD, PUT, DELETE']);
  });

  it('HEAD is answered like GET', async () => {
    await put('a', '1');
    const head = await send(handler, 'HEAD', '/v1/kv/a');
    expect([head.status, head.headers['quorate-revision']]).toEqual([200, '2']);
    expect((await send(handler, 'HEAD', '/v1/txn')).status).toBe(405);
  });

  it('does not let anybody make up metric labels', async () => {
    await send(handler, 'BREW', '/coffee');
    await send(handler, 'BREW', '/v1/status');
    const text = String((await send(handler, 'GET', '/metrics')).body);
    expect(text).not.toMatch(/BREW|coffee/);
  });
});
