/** Each kind of fault in a small world: that it strikes, what it does, and that it ends. */
import { describe, expect, it } from 'vitest';
import type { Fault, FaultType } from '../../src/faults/fault.ts';
import { strike } from '../../src/faults/strike.ts';
import { runPlan } from '../../src/simulate.ts';
import { canLose } from '../../src/world/stage.ts';
import type { World } from '../../src/world/world.ts';
import {
  algorithms,
  faultAt,
  type PlanChanges,
  planWith,
  registersOn,
  simulatedRaft,
  worldWith,
  writesOn,
} from '../small-worlds.ts';

/** For as long as there are faults, and longer. */
const ms = 1_000_000;

/** One of each kind, that would not end by itself where there is an end to it. */
const lasting: { readonly [T in FaultType]: Fault } = {
  crash: faultAt(800, { type: 'crash', target: 0, how: 'power', loss: 'partly', downMs: ms }),
  outage: faultAt(800, { type: 'outage', loss: 'garbage', downMs: ms }),
  pause: faultAt(800, { type: 'pause', target: 'leader', ms: 2500 }),
  partition: faultAt(800, { type: 'partition', shape: 'halves', ms }),
  flapping: faultAt(800, { type: 'flapping', target: 'leader', periodMs: 150, ms }),
  clog: faultAt(800, { type: 'clog', ms }),
  'clog-one-by-one': faultAt(800, { type: 'clog-one-by-one', eachMs: ms }),
  weather: faultAt(800, {
    type: 'weather',
    ms,
    loss: 0.9,
    duplication: 0.5,
    replay: 0.5,
    corruption: 0.5,
    delayMs: 1000,
  }),
  'disk-stall': faultAt(800, { type: 'disk-stall', target: 'leader', ms }),
  'disk-slow': faultAt(800, { type: 'disk-slow', target: 'leader', ms, factor: 1000 }),
  'disk-full': faultAt(800, { type: 'disk-full', target: 'leader', ms }),
  'disk-error': faultAt(800, { type: 'disk-error', target: 'leader', operation: 'sync', nth: 2 }),
  'bit-rot': faultAt(800, { type: 'bit-rot', target: 2, flips: 8 }),
  'misdirected-write': faultAt(800, { type: 'misdirected-write', target: 2 }),
  'clock-jump': faultAt(800, { type: 'clock-jump', target: 'leader', ms: -10_000_000 }),
  'clock-drift': faultAt(800, { type: 'clock-drift', target: 'leader', rate: 1.04 }),
  change: faultAt(800, { type: 'change', kind: 'add' }),
  transfer: faultAt(800, { type: 'transfer', target: 'anybody' }),
  snapshot: faultAt(800, { type: 'snapshot', target: 'leader' }),
  overload: faultAt(800, { type: 'overload', operations: 50, target: 'leader' }),
  'client-crash': faultAt(800, { type: 'client-crash', target: 0, how: 'kill', downMs: 2000 }),
  'client-pause': faultAt(800, { type: 'client-pause', target: 0, ms: 2500 }),
  'client-cut': faultAt(800, { type: 'client-cut', target: 0, direction: 'both', ms }),
  'client-burst': faultAt(800, { type: 'client-burst', target: 0, operations: 10 }),
  'client-reset': faultAt(800, { type: 'client-reset', target: 0 }),
};

describe('a fault that is still on when faults end', () => {
  for (const { name, ...algorithm } of algorithms) {
    it.each(Object.values(lasting))(
      `strikes once, and is over then: $type, on ${name}`,
      async (fault) => {
        const sessions = { ...planWith().clients.sessions, share: 0.5 };
        const plan = planWith({ runMs: 1500, spares: 1, faults: [fault], clients: { sessions } });
        const run = await runPlan(plan, registersOn({ name, ...algorithm }));
        expect(run.violation).toBeUndefined();
        const struck = [...run.faults].filter(([kind]) =>
          kind.startsWith(fault.type.replace('client-', 'client ')),
        );
        expect(struck.map(([, times]) => times)).toEqual([1]);
        expect(run.recoveredAfterMs).toBeLessThan(20_000);
      },
    );
  }
});

/** When writes are answered in a world of one node, while something is wrong with it from 1000 on. */
async function answersDuring(fault: Fault): Promise<readonly number[]> {
  const times: number[] = [];
  const parts = writesOn(simulatedRaft);
  const run = await runPlan(
    planWith({ voters: 1, runMs: 4000, faults: [fault], clients: { thinkMs: 20 } }),
    parts,
    ({ event, time }) => {
      if (event === 'ok') times.push(time);
    },
  );
  expect(run.violation).toBeUndefined();
  return times;
}

const within = (times: readonly number[], from: number, to: number): number =>
  times.filter((time) => time > from && time < to).length;

describe('a disk', () => {
  it('that stalls lets nothing be answered until it goes on', async () => {
    const times = await answersDuring(faultAt(1000, { type: 'disk-stall', target: 0, ms: 1000 }));
    expect(within(times, 800, 1000)).toBeGreaterThan(5);
    expect(within(times, 1000, 2000)).toBeLessThan(3);
    expect(within(times, 2000, 2200)).toBeGreaterThan(5);
  });

  it('that is slow lets less be answered until it is as before', async () => {
    const fault = faultAt(1000, { type: 'disk-slow', target: 0, ms: 1000, factor: 200 });
    const times = await answersDuring(fault);
    const usual = within(times, 500, 1000) / 500;
    expect(within(times, 1000, 2000) / 1000).toBeLessThan(usual / 2);
    expect(within(times, 2100, 3000) / 900).toBeGreaterThan(usual / 2);
  });

  it('that is full ends its process, until there is space again', async () => {
    const times = await answersDuring(faultAt(1000, { type: 'disk-full', target: 0, ms: 1000 }));
    expect(within(times, 1100, 2000)).toBe(0);
    expect(within(times, 2000, 4000)).toBeGreaterThan(20);
  });

  it('whose failure does not come about in time fails no more', async () => {
    const fault = faultAt(100, { type: 'disk-error', target: 0, operation: 'rename', nth: 1000 });
    expect(within(await answersDuring(fault), 200, 4000)).toBeGreaterThan(100);
  });
});

describe('a clock', () => {
  it('is set, and runs at another rate', async () => {
    const faults = [
      faultAt(1000, { type: 'clock-jump', target: 1, ms: -5000 }),
      faultAt(1000, { type: 'clock-drift', target: 1, rate: 1.05 }),
    ];
    const world = worldWith({ runMs: 2000, faults });
    const clocks = world.nodes.map(({ clock }) => clock);
    const before = clocks.map((clock) => clock.wall(1000));
    const run = await world.run();
    expect(run.violation).toBeUndefined();
    expect(clocks.map(({ rate }) => rate)).toEqual([1, 1.05, 1]);
    expect(clocks.map((clock, at) => clock.wall(1000) - (before[at] ?? 0))).toEqual([0, -5000, 0]);
  });
});

describe('what is damaged', () => {
  /** A world whose nodes have written something. */
  async function running(changes: PlanChanges): Promise<World> {
    const world = worldWith({ runMs: 100_000, ...changes });
    for (const node of world.nodes) node.start();
    await world.schedule.run(2000, () => false);
    return world;
  }

  const rot = (target: number): Fault => faultAt(2000, { type: 'bit-rot', target, flips: 3 });
  const misdirect = (target: number): Fault => faultAt(2000, { type: 'misdirected-write', target });

  it.each([
    { voters: 1, most: 0 },
    { voters: 2, most: 0 },
    { voters: 3, most: 1 },
    { voters: 5, most: 2 },
  ])('of $voters voters is on $most at most', async ({ voters, most }) => {
    const world = await running({ voters });
    for (const node of world.nodes.keys()) {
      strike(world, rot(node));
      strike(world, misdirect(node));
    }
    const damaged = world.nodes.filter((node) => node.damaged);
    expect(damaged.map(({ id }) => id)).toEqual(['n1', 'n2'].slice(0, most));
    // What is damaged already may be damaged more.
    expect(world.journal.faults.get('bit-rot') ?? 0).toBe(most);
    expect(world.journal.faults.get('misdirected-write') ?? 0).toBe(most);
  });

  it('counts with what is refused, and with what would be lost besides', () => {
    const world = worldWith({ voters: 5, spares: 1 });
    const [first, second] = world.nodes;
    expect(canLose(world, ['n1', 'n2'])).toBe(true);
    expect(canLose(world, ['n1', 'n2', 'n3'])).toBe(false);
    if (first !== undefined) first.strikes = 1;
    expect(canLose(world, ['n1', 'n2'])).toBe(true);
    expect(canLose(world, ['n2', 'n3'])).toBe(false);
    if (second !== undefined) second.broken = true;
    expect(canLose(world, [])).toBe(true);
    expect(canLose(world, ['n3'])).toBe(false);
    // Who has no vote may go.
    expect(canLose(world, ['n6'])).toBe(true);
  });

  it.each(['bit-rot', 'misdirected-write'] as const)(
    'by %s is noticed at the next start, and the rest goes on',
    async (type) => {
      const found: string[] = [];
      for (let seed = 1; seed <= 8; seed++) {
        const fault: Fault =
          type === 'bit-rot'
            ? faultAt(1200, { type, target: 1, flips: 6 })
            : faultAt(1200, { type, target: 1 });
        const kill = {
          type: 'crash',
          target: 1,
          how: 'kill',
          loss: 'nothing',
          downMs: 50,
        } as const;
        const plan = planWith({
          seed,
          runMs: 3000,
          faults: [{ ...fault, seed }, faultAt(1800, kill)],
        });
        const run = await runPlan(plan, writesOn(simulatedRaft));
        expect(run.violation).toBeUndefined();
        found.push(...run.coverage.keys());
      }
      expect(found).toContain('damage refused');
    },
  );
});

describe('operators', () => {
  it.each(algorithms)('change who is in the group, on $name', async (algorithm) => {
    const kinds = [
      'add',
      'replace',
      'several',
      'add',
      'remove',
      'add',
      'several',
      'remove',
    ] as const;
    const faults = kinds.map((kind, at) => faultAt(1000 + 500 * at, { type: 'change', kind }));
    const world = worldWith({ spares: 2, runMs: 6000, faults }, { parts: registersOn(algorithm) });
    const run = await world.run();
    expect(run.violation).toBeUndefined();
    for (const kind of kinds) expect(run.faults.get(`change: ${kind}`)).toBeGreaterThan(0);
    expect(run.coverage.get('membership changed')).toBeGreaterThan(3);
    expect(run.coverage.get('joint membership')).toBeGreaterThan(0);
    expect(world.membership()).not.toEqual(world.bootstrap);
  });

  it.each(algorithms)(
    'hand the leadership over, and take snapshots, on $name',
    async (algorithm) => {
      const faults = [
        ...[1000, 1600, 2200].map((at, target) => faultAt(at, { type: 'transfer', target })),
        ...[1300, 1900].map((at) => faultAt(at, { type: 'snapshot', target: 'leader' })),
      ];
      const run = await runPlan(planWith({ faults }), registersOn(algorithm));
      expect(run.violation).toBeUndefined();
      expect(run.coverage.get('leadership handed over')).toBeGreaterThan(0);
      expect(run.coverage.get('snapshot on demand')).toBe(2);
    },
  );

  it('ask for more at once than a node takes', async () => {
    const overload = faultAt(1000, { type: 'overload', operations: 100, target: 'leader' });
    const plan = planWith({ faults: [overload], limits: { maxPendingBytes: 500 } });
    const calm = await runPlan({ ...plan, faults: [] }, writesOn(simulatedRaft));
    const run = await runPlan(plan, writesOn(simulatedRaft));
    expect(run.violation).toBeUndefined();
    const total = ({ operations }: typeof run): number =>
      operations.ok + operations.failed + operations.unknown;
    expect(total(run)).toBeGreaterThan(total(calm) + 50);
    expect(run.coverage.get('refused: OVERLOADED')).toBeGreaterThan(30);
  });
});
