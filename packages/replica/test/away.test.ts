/**
 * A replica that was away past compaction, on the whole stack: it comes back by a snapshot, over a
 * connection that breaks, and nobody who writes meanwhile notices.
 */
import { fromUtf8 } from '@quorate/core';
import { expectType, kv, type KvResult } from '@quorate/machine-kv';
import { afterEach, describe, expect, it } from 'vitest';
import { algorithms } from './algorithms.ts';
import { Cluster, type KvReplica } from './cluster.ts';
import { watch, type Watched } from './world.ts';

const limits = {
  snapshotChunkBytes: 4096,
  snapshotWindow: 4,
  snapshotTimeoutMs: 1000,
  snapshotBytesPerSecond: 40_000,
  snapshotLogBytes: 20_000,
};
const windowBytes = limits.snapshotChunkBytes * limits.snapshotWindow;

let open: Cluster | undefined;

afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Writes at a replica, one after the other, until it is told to stop. */
class Writer {
  readonly written: Watched<KvResult>[] = [];
  readonly #cluster: Cluster;
  readonly #replica: KvReplica;
  #stopped = false;
  /** The longest that one of them took, in virtual ms. */
  longestMs = 0;

  constructor(cluster: Cluster, replica: KvReplica) {
    this.#cluster = cluster;
    this.#replica = replica;
    this.#write();
  }

  stop(): void {
    this.#stopped = true;
  }

  #write(): void {
    const { runtime } = this.#cluster;
    const begunAt = runtime.now();
    const writing = this.#replica.execute(kv.put('n', String(this.written.length)));
    this.written.push(watch(writing));
    const next = (): void => {
      this.longestMs = Math.max(this.longestMs, runtime.now() - begunAt);
      if (this.#stopped) return;
      runtime.setTimer(10, () => {
        this.#write();
      });
    };
    writing.then(next, next);
  }
}

const received = ({ counters }: KvReplica): number => counters['snapshot_bytes_received'] ?? 0;

/** Size of the snapshot that the leader took and the other one has restored. */
function restoredBytes(cluster: Cluster, leader: KvReplica, other: KvReplica): number {
  const restored = cluster.events.get(other.node)?.find(({ type }) => type === 'restored');
  for (const event of cluster.events.get(leader.node) ?? []) {
    if (event.type !== 'snapshot' || restored?.type !== 'restored') continue;
    if (event.index === restored.index) return event.bytes;
  }
  return 0;
}

describe.each(algorithms)('a replica that was away past compaction, on $name', ({ algorithm }) => {
  it('comes back by a snapshot while writes go on, though its connection is cut five times', async () => {
    const cluster = await Cluster.open(['a', 'b', 'c'], {
      algorithm: () => algorithm({ keepBytesBehindSnapshot: 1000 }),
      limits,
    });
    open = cluster;
    const leader = await cluster.leader();
    const [away] = cluster.others(leader.node);
    if (away === undefined) throw new Error('no follower');
    await cluster.crash(away.node);
    const commands = Array.from({ length: 500 }, (_, n) =>
      kv.put(`key-${String(n)}`, 'x'.repeat(200)),
    );
    await cluster.finish(leader.executeAll(commands));
    // The first may have begun before the last command.
    for (let time = 0; time < 2; time++) await cluster.finish(leader.snapshot());
    const sent = (): number =>
      cluster
        .others()
        .reduce((sum, { counters }) => sum + (counters['snapshot_bytes_sent'] ?? 0), 0);
    const before = sent();

    const writer = new Writer(cluster, leader);
    const back = await cluster.start(away.node);
    for (let cut = 1; cut <= 5; cut++) {
      await cluster.until(() => received(back) >= cut * 16_000, 'a part of the snapshot');
      cluster.network.isolate(back.node);
      // Longer than snapshotTimeoutMs each second time.
      await cluster.runtime.run(cut % 2 === 0 ? 2500 : 400);
      cluster.network.heal();
      expect(back.counters['snapshots_restored']).toBe(0);
    }
    await cluster.until(() => back.counters['snapshots_restored'] === 1, 'a snapshot');
    await cluster.runtime.run(2000);
    writer.stop();

    expect(await cluster.converge()).toHaveLength(1);
    expect(back.counters['snapshots_restored']).toBe(1);
    const bytes = restoredBytes(cluster, leader, back);
    expect(bytes).toBeGreaterThan(100_000);
    expect(received(back)).toBe(bytes);
    expect(sent() - before).toBeLessThanOrEqual(bytes + 5 * windowBytes);
    // Everything that was written meanwhile was acknowledged, quickly, and is there.
    await cluster.until(
      () => writer.written.every(({ outcome }) => outcome === 'result'),
      'writes',
    );
    expect(writer.written.length).toBeGreaterThan(500);
    expect(writer.longestMs).toBeLessThan(100);
    const reading = await cluster.finish(back.query(kv.get('n')));
    const { pair } = expectType(reading, 'get');
    expect(pair && fromUtf8(pair.value)).toBe(String(writer.written.length - 1));
  });
});
