/**
 * Whole logs under faults, on virtual time: messages lost, doubled, overtaken; partitions; crashes
 * that lose unsynced writes; disks that stall and fail; nodes that close, come back, join and go;
 * transfers; snapshots; commands, reads and aborts at every node.
 *
 * Replay one seed with `QUORATE_SEED=17`, or widen with `QUORATE_SEEDS=2000`.
 */
import {
  emptyMembership,
  type LogIndex,
  type MemberChange,
  memberIds,
  type Membership,
  type NodeId,
  QuorateError,
  type Random,
  seededRandom,
  utf8,
  voterIds,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { algorithms, type TestedAlgorithm } from './harness/algorithms.ts';
import { TestCluster, type TestNode } from './harness/cluster.ts';
import { Submission } from './harness/recorder.ts';

const { QUORATE_SEED, QUORATE_SEEDS } = process.env;
const seeds =
  QUORATE_SEED === undefined
    ? Array.from({ length: Number(QUORATE_SEEDS ?? 10) }, (_, at) => at + 1)
    : [Number(QUORATE_SEED)];

describe.each(algorithms)('whole logs on $name under faults', ({ name, algorithm }) => {
  it(`keep every promise to their callers (${String(seeds.length)} seeds)`, async () => {
    for (const seed of seeds) {
      try {
        await run(seed, algorithm);
      } catch (error) {
        throw new Error(
          `seed ${String(seed)} fails on ${name}; replay: ` +
            `QUORATE_SEED=${String(seed)} npx vitest run packages/log/test/cluster.test.ts -t '${name}'`,
          { cause: error },
        );
      }
    }
  }, 600_000);
});

/** What may happen in one run. */
interface Chaos {
  readonly cluster: TestCluster;
  readonly world: Random;
  /** Calls whose promises are checked as they settle. */
  readonly calls: Promise<void>[];
  /** Appends that were aborted before they were handed on: they must never happen. */
  readonly never: string[];
  /** The highest index that each node has ever applied, in any of its lives. */
  readonly reached: Map<NodeId, LogIndex>;
}

async function run(seed: number, algorithm: TestedAlgorithm['algorithm']): Promise<void> {
  const world = seededRandom(seed * 7919);
  const size = world.pick([1, 3, 3, 3, 5]);
  const cluster = new TestCluster({
    algorithm,
    seed,
    nodes: ['n1', 'n2', 'n3', 'n4', 'n5'].slice(0, size),
    joiners: ['n6'],
    diskLatencyMs: world.pick([
      [0, 0],
      [0.3, 3],
      [5, 60],
    ] as const),
    limits: {
      snapshotLogBytes: world.pick([2_000, 20_000, Number.POSITIVE_INFINITY]),
      snapshotChunkBytes: 700,
      snapshotWindow: world.pick([1, 4]),
      snapshotTimeoutMs: 1_000,
      snapshotPinMs: world.pick([1, 60_000]),
      snapshotBytesPerSecond: world.pick([20_000, Number.POSITIVE_INFINITY]),
      maxEntryBytes: world.pick([200, 256 * 1024]),
      requestTimeoutMs: 4_000,
      lingerMs: world.pick([50, 3_000]),
    },
  });
  cluster.network.setFaults({
    loss: world.pick([0, 0.02, 0.2]),
    duplication: world.pick([0, 0.1]),
    reordering: world.pick([0, 0.1]),
    maxDelayMs: world.pick([2, 20]),
  });
  const chaos: Chaos = {
    cluster,
    world,
    calls: [],
    never: [],
    reached: new Map(),
  };
  const faults = faultsOf(world);
  await cluster.start();

  for (let step = 0; step < 60; step++) {
    // They are looked at in the end; until then a failed one is not an unhandled one.
    for (const call of chaos.calls) call.catch(() => undefined);
    for (const node of up(cluster)) {
      for (let commands = world.below(4); commands > 0; commands--) cluster.submit(node);
    }
    for (const { chance, strike } of faults) {
      if (world.chance(chance) && up(cluster).length > 0) await strike(chaos);
    }
    // A restart begins with an empty consumer.
    noteReached(chaos);
    for (const node of cluster.nodes) {
      if (!node.up && world.chance(0.15)) await cluster.restart(node);
    }
    if (world.chance(0.2)) cluster.network.heal();
    for (const node of cluster.nodes) if (world.chance(0.3)) node.disk.resume();
    await cluster.runtime.run(world.between(5, 300));
    noteReached(chaos);
  }

  cluster.network.heal();
  cluster.network.setFaults({ loss: 0, duplication: 0, reordering: 0, maxDelayMs: 2 });
  for (const node of cluster.nodes) {
    node.disk.resume();
    if (!node.up) await cluster.restart(node);
  }
  await cluster.elected();
  await cluster.until(
    () => cluster.submissions.every(({ ending }) => ending !== 'waiting'),
    10_000,
    'an answer to every caller',
  );
  await cluster.settle(Promise.all(chaos.calls));
  const last = await proposeUntilApplied(cluster);
  const isMember = ({ id }: TestNode): boolean =>
    memberIds(cluster.leader()?.log.status.membership ?? emptyMembership).includes(id);
  await cluster.until(
    () =>
      cluster.leader() !== undefined &&
      cluster.nodes
        .filter(isMember)
        .every(({ consumer }) => consumer.applied >= (last.index ?? Infinity)),
    10_000,
    'equal logs everywhere',
  );
  check(cluster.nodes.filter(isMember), cluster, chaos.never);
  await cluster.close();
  await cluster.runtime.run(100);
  expect(cluster.runtime.pending, 'timers after the end').toBe(0);
}

const up = ({ nodes }: TestCluster): TestNode[] => nodes.filter((node) => node.up);

interface Fault {
  readonly chance: number;
  readonly strike: (chaos: Chaos) => Promise<void> | void;
}

/** What this run has to bear. */
function faultsOf(world: Random): readonly Fault[] {
  const sometimes = (share: number, fault: Fault): Fault[] => (world.chance(share) ? [fault] : []);
  return [
    { chance: 0.3, strike: barrier },
    { chance: 0.05, strike: transfer },
    ...sometimes(0.5, { chance: 0.3, strike: appendAndAbort }),
    ...sometimes(0.5, { chance: 0.2, strike: acknowledgedByAll }),
    ...sometimes(0.5, { chance: 0.08, strike: snapshot }),
    ...sometimes(0.5, { chance: 0.08, strike: crash }),
    ...sometimes(0.4, { chance: 0.05, strike: closeGracefully }),
    ...sometimes(0.6, { chance: 0.1, strike: partition }),
    ...sometimes(0.4, { chance: 0.08, strike: changeMembership }),
    ...sometimes(0.3, { chance: 0.06, strike: stallDisk }),
    ...sometimes(0.3, { chance: 0.03, strike: failDisk }),
  ];
}

/** A signal that fires after so long, unless its call is over before. */
function abortIn(
  { runtime }: TestCluster,
  ms: number,
): { readonly signal: AbortSignal; readonly over: () => void } {
  const controller = new AbortController();
  const timer = runtime.setTimer(ms, () => {
    controller.abort();
  });
  return {
    signal: controller.signal,
    over: () => {
      timer.cancel();
    },
  };
}

/** A barrier covers every command that was answered before it was asked for. */
function barrier({ cluster, world, calls }: Chaos): void {
  const answered = cluster.submissions.flatMap(({ index }) => (index === undefined ? [] : [index]));
  const least = Math.max(0, ...answered);
  const { log } = world.pick(up(cluster));
  const patience = abortIn(cluster, world.chance(0.1) ? world.below(50) : 100_000);
  const guarantee = world.pick(['linearizable', 'lease'] as const);
  calls.push(
    log
      .barrier(guarantee, { signal: patience.signal })
      .then(
        (index) => {
          if (index >= least) return;
          throw new Error(
            `a ${guarantee} barrier at ${String(index)} misses an answered command at ${String(least)}`,
          );
        },
        () => undefined,
      )
      .finally(patience.over),
  );
}

function transfer({ cluster, world, calls }: Chaos): void {
  const { log } = world.pick(up(cluster));
  calls.push(log.transferLeadership().catch(() => undefined));
}

/** Of what a signal has given up, only what was handed on may happen. */
function appendAndAbort({ cluster, world, calls, never }: Chaos): void {
  const node = world.pick(up(cluster));
  const submission = new Submission(`a${String(cluster.submissions.length)}`);
  cluster.submissions.push(submission);
  const patience = abortIn(cluster, world.below(100));
  calls.push(
    node.log
      .append([utf8(submission.command)], { signal: patience.signal })
      .then(
        (index) => {
          submission.applied(index);
        },
        (error: unknown) => {
          if (!(error instanceof QuorateError)) throw error;
          if (error.code === 'ABORTED') never.push(submission.command);
          submission.reject(error);
        },
      )
      .finally(patience.over),
  );
}

/** Whoever waits for all is told only when every voter has applied the command. */
function acknowledgedByAll({ cluster, world, calls, reached }: Chaos): void {
  const node = world.pick(up(cluster));
  const index = node.consumer.applied + world.below(3);
  const patience = abortIn(cluster, 4_000);
  calls.push(
    node.log
      .appliedByAll(index, { signal: patience.signal })
      .then(
        () => {
          noteReached({ cluster, reached });
          const missing = (membership: Membership): NodeId[] =>
            voterIds(membership).filter((voter) => (reached.get(voter) ?? 0) < index);
          const now = missing(node.log.status.membership);
          // The frame that brought the last answer may have brought another membership too, behind it.
          if (now.length === 0 || missing(node.membership).length === 0) return;
          throw new Error(`${now.join(', ')} has not applied ${String(index)}`);
        },
        () => undefined,
      )
      .finally(patience.over),
  );
}

function snapshot({ cluster, world, calls }: Chaos): void {
  const { log, consumer } = world.pick(up(cluster));
  const least = log.status.snapshotIndex;
  calls.push(
    log.snapshot().then(
      (index) => {
        expect(index).toBeGreaterThanOrEqual(least);
        expect(index).toBeLessThanOrEqual(Math.max(consumer.applied, log.status.snapshotIndex));
      },
      (error: unknown) => {
        expect(['CLOSED', 'STORAGE_FAILED']).toContain((error as QuorateError).code);
      },
    ),
  );
}

function crash({ cluster, world }: Chaos): Promise<void> {
  return cluster.crash(world.pick(up(cluster)));
}

/** A node that is closed and started again loses nothing, not even what its disk had not written. */
async function closeGracefully({ cluster, world }: Chaos): Promise<void> {
  const node = world.pick(up(cluster));
  node.disk.resume();
  node.up = false;
  await cluster.settle(node.log.close());
}

function partition({ cluster, world }: Chaos): void {
  const cut = world.pick(cluster.nodes).id;
  if (world.chance(0.5)) cluster.network.isolate(cut);
  else cluster.network.block(cut, world.pick(cluster.nodes).id);
}

function changeMembership({ cluster, world, calls }: Chaos): void {
  const { log } = world.pick(up(cluster));
  const { id } = world.pick([...cluster.nodes, cluster.node('n6'), cluster.node('n6')]);
  const step = world.pick<MemberChange>([
    { type: 'add-voter', member: { id } },
    { type: 'add-learner', member: { id } },
    { type: 'remove', id },
  ]);
  calls.push(
    log.changeMembership([step]).then(
      () => undefined,
      () => undefined,
    ),
  );
}

function stallDisk({ cluster, world }: Chaos): void {
  world.pick(up(cluster)).disk.stall();
}

/** A write fails: the node stops, and nothing of what it had not written was acknowledged. */
async function failDisk({ cluster, world }: Chaos): Promise<void> {
  const node = world.pick(up(cluster));
  node.disk.resume();
  node.up = false;
  node.disk.failWrite(1);
  await cluster.runtime.run(world.between(0, 200));
  await cluster.crash(node);
}

function noteReached({ cluster, reached }: Pick<Chaos, 'cluster' | 'reached'>): void {
  for (const { id, consumer } of cluster.nodes) {
    reached.set(id, Math.max(reached.get(id) ?? 0, consumer.applied));
  }
}

async function proposeUntilApplied(cluster: TestCluster): Promise<Submission> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const submission = cluster.submit(await cluster.elected());
    await cluster.until(() => submission.ending !== 'waiting', 10_000, 'the last command');
    if (submission.ending === 'applied') return submission;
  }
  throw new Error('no command gets through in a healed cluster');
}

function check(
  members: readonly TestNode[],
  { nodes, submissions }: TestCluster,
  never: readonly string[],
): void {
  const [first] = members;
  if (first === undefined) throw new Error('no members');
  const all = first.consumer.commands;
  for (const { consumer } of members) expect(consumer.commands).toEqual(all);
  // Whoever was removed saw the same, as far as it got.
  for (const { consumer } of nodes) {
    expect(consumer.commands).toEqual(all.slice(0, consumer.commands.length));
  }
  const places = new Map<string, number>();
  for (const [index, command] of all) {
    expect(places.has(command), `${command} is applied once`).toBe(false);
    places.set(command, index);
  }
  for (const { command, ending, index, code } of submissions) {
    if (ending === 'applied') {
      expect(places.get(command), `${command} was answered`).toBe(index);
    } else if (ending === 'rejected') {
      expect(places.has(command), `${command} was definitely rejected (${code ?? ''})`).toBe(false);
    } else {
      expect(ending).toBe('unknown');
    }
  }
  for (const command of never) expect(places.has(command), command).toBe(false);
}
