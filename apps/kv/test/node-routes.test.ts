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

describe('a node', () => {
  it('tells its status', async () => {
    expect(jsonOf(await send(handler, 'GET', '/v1/status'))).toMatchObject({
      node: 'n1',
      cluster: 'test',
      role: 'follower',
      leader: 'n2',
      epoch: 3,
      appliedIndex: 7,
      commitIndex: 7,
      stateHash: 'abc',
      members: [
        { id: 'n1', address: 'h:11', role: 'voter' },
        { id: 'n2', address: 'h:12', role: 'voter' },
      ],
      client: 'h:3',
      storage: 'level',
      algorithm: 'raft',
      pid: process.pid,
    });
  });

  it('is alive, ready while in touch with a leader, and not otherwise', async () => {
    expect((await send(handler, 'GET', '/healthz')).status).toBe(200);
    expect(jsonOf(await send(handler, 'GET', '/readyz'))).toEqual({ ready: true, leader: 'n2' });
    for (const change of [
      { leader: undefined },
      { contactAt: undefined },
      { state: 'closing' as const },
    ]) {
      const apart = fakeHandler({ ...replica, status: { ...replica.status, ...change } });
      expect((await send(apart, 'GET', '/readyz')).status).toBe(503);
      expect((await send(apart, 'GET', '/healthz')).status).toBe(200);
    }
    const failed = fakeHandler({ ...replica, status: { ...replica.status, state: 'failed' } });
    expect((await send(failed, 'GET', '/healthz')).status).toBe(503);
  });
});

describe('metrics', () => {
  const metrics = async (): Promise<string> =>
    String((await send(handler, 'GET', '/metrics')).body);

  it('show the status, the requests, and what the parts count', async () => {
    await send(handler, 'PUT', '/v1/kv/a', '1');
    expect(await metrics()).toMatch(/^quorate_applied_index 7$/m);
    const text = await metrics();
    expect(text).toMatch(/^quorate_frames_sent_total 5$/m);
    expect(text).toMatch(/^quorate_level_syncs_total 3$/m);
    expect(text).toMatch(/^quorate_level_keys_swept_total 4$/m);
    expect(text).toMatch(
      /^quorate_http_request_duration_seconds_count\{route="\/v1\/kv\/",method="PUT",status="200"\} 1$/m,
    );
  });

  it('are named as Prometheus expects: units last, totals end in _total, the rest are gauges', async () => {
    const text = await metrics();
    expect(text).toMatch(/^quorate_frame_sent_bytes_total 70$/m);
    expect(text).toMatch(/^# TYPE quorate_requests_pending gauge\nquorate_requests_pending 2$/m);
    expect(text.match(/^quorate_tail_bytes/gm)).toHaveLength(1);
    expect(text).not.toContain('tail_bytes_total');
    for (const [, name = '', type] of text.matchAll(/^# TYPE (quorate_\S+) (\S+)$/gm)) {
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
  });
});

describe('a group', () => {
  const change = (...changes: readonly unknown[]): Promise<Reply> =>
    send(handler, 'POST', '/v1/members', JSON.stringify({ changes }));

  it('is changed through any node, which answers when it has heard of it', async () => {
    const reply = await change(
      { type: 'add-learner', id: 'n3', address: 'h:13' },
      { type: 'add-voter', id: 'n3' },
      { type: 'move', id: 'n1', address: 'h:21' },
      { type: 'remove', id: 'n2' },
    );
    expect(jsonOf(reply)).toMatchObject({ index: 8, members: [{ id: 'n1' }, { id: 'n2' }] });
    expect(replica.status.appliedIndex).toBe(8);
    expect(replica.asked).toEqual([
      [
        { type: 'add-learner', member: { id: 'n3', address: 'h:13' } },
        { type: 'add-voter', member: { id: 'n3' } },
        { type: 'move', member: { id: 'n1', address: 'h:21' } },
        { type: 'remove', id: 'n2' },
      ],
    ]);
  });

  it('does not show members that this node has not heard of', async () => {
    const deaf = fakeHandler({ ...replica, changeMembership: () => Promise.resolve(1_000) });
    const reply = await send(
      deaf,
      'POST',
      '/v1/members',
      '{"changes":[{"type":"remove","id":"n1"}]}',
    );
    expect([reply.status, jsonOf(reply)]).toEqual([200, { index: 1_000, members: null }]);
  });

  it.each([
    ['a member that nobody can reach', { type: 'add-learner', id: 'n9' }],
    ['a move to nowhere', { type: 'move', id: 'n1' }],
    ['an address for a member that goes', { type: 'remove', id: 'n1', address: 'h:1' }],
    ['a type that is none', { type: 'evict', id: 'n1' }],
    ['a name that is none', { type: 'add-voter', id: 'a/b', address: 'h:1' }],
  ])('refuses %s', async (_what, step) => {
    const reply = await change(step);
    expect([reply.status, jsonOf(reply)]).toMatchObject([
      400,
      { error: { code: 'INVALID_ARGUMENT' } },
    ]);
    expect(replica.asked.filter(Array.isArray)).toEqual([]);
  });

  it('hands leadership over, and names the new leader though this node hears of it later', async () => {
    const named = await send(handler, 'POST', '/v1/transfer', '{"to":"n3"}');
    expect(jsonOf(named)).toEqual({ leader: 'n3' });
    const best = await send(handler, 'POST', '/v1/transfer');
    expect(jsonOf(best)).toEqual({ leader: 'n1' });
    expect(replica.asked).toEqual([{ to: 'n3' }, { to: 'n1' }]);
    // To the one that leads already: nothing is to be waited for.
    replica.transferLeadership = () => Promise.resolve();
    const same = await send(handler, 'POST', '/v1/transfer', '{"to":"n1"}');
    expect(jsonOf(same)).toEqual({ leader: 'n1' });
  });

  it('takes a snapshot on the node that is asked', async () => {
    expect(jsonOf(await send(handler, 'POST', '/v1/snapshot'))).toEqual({ index: 7 });
  });
});
