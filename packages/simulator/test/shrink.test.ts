/** A failure that is made small: what remains is what it takes. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../src/plan.ts';
import { shrink } from '../src/shrink.ts';
import { runPlan, simulate } from '../src/simulate.ts';
import type { Run } from '../src/world/world.ts';
import { hastyStorage, readsAtOnce } from './lies.ts';
import { faultAt, planWith, registersOn, simulatedRaft } from './small-worlds.ts';

const hasty = { ...registersOn(simulatedRaft), storage: hastyStorage };

async function failure(run: Promise<Run>): Promise<Run> {
  const failed = await run;
  expect(failed.violation).toBeDefined();
  return failed;
}

const ruleOf = ({ violation = '' }: Run): string => violation.split(':')[0] ?? '';

/** Some of everything, of which one loss of power at the wrong moment is enough. */
const plan = planWith({
  faults: Array.from({ length: 12 }, (_, at) => [
    faultAt(700 + 100 * at, { type: 'clog', ms: 100 }),
    faultAt(730 + 100 * at, { type: 'pause', target: at, ms: 40 }),
    faultAt(760 + 100 * at, {
      type: 'crash',
      target: at,
      how: 'power',
      loss: 'unsynced',
      downMs: 100,
    }),
  ]).flat(),
  clockDrift: 0.03,
  spares: 2,
  diskLatencyMs: [1, 10],
});

describe('a failure', () => {
  it('out of many faults becomes few of them and little work, breaks the same rule, and can be replayed', async () => {
    const failed = await failure(runPlan(plan, hasty));
    const heard: number[] = [];
    const { run, runs } = await shrink(failed, hasty, {
      maxRuns: 120,
      progress: (smaller, count) => {
        expect(smaller.faults.length).toBeLessThanOrEqual(heard.at(-1) ?? plan.faults.length);
        heard.push(smaller.faults.length);
        expect(count).toBeLessThanOrEqual(120);
      },
    });
    expect(ruleOf(run)).toBe('durability');
    expect(run.plan.faults.length).toBeLessThanOrEqual(3);
    expect(run.plan.faults).toContainEqual(expect.objectContaining({ type: 'crash' }));
    expect(run.plan.clients.operations).toBeLessThan(plan.clients.operations / 10);
    expect(run.plan.runMs).toBeLessThan(plan.runMs);
    expect(heard.length).toBeGreaterThan(3);
    expect(runs).toBeLessThanOrEqual(120);
    const written = JSON.parse(JSON.stringify(run.plan)) as Plan;
    const again = await runPlan(written, hasty);
    expect(again.violation).toBe(run.violation);
    expect(again.digest).toBe(run.digest);
  });

  it('of a whole history loses faults, too', async () => {
    const stale = registersOn(readsAtOnce(simulatedRaft));
    const failed = await failure(simulate(4, stale, { profile: 'crashes' }));
    expect(ruleOf(failed)).toBe('linearizability');
    const { run } = await shrink(failed, stale, { maxRuns: 25 });
    expect(ruleOf(run)).toBe('linearizability');
    expect(run.plan.faults.length).toBeLessThan(failed.plan.faults.length / 2);
  });

  it('stays as it is where nothing may be tried', async () => {
    const failed = await failure(runPlan(plan, hasty));
    expect(await shrink(failed, hasty, { maxRuns: 0 })).toEqual({ run: failed, runs: 0 });
  });
});
