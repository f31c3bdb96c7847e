/**
 * Leases of a key-value machine in whole groups, on virtual time: they end by entries of the leader, at the same
 * place everywhere, and a new leader gives them all of their time again.
 */
import { expectType, kv } from '@quorate/machine-kv';
import { afterEach, describe, expect, it } from 'vitest';
import { algorithms } from './algorithms.ts';
import { Cluster, type KvReplica } from './cluster.ts';

let open: Cluster | undefined;

afterEach(async () => {
  await open?.close();
  open = undefined;
});

const ttlMs = 3_000;

describe.each(algorithms)('a lease on $name', ({ algorithm }) => {
  async function openCluster(): Promise<Cluster> {
    open = await Cluster.open(['a', 'b', 'c'], { algorithm: () => algorithm() });
    return open;
  }

  /** A key that hangs on a lease; its number. */
  async function grant(cluster: Cluster, replica: KvReplica): Promise<number> {
    const granted = await cluster.finish(replica.execute(kv.lease.grant(ttlMs)));
    const { lease } = expectType(granted, 'lease-grant');
    await cluster.finish(replica.execute(kv.put('worker', 'here', { lease })));
    return lease;
  }

  async function isThere(cluster: Cluster, replica: KvReplica): Promise<boolean> {
    const answer = await cluster.finish(replica.query(kv.get('worker')));
    return expectType(answer, 'get').pair !== undefined;
  }

  it('lasts while it is kept alive, and ends on all replicas when it is not', async () => {
    const cluster = await openCluster();
    const leader = await cluster.leader();
    const lease = await grant(cluster, leader);
    for (let renewal = 0; renewal < 5; renewal++) {
      await cluster.runtime.run(ttlMs - 1_000);
      const kept = await cluster.finish(leader.execute(kv.lease.keepAlive(lease)));
      expect(kept).toMatchObject({ found: true, ttlMs });
    }
    expect(await isThere(cluster, leader)).toBe(true);
    await cluster.runtime.run(ttlMs + 500);
    for (const replica of cluster.others()) {
      expect(await isThere(cluster, replica)).toBe(false);
    }
    const gone = await cluster.finish(leader.execute(kv.lease.keepAlive(lease)));
    expect(gone).toMatchObject({ found: false });
    expect(await cluster.converge()).toHaveLength(1);
  });

  it('has all of its time again when somebody else leads', async () => {
    const cluster = await openCluster();
    const old = await cluster.leader();
    await grant(cluster, old);
    await cluster.runtime.run(ttlMs - 200);
    await cluster.crash(old.node);
    const leader = await cluster.leader();
    // The time that it had from the old leader is over by now.
    await cluster.runtime.run(1_000);
    expect(await isThere(cluster, leader)).toBe(true);
    await cluster.runtime.run(ttlMs + 500);
    expect(await isThere(cluster, leader)).toBe(false);
    expect(await cluster.converge()).toHaveLength(1);
  });
});
