import { beforeEach, describe, expect, it } from 'vitest';
import type { Handler } from '../src/http/server.ts';
import { fakeHandler, fakeReplica, jsonOf, send } from './fake-replica.ts';

let handler: Handler;
beforeEach(() => {
  handler = fakeHandler(fakeReplica());
});

const post = async (path: string, body: unknown): Promise<unknown> => {
  const reply = await send(handler, 'POST', `/v1/leases${path}`, JSON.stringify(body));
  return reply.status === 200 ? jsonOf(reply) : reply.status;
};
const get = async (path: string): Promise<unknown> => jsonOf(await send(handler, 'GET', path));

describe('a lease', () => {
  it('is granted, keeps keys, is kept alive, listed and revoked', async () => {
    expect(await post('', { ttlMs: 5000 })).toEqual({ lease: 1, ttlMs: 5000 });
    expect(await post('', { ttlMs: 9000, lease: 40 })).toEqual({ lease: 40, ttlMs: 9000 });
    await send(handler, 'PUT', '/v1/kv/a?lease=40', '1');
    await send(handler, 'PUT', '/v1/kv/b', '1');
    expect((await send(handler, 'GET', '/v1/kv/a')).headers['quorate-lease']).toBe('40');
    expect((await send(handler, 'GET', '/v1/kv/b')).headers).not.toHaveProperty('quorate-lease');
    expect(await get('/v1/kv?prefix=a')).toMatchObject({ items: [{ key: 'a', lease: 40 }] });
    expect(await post('/keep-alive', { lease: 40 })).toEqual({ lease: 40, ttlMs: 9000 });
    const first = { lease: 1, ttlMs: 5000, remainingMs: 5000, keyCount: 0 };
    const second = { lease: 40, ttlMs: 9000, remainingMs: 9000, keyCount: 1 };
    expect(await get('/v1/leases')).toEqual({ items: [first, second], more: false });
    expect(await get('/v1/leases?limit=1')).toEqual({ items: [first], more: true, next: 2 });
    expect(await get('/v1/leases?from=2')).toEqual({ items: [second], more: false });
    expect(await get('/v1/leases/keys?lease=40')).toEqual({ ...second, keys: ['a'], more: false });
    expect(await post('/revoke', { lease: 40 })).toEqual({ lease: 40, revision: 4, deleted: 1 });
    expect((await send(handler, 'GET', '/v1/kv/a')).status).toBe(404);
  });

  it('that is not there is said to be so', async () => {
    for (const path of ['/keep-alive', '/revoke']) expect(await post(path, { lease: 7 })).toBe(404);
    expect((await send(handler, 'GET', '/v1/leases/keys?lease=7')).status).toBe(404);
    expect((await send(handler, 'PUT', '/v1/kv/a?lease=7', '1')).status).toBe(409);
  });

  it('takes part in transactions', async () => {
    await post('', { ttlMs: 5000 });
    const body = {
      compare: [{ key: 'a', target: 'lease', value: 0 }],
      then: [{ type: 'put', key: 'a', value: '1', lease: 1 }],
      else: [{ type: 'get', key: 'a' }],
    };
    const txn = async (): Promise<unknown> =>
      jsonOf(await send(handler, 'POST', '/v1/txn', JSON.stringify(body)));
    expect(await txn()).toMatchObject({ succeeded: true });
    expect(await txn()).toMatchObject({ succeeded: false, results: [{ pair: { lease: 1 } }] });
  });

  it('is refused where it makes no sense', async () => {
    expect(await post('', { ttlMs: 5 })).toBe(400);
    expect(await post('', {})).toBe(400);
    expect(await post('', { ttlMs: 5000, id: 1 })).toBe(400);
    expect(await post('/revoke', { lease: 0 })).toBe(400);
    expect((await send(handler, 'GET', '/v1/leases/keys')).status).toBe(400);
    await post('', { ttlMs: 5000 });
    expect(await post('', { ttlMs: 5000, lease: 1 })).toBe(409);
  });
});
