/** Nodes: how their processes end, stand still and start again, in small worlds. */
import { describe, expect, it } from 'vitest';
import { runPlan } from '../../src/simulate.ts';
import type { Run } from '../../src/world/world.ts';
import type { TraceEvent } from '../../src/world/journal.ts';
import {
  algorithms,
  faultAt,
  type PlanChanges,
  planWith,
  registersOn,
  simulatedRaft,
} from '../small-worlds.ts';

/** Runs a plan, which must break no rule, and gives what happened to its nodes while there were faults. */
async function traced(
  changes: PlanChanges,
  algorithm = simulatedRaft,
): Promise<{ run: Run; events: readonly TraceEvent[] }> {
  const events: TraceEvent[] = [];
  const plan = planWith(changes);
  const run = await runPlan(plan, registersOn(algorithm), (event) => {
    if (event.event !== 'turn' && event.time < plan.runMs) events.push(event);
  });
  expect(run.violation).toBeUndefined();
  return { run, events };
}

const named = (events: readonly TraceEvent[], name: string, node: string): readonly TraceEvent[] =>
  events.filter((event) => event.event === name && event.node === node);

describe.each(algorithms)('on $name', (algorithm) => {
  it.each(['power', 'kill'] as const)(
    'a %s ends a process, which starts again after a while',
    async (how) => {
      const crash = faultAt(1500, { type: 'crash', target: 0, how, loss: 'unsynced', downMs: 300 });
      const { run, events } = await traced({ faults: [crash] }, algorithm);
      expect(named(events, 'crashes', 'n1')).toMatchObject([{ time: 1500 }]);
      expect(named(events, 'starts', 'n1').map(({ time }) => time)).toEqual([0, 1800]);
      expect(named(events, 'starts', 'n2')).toHaveLength(1);
      expect(run.coverage.get('restarted with its data')).toBe(1);
      // Nothing comes from it meanwhile.
      const sent = events.filter(({ event, node }) => node === 'n1' && event.startsWith('sends'));
      expect(sent.filter(({ time }) => time > 1500 && time < 1800)).toEqual([]);
      expect(sent.some(({ time }) => time > 1800)).toBe(true);
    },
  );

  it('the power goes in the middle of an operation of the disk', async () => {
    const crash = faultAt(1500, {
      type: 'crash',
      target: 0,
      how: 'operation',
      loss: 'garbage',
      downMs: 0,
    });
    const { run, events } = await traced({ faults: [crash] }, algorithm);
    expect(named(events, 'loses power in an operation', 'n1')).toHaveLength(1);
    expect(named(events, 'starts', 'n1')).toHaveLength(2);
    expect(run.coverage.get('restarted with its data')).toBe(1);
  });

  it('a process that is asked to end does, and starts again', async () => {
    const crash = faultAt(1500, {
      type: 'crash',
      target: 1,
      how: 'close',
      loss: 'nothing',
      downMs: 500,
    });
    const { events } = await traced({ faults: [crash] }, algorithm);
    expect(named(events, 'closes', 'n2')).toHaveLength(1);
    expect(named(events, 'crashes', 'n2')).toEqual([]);
    const [first, second] = named(events, 'starts', 'n2').map(({ time }) => time);
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(2000);
  });

  it('all lose power at once, and nothing is lost', async () => {
    const outage = faultAt(1500, { type: 'outage', loss: 'garbage', downMs: 200 });
    const { run, events } = await traced({ faults: [outage] }, algorithm);
    for (const node of ['n1', 'n2', 'n3']) expect(named(events, 'starts', node)).toHaveLength(2);
    expect(run.coverage.get('restarted with its data')).toBe(3);
    expect(run.operations.ok).toBeGreaterThan(50);
  });

  it('a process that is paused does nothing, and then goes on', async () => {
    const pause = faultAt(1500, { type: 'pause', target: 2, ms: 1000 });
    const { events } = await traced({ faults: [pause] }, algorithm);
    const sent = events.filter(({ event, node }) => node === 'n3' && event.startsWith('sends'));
    expect(sent.filter(({ time }) => time > 1500 && time < 2500)).toEqual([]);
    expect(sent.some(({ time }) => time >= 2500)).toBe(true);
    expect(named(events, 'starts', 'n3')).toHaveLength(1);
  });

  it('a paused leader is followed by another one, and answers nothing that is out of date', async () => {
    const faults = [1000, 2500, 4000].map((at) =>
      faultAt(at, { type: 'pause', target: 'leader', ms: 1200 }),
    );
    // The history shows whether an answer was; reads under a lease are what is in danger.
    const { run } = await traced(
      { runMs: 6000, faults, clients: { thinkMs: 10, leaseReads: 1, count: 6, operations: 3000 } },
      algorithm,
    );
    expect(run.coverage.get('leader deposed')).toBeGreaterThanOrEqual(2);
    expect(run.coverage.get('read under a lease')).toBeGreaterThan(20);
  });
});

describe('a node', () => {
  it('whose disk fails stops, and starts again when it can', async () => {
    const error = faultAt(1500, { type: 'disk-error', target: 0, operation: 'sync', nth: 1 });
    const { run, events } = await traced({ faults: [error] });
    expect(named(events, 'fails', 'n1')).toHaveLength(1);
    expect(named(events, 'starts', 'n1').length).toBeGreaterThanOrEqual(2);
    expect(run.coverage.get('stopped by its disk')).toBe(1);
  });

  it('that crashes again and again comes back with all it had', async () => {
    const faults = Array.from({ length: 12 }, (_, at) =>
      faultAt(500 + at * 400, {
        type: 'crash',
        target: at % 3,
        how: 'power',
        loss: 'garbage',
        downMs: 50,
      }),
    );
    const { run } = await traced({ runMs: 6000, faults });
    expect(run.coverage.get('restarted with its data')).toBe(12);
    expect(run.operations.ok).toBeGreaterThan(100);
  });
});
