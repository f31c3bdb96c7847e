/**
 * The whole stack in one process: replicas with a key-value machine on the real log and every
 * algorithm, with storage and transport in memory, on virtual time.
 */
import { fromUtf8, OutcomeUnknownError, TimeoutError, UnavailableError } from '@quorate/core';
import { expectType, kv, type KvAnswer } from '@quorate/machine-kv';
import { afterEach, describe, expect, it } from 'vitest';
import { type AlgorithmOptions, algorithms } from './algorithms.ts';
import { Cluster, type KvReplica } from './cluster.ts';
import { watch } from './world.ts';

let open: Cluster | undefined;

afterEach(async () => {
  await open?.close();
  open = undefined;
});

function textOf(answer: KvAnswer): string | undefined {
  const { pair } = expectType(answer, 'get');
  return pair === undefined ? undefined : fromUtf8(pair.value);
}

function get(replica: KvReplica, key: string): Promise<string | undefined> {
  return replica.query(kv.get(key)).then(textOf);
}

describe.each(algorithms)('replicas on $name', ({ algorithm }) => {
  async function openCluster(options?: AlgorithmOptions): Promise<Cluster> {
    open = await Cluster.open(['a', 'b', 'c'], { algorithm: () => algorithm(options) });
    return open;
  }

  it('executes from any node, and answers from any node', async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    const [follower] = cluster.others(leader.node);
    if (follower === undefined) throw new Error('no follower');
    const first = await cluster.finish(leader.execute(kv.put('color', 'red')));
    expect(first).toMatchObject({ type: 'put' });
    await cluster.finish(follower.execute(kv.put('size', 'XL')));
    for (const replica of cluster.others()) {
      expect(await cluster.finish(get(replica, 'color'))).toBe('red');
      expect(await cluster.finish(get(replica, 'size'))).toBe('XL');
    }
    expect(await cluster.converge()).toHaveLength(1);
  });

  it('gives the results of a batch in order, from a follower too', async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    for (const replica of [leader, ...cluster.others(leader.node).slice(0, 1)]) {
      const commands = Array.from({ length: 500 }, (_, at) => kv.put('last', String(at)));
      const results = await cluster.finish(replica.executeAll(commands));
      const revisions = results.map((result) => expectType(result, 'put').revision);
      const [start = 0] = revisions;
      expect(revisions).toEqual(commands.map((_, at) => start + at));
      expect(await cluster.finish(get(replica, 'last'))).toBe('499');
    }
  });

  it('reads with every consistency, and says how fresh a local answer is', async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    await cluster.finish(leader.execute(kv.put('color', 'red'), { acknowledge: 'all' }));
    for (const replica of cluster.others()) {
      for (const consistency of ['linearizable', 'lease', 'local'] as const) {
        const reading = await cluster.finish(replica.read(kv.get('color'), { consistency }));
        expect(textOf(reading.answer)).toBe('red');
        expect(reading.index).toBeGreaterThan(0);
        expect(reading.contactAgeMs).toBeLessThan(1_000);
      }
    }
  });

  it("'all' means that every replica answers locally what was acknowledged", async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    for (let round = 0; round < 20; round++) {
      const value = String(round);
      await cluster.finish(leader.execute(kv.put('n', value), { acknowledge: 'all' }));
      for (const replica of cluster.others()) {
        const local = await replica.query(kv.get('n'), { consistency: 'local' });
        expect(textOf(local)).toBe(value);
      }
    }
  });

  describe('when the leader is cut off', () => {
    it('the others go on, and it neither acknowledges nor answers', async () => {
      const cluster = await openCluster();
      const old = await cluster.leader();
      await cluster.finish(old.execute(kv.put('color', 'red')));
      cluster.network.isolate(old.node);
      const write = watch(old.execute(kv.put('color', 'stale')));
      const read = watch(old.query(kv.get('color')));
      const next = await cluster.leader(() => cluster.others(old.node));
      await cluster.finish(next.execute(kv.put('color', 'blue')));
      expect(await cluster.finish(get(next, 'color'))).toBe('blue');
      await cluster.until(
        () => write.outcome !== 'waiting' && read.outcome !== 'waiting',
        'errors',
      );
      expect(write.error).toBeInstanceOf(OutcomeUnknownError);
      expect([TimeoutError, UnavailableError].some((type) => read.error instanceof type)).toBe(
        true,
      );

      cluster.network.heal();
      expect(await cluster.converge()).toHaveLength(1);
      expect(await cluster.finish(get(old, 'color'))).toBe('blue');
    });

    it('and the others are cut off from one another, nothing is promised', async () => {
      const cluster = await openCluster();
      const leader = await cluster.leader();
      const [follower] = cluster.others(leader.node);
      if (follower === undefined) throw new Error('no follower');
      cluster.network.partition(['a'], ['b'], ['c']);
      await cluster.until(() => follower.status.leader === undefined, 'the follower to notice');
      const write = watch(follower.execute(kv.put('color', 'red')));
      const read = watch(follower.query(kv.get('color')));
      await cluster.runtime.run(15_000);
      // Definite, not unknown: nothing has left the node.
      expect(write.error).toBeInstanceOf(UnavailableError);
      expect(read.error).toBeInstanceOf(TimeoutError);
      cluster.network.heal();
      const next = await cluster.leader();
      expect(await cluster.finish(get(next, 'color'))).toBe(undefined);
    });
  });

  it('says how stale a local answer is where a node is cut off', async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    const [follower] = cluster.others(leader.node);
    if (follower === undefined) throw new Error('no follower');
    cluster.network.isolate(follower.node);
    await cluster.runtime.run(5_000);
    const reading = await follower.read(kv.get('color'), { consistency: 'local' });
    expect(reading.contactAgeMs).toBeGreaterThan(4_000);
    expect(reading.contactAgeMs).toBeLessThan(6_000);
  });

  it('loses nothing acknowledged when the leader crashes, and takes it back from its disk', async () => {
    const cluster = await openCluster();
    let written = 0;
    for (let round = 0; round < 5; round++) {
      const leader = await cluster.leader();
      for (let n = 0; n < 10; n++) {
        await cluster.finish(leader.execute(kv.put(`key-${String(written)}`, 'here')));
        written++;
      }
      await cluster.crash(leader.node);
      await cluster.leader();
      await cluster.start(leader.node);
    }
    const replica = await cluster.leader();
    const answer = await cluster.finish(replica.query(kv.range({ prefix: 'key-' })));
    expect(expectType(answer, 'range').pairs).toHaveLength(written);
    expect(await cluster.converge()).toHaveLength(1);
  });

  it('starts again from its disks after all nodes were closed', async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    await cluster.finish(leader.execute(kv.put('color', 'red')));
    await cluster.finish(leader.snapshot());
    await cluster.finish(leader.execute(kv.put('size', 'XL')));
    await cluster.close();
    for (const id of ['a', 'b', 'c']) await cluster.start(id);
    const next = await cluster.leader();
    expect(await cluster.finish(get(next, 'color'))).toBe('red');
    expect(await cluster.finish(get(next, 'size'))).toBe('XL');
    expect(await cluster.converge()).toHaveLength(1);
  });

  it('brings a node that was away too long up by a snapshot', async () => {
    const cluster = await openCluster({ keepBytesBehindSnapshot: 10_000 });
    const leader = await cluster.leader();
    const [away] = cluster.others(leader.node);
    if (away === undefined) throw new Error('no follower');
    await cluster.stop(away.node);
    const commands = Array.from({ length: 2_000 }, (_, n) =>
      kv.put(`key-${String(n)}`, 'x'.repeat(200)),
    );
    await cluster.finish(leader.executeAll(commands));
    for (const replica of cluster.others()) await cluster.finish(replica.snapshot());
    expect(leader.status.firstIndex).toBeGreaterThan(1);

    const back = await cluster.start(away.node);
    await cluster.finish(leader.execute(kv.put('color', 'red')));
    expect(await cluster.finish(get(back, 'color'))).toBe('red');
    expect(back.counters['snapshots_restored']).toBe(1);
    expect(await cluster.converge()).toHaveLength(1);
  });

  it('grows by a learner, promotes it, and goes on without its first leader', async () => {
    const cluster = await openCluster();
    const old = await cluster.leader();
    await cluster.finish(old.execute(kv.put('color', 'red')));

    const added = await cluster.start('d');
    await cluster.finish(old.changeMembership([{ type: 'add-learner', member: { id: 'd' } }]));
    await cluster.until(
      () => added.status.appliedIndex === old.status.appliedIndex,
      'the learner to catch up',
    );
    expect(added.status.role).toBe('learner');
    expect(await cluster.finish(get(added, 'color'))).toBe('red');

    await cluster.finish(old.changeMembership([{ type: 'add-voter', member: { id: 'd' } }]));
    await cluster.finish(added.changeMembership([{ type: 'remove', id: old.node }]));
    const next = await cluster.leader(() => cluster.others(old.node));
    await cluster.finish(next.execute(kv.put('color', 'blue')));
    await cluster.stop(old.node);
    expect(next.status.membership.voters.map(({ id }) => id)).not.toContain(old.node);
    expect(next.status.membership.voters).toHaveLength(3);
    expect(await cluster.finish(get(added, 'color'))).toBe('blue');
    expect(await cluster.converge()).toHaveLength(1);
  });

  it('hands leadership over on request, and at close', async () => {
    const cluster = await openCluster();
    const first = await cluster.leader();
    const [target] = cluster.others(first.node);
    if (target === undefined) throw new Error('no follower');
    await cluster.finish(first.transferLeadership(target.node));
    await cluster.until(() => target.status.role === 'leader', 'the target to lead');
    await cluster.finish(target.execute(kv.put('color', 'red')));
    await cluster.stop(target.node);
    const third = await cluster.leader();
    expect(await cluster.finish(get(third, 'color'))).toBe('red');
  });
});
