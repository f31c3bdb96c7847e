/** Clients far away: the production client on streams, with sessions that expire, move and repeat. */
import { describe, expect, it } from 'vitest';
import { runPlan } from '../../src/simulate.ts';
import { algorithms, faultAt, planWith, registersOn } from '../small-worlds.ts';

const far = planWith({
  runMs: 6000,
  network: {
    delayMs: [0.1, 10],
    reordering: true,
    loss: 0.1,
    duplication: 0.1,
    replay: 0.02,
    corruption: 0.02,
  },
  clients: {
    count: 6,
    sessions: {
      share: 1,
      together: 0.5,
      timeoutMs: 400,
      window: 2,
      keepAliveMs: 100,
      clockDrift: 0.3,
    },
  },
  faults: [
    faultAt(1000, { type: 'client-reset', target: 0 }),
    faultAt(1200, { type: 'crash', target: 'leader', how: 'power', loss: 'unsynced', downMs: 300 }),
    faultAt(1500, { type: 'client-cut', target: 0, direction: 'back', ms: 900 }),
    faultAt(1600, { type: 'client-crash', target: 1, how: 'kill', downMs: 100 }),
    faultAt(2000, { type: 'client-pause', target: 2, ms: 900 }),
    faultAt(2800, { type: 'partition', shape: 'halves', ms: 600 }),
    faultAt(3000, { type: 'client-crash', target: 0, how: 'close', downMs: 50 }),
    faultAt(4000, { type: 'transfer', target: 1 }),
    faultAt(4500, { type: 'transfer', target: 2 }),
    faultAt(5000, { type: 'transfer', target: 0 }),
  ],
});

describe.each(algorithms)('clients far away from a group on $name', (algorithm) => {
  it('break no rule, are all answered in the end, and do the same every time', async () => {
    const parts = registersOn(algorithm);
    const run = await runPlan(far, parts);
    expect(run.violation).toBeUndefined();
    expect(run.operations.ok).toBeGreaterThan(40);
    for (const path of ['session opened', 'session expired', 'client moved to another node']) {
      expect(run.coverage.get(path)).toBeGreaterThan(0);
    }
    expect(run.faults.get('client pause')).toBe(1);
    expect((await runPlan(far, parts)).digest).toBe(run.digest);
    expect((await runPlan({ ...far, seed: 2 }, parts)).digest).not.toBe(run.digest);
  });

  it('say in a failure where they stand', async () => {
    const run = await runPlan({ ...far, recoveryMs: 1 }, registersOn(algorithm));
    expect(run.violation).toMatch(/^liveness: .*, c1 (at n\d|at nobody|down)/);
  });
});
