/**
 * What callers are told is true under faults: lost, late, doubled and reordered frames, partitions,
 * crashes, snapshots and restores. One seed decides everything; a failure names it.
 *
 * Replay one seed with `QUORATE_SEED=17`, or widen with `QUORATE_SEEDS=200`.
 */
import { OutcomeUnknownError, seededRandom } from '@quorate/core';
import { expectType, kv, type KvAnswer } from '@quorate/machine-kv';
import { describe, expect, it } from 'vitest';
import { algorithms, type TestedAlgorithm } from './algorithms.ts';
import { Cluster } from './cluster.ts';
import { type Watched, watch } from './world.ts';

const ids = ['a', 'b', 'c'] as const;

const { QUORATE_SEED, QUORATE_SEEDS } = process.env;
const seeds =
  QUORATE_SEED === undefined
    ? Array.from({ length: Number(QUORATE_SEEDS ?? 4) }, (_, at) => at + 1)
    : [Number(QUORATE_SEED)];

describe.each(algorithms)('on $name', ({ algorithm }) => {
  it.each(seeds)('seed %d', (seed) => run(seed, algorithm));
});

async function run(seed: number, algorithm: TestedAlgorithm['algorithm']): Promise<void> {
  const random = seededRandom(seed);
  const cluster = await Cluster.open(ids, {
    algorithm: () => algorithm({ keepBytesBehindSnapshot: 2_000 }),
    seed,
    limits: { executeTimeoutMs: 3_000, queryTimeoutMs: 3_000, snapshotLogBytes: 20_000 },
  });
  const writes: { readonly key: string; readonly call: Watched<unknown> }[] = [];
  const reads: { readonly call: Watched<KvAnswer>; readonly acknowledged: number }[] = [];
  let acknowledged = 0;
  const replicas = (): ReturnType<Cluster['others']> => cluster.others();
  cluster.network.setFaults({ maxDelayMs: 10, loss: 0.05, duplication: 0.05, reordering: 0.1 });

  for (let step = 0; step < 150; step++) {
    const dice = random.next();
    if (dice < 0.06 && cluster.replicas.size === ids.length) {
      await cluster.crash(random.pick(replicas()).node);
    } else if (dice < 0.12) {
      const down = ids.find((id) => !cluster.replicas.has(id));
      if (down !== undefined) await cluster.start(down);
    } else if (dice < 0.16) {
      cluster.network.isolate(random.pick(ids));
    } else if (dice < 0.22) {
      cluster.network.heal();
    }
    if (cluster.replicas.size > 0) {
      const replica = random.pick(replicas());
      const count = random.pick([1, 1, 5, 40]);
      const keys = Array.from({ length: count }, (_, n) => `key-${String(step)}-${String(n)}`);
      const acknowledge = random.chance(0.2) ? 'all' : 'quorum';
      for (const key of keys) {
        const write = replica.execute(kv.put(key, 'x'.repeat(50)), { acknowledge });
        writes.push({ key, call: watch(write) });
        write.then(
          (result) => {
            acknowledged = Math.max(acknowledged, expectType(result, 'put').revision);
          },
          () => undefined,
        );
      }
      const query = random.pick(replicas()).query(kv.info());
      reads.push({ call: watch(query), acknowledged });
    }
    await cluster.runtime.run(random.between(1, 120));
  }

  cluster.network.heal();
  cluster.network.setFaults({ maxDelayMs: 0, loss: 0, duplication: 0, reordering: 0 });
  for (const id of ids) if (!cluster.replicas.has(id)) await cluster.start(id);
  await cluster.runtime.run(4_000);

  const leader = await cluster.leader();
  const present = new Set<string>();
  for (let step = 0; step < 150; step++) {
    const range = kv.range({ prefix: `key-${String(step)}-` });
    const answer = expectType(await cluster.finish(leader.query(range)), 'range');
    for (const { key, version } of answer.pairs) {
      expect(version, `${key} happened once`).toBe(1);
      present.add(key);
    }
  }
  for (const { key, call } of writes) {
    expect(call.settled, `${key} settled once`).toBe(1);
    if (call.outcome === 'result') expect(present, 'acknowledged').toContain(key);
    else if (!(call.error instanceof OutcomeUnknownError)) {
      expect(present, 'definitely rejected').not.toContain(key);
    }
  }
  for (const { call, acknowledged: before } of reads) {
    expect(call.settled).toBe(1);
    if (call.value === undefined) continue;
    const { revision } = expectType(call.value, 'info');
    expect(revision, 'sees what was acknowledged before').toBeGreaterThanOrEqual(before);
  }
  // The faults leave room for work, or the test shows nothing.
  const results = writes.filter(({ call }) => call.outcome === 'result').length;
  expect(results).toBeGreaterThan(writes.length / 4);
  expect(await cluster.converge()).toHaveLength(1);
  for (const replica of replicas()) {
    expect(replica.status).toMatchObject({ state: 'running', pending: 0, waitingReads: 0 });
  }
  await cluster.close();
}
