/** Whole runs: the same every time, without a broken rule, with a trace that says all, on any machine. */
import { type Codec, decode, encode, type StateMachine } from '@quorate/core';
import { Violation } from '@quorate/core/checks';
import { counterModel } from '@quorate/linearizability';
import {
  kv,
  type KvAnswer,
  type KvCommand,
  kvMachine,
  type KvQuery,
  type KvResult,
} from '@quorate/machine-kv';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../src/plan.ts';
import { planOf, runPlan, simulate } from '../src/simulate.ts';
import type { Workload } from '../src/workloads/workload.ts';
import type { TraceEvent } from '../src/world/journal.ts';
import {
  algorithms,
  faultAt,
  planWith,
  registersOn,
  simulatedRaft,
  storage,
} from './small-worlds.ts';

/** A plan with something of everything, that does not take long. */
const busy: Plan = planWith({
  runMs: 3500,
  spares: 1,
  clockDrift: 0.04,
  clockSkewMs: 100,
  network: {
    delayMs: [0.1, 10],
    reordering: true,
    loss: 0.1,
    duplication: 0.1,
    replay: 0.02,
    corruption: 0.02,
  },
  faults: [
    faultAt(800, { type: 'change', kind: 'add' }),
    faultAt(900, { type: 'overload', operations: 20, target: 'leader' }),
    faultAt(1000, { type: 'crash', target: 'leader', how: 'power', loss: 'garbage', downMs: 100 }),
    faultAt(1200, { type: 'partition', shape: 'one-way', ms: 200 }),
    faultAt(1500, { type: 'disk-slow', target: 1, factor: 20, ms: 300 }),
    faultAt(1600, { type: 'pause', target: 1, ms: 300 }),
    faultAt(2200, { type: 'transfer', target: 2 }),
  ],
});

describe.each(algorithms)('a run on $name', (algorithm) => {
  it('of one seed is the same every time, to the last event', async () => {
    const parts = registersOn(algorithm);
    const seed = 11;
    const [first, second] = [await simulate(seed, parts), await simulate(seed, parts)];
    expect(second).toEqual(first);
    expect(first.digest).not.toBe((await simulate(seed + 1, parts)).digest);
  });

  it('of a plan that was written down is the same', async () => {
    const parts = registersOn(algorithm);
    const run = await runPlan(busy, parts);
    const again = await runPlan(JSON.parse(JSON.stringify(busy)) as Plan, parts);
    expect(again.digest).toBe(run.digest);
    expect(again.history).toEqual(run.history);
    const [, ...others] = busy.faults;
    expect((await runPlan({ ...busy, faults: others }, parts)).digest).not.toBe(run.digest);
    expect((await runPlan({ ...busy, seed: 2 }, parts)).digest).not.toBe(run.digest);
  });

  it('is the same whether somebody looks on or not', async () => {
    const parts = registersOn(algorithm);
    let events = 0;
    const traced = await runPlan(busy, parts, () => {
      events += 1;
    });
    expect(traced.digest).toBe((await runPlan(busy, parts)).digest);
    expect(events).toBeGreaterThan(traced.turns);
  });

  it('breaks no rule on a good day, and everything is answered', async () => {
    const parts = registersOn(algorithm);
    for (const seed of [1, 2]) {
      const drawn = planOf(seed, parts, 'calm');
      expect((await runPlan(drawn, parts)).violation).toBeUndefined();
      // Beside the nodes: who is far away may lose a connection to a node that dies after the time of faults.
      const sessions = { ...drawn.clients.sessions, share: 0 };
      const run = await runPlan({ ...drawn, clients: { ...drawn.clients, sessions } }, parts);
      expect(run.violation).toBeUndefined();
      expect(run.faults).toEqual(new Map());
      const { ok, failed, unknown } = run.operations;
      expect(ok).toBeGreaterThan(30);
      expect(unknown).toBe(0);
      // Before somebody was elected, and where a lease was not there yet.
      expect(failed).toBeLessThan(ok / 10);
      expect(run.history).toHaveLength(ok + failed);
      expect(run.network.cut + run.network.corrupted + run.network.duplicated).toBe(0);
    }
  });

  it('says how much happened', async () => {
    const run = await runPlan(busy, registersOn(algorithm));
    expect(run.violation).toBeUndefined();
    expect(run.plan).toBe(busy);
    expect(run.virtualMs).toBeCloseTo(busy.runMs + run.recoveredAfterMs, 6);
    expect(run.events).toBeGreaterThan(run.turns);
    expect(run.network.sent).toBeGreaterThan(run.network.delivered / 2);
    expect(run.faults.get('pause')).toBe(1);
    expect(run.coverage.get('leader elected')).toBeGreaterThan(1);
  });
});

describe('a trace', () => {
  it('goes forward in time, is lines of JSON, and shows each node after what it did', async () => {
    const events: TraceEvent[] = [];
    const run = await runPlan(busy, registersOn(simulatedRaft), (event) => events.push(event));
    let time = 0;
    for (const event of events) {
      expect(event.time).toBeGreaterThanOrEqual(time);
      time = event.time;
      const line = JSON.parse(JSON.stringify(event)) as TraceEvent;
      expect(line).toMatchObject({ time: event.time, event: event.event });
      if (event.event !== 'turn') continue;
      expect(event.node).toMatch(/^n\d$/);
      expect(line.state).toMatchObject({ role: event.state?.role, voters: event.state?.voters });
    }
    expect(time).toBeLessThanOrEqual(run.virtualMs);
    const names = new Set(events.map(({ event }) => event));
    for (const name of [
      'turn',
      'starts',
      'crashes',
      'pauses',
      'ok',
      'fault: pause',
      'faults end',
      'sends to n1',
    ]) {
      expect(names).toContain(name);
    }
    expect(events.filter(({ event }) => event === 'turn')).toHaveLength(run.turns);
    // What a node commits never falls within a life, and what the trace shows of it neither.
    const committed = new Map<string, number>();
    for (const { event, node = '', state } of events) {
      if (event === 'starts') committed.set(node, 0);
      if (state === undefined) continue;
      expect(state.commitIndex).toBeGreaterThanOrEqual(committed.get(node) ?? 0);
      committed.set(node, state.commitIndex);
    }
  });
});

describe('a machine of a user', () => {
  const integers: Codec<number> = {
    encode: (value, writer) => {
      writer.u32(value);
    },
    decode: (reader) => reader.u32(),
  };
  const nothing: Codec<null> = { encode: () => undefined, decode: () => null };

  function counter(): StateMachine<number, number, null, number> {
    let sum = 0;
    return {
      commands: integers,
      results: integers,
      queries: nothing,
      answers: integers,
      apply: (by) => (sum += by),
      query: () => sum,
      async *snapshot() {
        const bytes = encode(integers, sum);
        await Promise.resolve();
        yield bytes;
      },
      restore: async (chunks) => {
        for await (const chunk of chunks) if (chunk.length > 0) sum = decode(integers, chunk);
      },
    };
  }

  const workload = (most: number): Workload<number, number, null, number> => ({
    name: 'counter',
    machine: counter,
    model: counterModel(),
    next: (random) => {
      const by = 1 + random.below(5);
      return random.chance(0.5)
        ? {
            kind: 'query',
            query: null,
            input: { f: 'read', key: 'c' },
            output: (value) => ({ value }),
          }
        : {
            kind: 'execute',
            command: by,
            input: { f: 'add', key: 'c', value: by },
            output: (result) => ({ result }),
          };
    },
    applied: (machine) => {
      const sum = machine.query(null);
      if (sum > most) throw new Violation(`the counter stands at ${String(sum)}`);
    },
  });

  it('plugs in, with a workload, a model and an invariant of its own', async () => {
    const world = { algorithm: simulatedRaft, storage, workload: workload(1e6) };
    const run = await runPlan(busy, world);
    expect(run.violation).toBeUndefined();
    expect(run.operations.ok).toBeGreaterThan(30);
    expect(run.history.length).toBeGreaterThanOrEqual(run.operations.ok);
  });

  it('is stopped where its invariant is broken', async () => {
    const world = { algorithm: simulatedRaft, storage, workload: workload(30) };
    const run = await runPlan(busy, world);
    expect(run.violation).toMatch(/^the counter stands at 3\d$/);
    expect(run.virtualMs).toBeLessThan(busy.runMs);
  });

  it('may come without a model, and be one that is used for real', async () => {
    const map: Workload<KvCommand, KvResult, KvQuery, KvAnswer> = {
      name: 'map',
      machine: () => kvMachine(),
      next: (random, unique) =>
        random.chance(0.5)
          ? { kind: 'query', query: kv.get('k'), input: null, output: () => null }
          : {
              kind: 'execute',
              command: kv.put('k', String(unique)),
              input: null,
              output: () => null,
            },
    };
    const run = await runPlan(busy, { algorithm: simulatedRaft, storage, workload: map });
    expect(run.violation).toBeUndefined();
    expect(run.operations.ok).toBeGreaterThan(30);
  });
});

describe('the options of an algorithm', () => {
  it('are drawn by the seed, and by nothing else of a plan', async () => {
    const draws: number[] = [];
    const drawing = {
      name: 'raft',
      draw: (random: Parameters<typeof simulatedRaft.draw>[0]) => {
        draws.push(random.next());
        return simulatedRaft.draw(random);
      },
    };
    const parts = registersOn(drawing);
    planOf(5, parts);
    await runPlan({ ...busy, seed: 5, runMs: 100 }, parts);
    await runPlan({ ...busy, seed: 6, runMs: 100 }, parts);
    expect(draws[1]).toBe(draws[0]);
    expect(draws[2]).not.toBe(draws[0]);
  });
});
