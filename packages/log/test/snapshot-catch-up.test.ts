/**
 * A node that was away past compaction: whole logs on virtual time, while writes go on.
 */
import type { Algorithm } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { replicating } from './harness/algorithms.ts';
import { TestCluster, type TestNode } from './harness/cluster.ts';

const chunkBytes = 500;
const windowBytes = 4 * chunkBytes;
const snapshotTimeoutMs = 1000;

/** What n3 is away from. */
interface Setup {
  readonly algorithm: () => Algorithm<unknown>;
  readonly snapshotBytesPerSecond: number;
  /** How long each frame to or from n3 takes on top. @default 0 */
  readonly delayMs?: number;
}

interface Away {
  readonly cluster: TestCluster;
  readonly leader: TestNode;
  readonly behind: TestNode;
  /** Size of the content that n3 has restored last. */
  readonly restoredBytes: () => number;
  /** Ends the writes. */
  readonly quiet: () => void;
}

/** A group in which n3 was away for so long that it needs a snapshot, and is back now; writes go on. */
async function withOneBehind({ delayMs, ...setup }: Setup): Promise<Away> {
  const cluster: TestCluster = new TestCluster({
    algorithm: setup.algorithm,
    seed: 3,
    limits: {
      snapshotChunkBytes: chunkBytes,
      snapshotWindow: 4,
      snapshotTimeoutMs,
      snapshotBytesPerSecond: setup.snapshotBytesPerSecond,
      snapshotLogBytes: 4000,
      // However large the state is: that the next ones overtake a transfer is the point.
      snapshotLogFactor: 0.01,
    },
    intercept: (to, from, _frame, handOn) => {
      if (delayMs === undefined || (to !== 'n3' && from !== 'n3')) handOn();
      else cluster.runtime.setTimer(delayMs, handOn);
    },
  });
  await cluster.start();
  // It is not the leader, whoever is.
  cluster.network.isolate('n3');
  await cluster.until(() => (cluster.leader()?.id ?? 'n3') !== 'n3', 20_000, 'another leader');
  const behind = cluster.node('n3');
  await cluster.crash(behind);
  const leader = await cluster.elected();
  const sizes = new Map<number, number>();
  leader.log.on((event) => {
    if (event.type === 'snapshot') sizes.set(event.index, event.bytes);
  });
  for (let round = 0; round < 150; round++) {
    for (let command = 0; command < 20; command++) cluster.submit(leader);
    await cluster.runtime.run(20);
  }
  // The first may be under way already, of a state before the end.
  for (let time = 0; time < 2; time++) await cluster.settle(leader.log.snapshot(), 60_000);
  expect(leader.log.status.firstIndex).toBeGreaterThan(100);
  let writing = true;
  const write = (): void => {
    if (!writing) return;
    cluster.submit(leader);
    cluster.runtime.setTimer(10, write);
  };
  write();
  await cluster.restart(behind);
  cluster.network.heal();
  let restoredIndex = 0;
  behind.log.on((event) => {
    if (event.type === 'restored') restoredIndex = event.index;
  });
  return {
    cluster,
    leader,
    behind,
    restoredBytes: () => sizes.get(restoredIndex) ?? 0,
    quiet: () => {
      writing = false;
    },
  };
}

const received = ({ log }: TestNode): number => log.counters['snapshot_bytes_received'] ?? 0;
const resumed = ({ log }: TestNode): number => log.counters['snapshot_bytes_resumed'] ?? 0;
const sent = ({ nodes }: TestCluster): number =>
  nodes.reduce((sum, { log }) => sum + (log.counters['snapshot_bytes_sent'] ?? 0), 0);

/** Runs until the node has everything, and checks that it is the same as everywhere. */
async function expectCaughtUp(
  cluster: TestCluster,
  behind: TestNode,
  leader: TestNode,
): Promise<void> {
  await cluster.until(
    () => behind.consumer.applied === leader.consumer.applied,
    60_000,
    'a node that has caught up',
  );
  expect(behind.consumer.commands).toEqual(leader.consumer.commands);
}

async function end(cluster: TestCluster): Promise<void> {
  await cluster.until(
    () => cluster.submissions.every(({ ending }) => ending !== 'waiting'),
    10_000,
    'an answer to every caller',
  );
  await cluster.close();
  await cluster.runtime.run(100);
  expect(cluster.runtime.pending, 'timers after the end').toBe(0);
  // Whatever happened to the node that was behind, the others served all the time.
  const endings = new Set(cluster.submissions.map(({ ending }) => ending));
  expect([...endings]).toEqual(['applied']);
}

describe.each(replicating)('a node that was away past compaction, on $name', (tested) => {
  const { algorithm, algorithmWith } = tested;

  it('catches up by one snapshot while writes go on', async () => {
    const { cluster, leader, behind, restoredBytes, quiet } = await withOneBehind({
      algorithm,
      snapshotBytesPerSecond: 1_000_000,
    });
    await cluster.until(() => behind.consumer.restores > 0, 20_000, 'a snapshot');
    await cluster.runtime.run(2000);
    // It follows the writes as they come.
    expect(leader.consumer.applied - behind.consumer.applied).toBeLessThan(10);
    quiet();
    await expectCaughtUp(cluster, behind, leader);
    expect(behind.consumer.restores).toBe(1);
    expect(sent(cluster)).toBe(restoredBytes());
    expect(received(behind)).toBe(restoredBytes());
    await end(cluster);
  });

  it.each([
    { name: 'for a moment', ms: 300 },
    { name: 'for longer than snapshotTimeoutMs', ms: 2.5 * snapshotTimeoutMs },
  ])('resumes each time, though its connection is cut five times $name', async ({ ms }) => {
    const { cluster, leader, behind, restoredBytes, quiet } = await withOneBehind({
      algorithm,
      snapshotBytesPerSecond: 40_000,
    });
    const { epoch } = leader.log.status;
    const published = new Set<number>();
    for (let cut = 1; cut <= 5; cut++) {
      await cluster.until(() => received(behind) >= cut * 6000, 60_000, 'a part of the snapshot');
      cluster.network.isolate('n3');
      await cluster.runtime.run(ms);
      cluster.network.heal();
      published.add(leader.log.status.snapshotIndex);
      expect(behind.consumer.restores).toBe(0);
    }
    await cluster.until(() => behind.consumer.restores > 0, 60_000, 'a snapshot');
    quiet();
    await expectCaughtUp(cluster, behind, leader);
    expect(leader.log.status.epoch).toBe(epoch);
    // Newer ones were published meanwhile, and the log was compacted behind them; yet one was enough.
    expect(published.size).toBeGreaterThanOrEqual(2);
    expect(behind.consumer.restores).toBe(1);
    expect(received(behind)).toBe(restoredBytes());
    expect(sent(cluster)).toBeLessThanOrEqual(restoredBytes() + 5 * windowBytes);
    await end(cluster);
  });

  it('goes on with what its disk has, where it loses power on the way', async () => {
    const { cluster, leader, behind, quiet } = await withOneBehind({
      algorithm,
      snapshotBytesPerSecond: 20_000,
    });
    await cluster.until(() => received(behind) > 20_000, 60_000, 'a part of the snapshot');
    await cluster.crash(behind);
    await cluster.runtime.run(2 * snapshotTimeoutMs);
    await cluster.restart(behind);
    await cluster.until(() => behind.consumer.restores > 0, 60_000, 'a snapshot');
    expect(resumed(behind)).toBeGreaterThanOrEqual(15_000);
    quiet();
    await expectCaughtUp(cluster, behind, leader);
    expect(behind.consumer.restores).toBe(1);
    await end(cluster);
  });

  it('needs no other snapshot, though the transfer takes longer than the next compactions', async () => {
    const { cluster, leader, behind, quiet } = await withOneBehind({
      algorithm,
      snapshotBytesPerSecond: 200_000,
      delayMs: 100,
    });
    const indexes = new Set<number>();
    await cluster.until(
      () => {
        indexes.add(leader.log.status.snapshotIndex);
        return behind.consumer.restores > 0;
      },
      60_000,
      'a snapshot',
    );
    expect(indexes.size).toBeGreaterThanOrEqual(4);
    quiet();
    await expectCaughtUp(cluster, behind, leader);
    expect(behind.consumer.restores).toBe(1);
    await end(cluster);
  });

  it('gets further with each snapshot where the log is not kept for it, and catches up in the end', async () => {
    const { cluster, leader, behind, quiet } = await withOneBehind({
      algorithm: () => algorithmWith({ maxHeldLogBytes: 100 }),
      snapshotBytesPerSecond: 200_000,
      delayMs: 100,
    });
    await cluster.until(() => behind.consumer.restores > 1, 60_000, 'two snapshots');
    quiet();
    await expectCaughtUp(cluster, behind, leader);
    // Each of them was brought to its end: nothing that was sent was in vain.
    expect(sent(cluster)).toBe(received(behind));
    await end(cluster);
  });

  it('is not waited for any more once it is removed', async () => {
    const { cluster, leader, behind, quiet } = await withOneBehind({
      algorithm,
      snapshotBytesPerSecond: 20_000,
    });
    await cluster.until(() => received(behind) > 3000, 60_000, 'a part of the snapshot');
    cluster.network.isolate('n3');
    await cluster.runtime.run(3 * snapshotTimeoutMs);
    expect(leader.log.counters['snapshots_sending']).toBe(1);
    await cluster.settle(leader.log.changeMembership([{ type: 'remove', id: 'n3' }]));
    await cluster.runtime.run(100);
    expect(leader.log.counters['snapshots_sending']).toBe(0);
    quiet();
    await cluster.runtime.run(1000);
    await end(cluster);
  });
});
