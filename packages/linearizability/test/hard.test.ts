/**
 * Histories that are known to be hard, bounded in configurations: that number is the same on every
 * machine. How long each of them takes stands beside its name when the tests run.
 */
import { seededRandom } from '@quorate/core';
import { check, type History } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { broken, generate, type Plan } from './support/generate.ts';
import { type System, systems } from './support/systems.ts';

/** Only configurations bound the verdict; how it is explained is tested elsewhere. */
const bounds = { timeoutMs: 600_000, explanationMs: 1 };

interface Tally {
  readonly ok: number;
  readonly violation: number;
  readonly unknown: number;
  readonly configurations: number;
  readonly most: number;
}

/** Checks so many histories; those with an even seed have a wrong answer or come from a faulty system. */
function checkAll(system: System, plan: Plan, histories: number): Tally {
  const tally = { ok: 0, violation: 0, unknown: 0, configurations: 0, most: 0 };
  for (let seed = 1; seed <= histories; seed++) {
    const stale = seed % 4 === 2 ? 0.05 : 0;
    let history: History = generate(system, { ...plan, stale }, seed);
    if (seed % 4 === 0) history = broken(system, history, seededRandom(seed));
    const verdict = check(system.model, history, bounds);
    tally[verdict.verdict] += 1;
    if (seed % 2 === 1) expect(verdict.verdict, `seed ${seed}`).toBe('ok');
    tally.configurations += verdict.configurations;
    tally.most = Math.max(tally.most, verdict.configurations);
  }
  return tally;
}

const one = { keys: 1, values: 5 };
const crashing = { info: 0.12, maxInfo: 20, fail: 0.02 };

describe('100 histories of 170 operations on one register', () => {
  it.each([
    ['5 clients', systems['cas-register'](one), { processes: 5 }, 5_000],
    ['5 clients, 20 crashed', systems['cas-register'](one), { processes: 5, ...crashing }, 60_000],
    [
      '10 clients, 20 crashed',
      systems['cas-register'](one),
      { processes: 10, ...crashing },
      150_000,
    ],
    [
      '10 clients, 20 crashed, 1000 values',
      systems.register({ keys: 1, values: 1000 }),
      { processes: 10, ...crashing },
      150_000,
    ],
  ] as const)('%s', (_, system, plan, bound) => {
    const tally = checkAll(system, { operations: 170, ...plan }, 100);
    expect(tally.unknown).toBe(0);
    expect(tally.violation).toBeGreaterThan(4);
    expect(tally.most).toBeLessThan(bound);
  });
});

describe('2000 operations by 50 clients', () => {
  it.each([
    ['100 keys', { keys: 100, values: 5 }, 0],
    ['20 keys, 40 crashed', { keys: 20, values: 5 }, 40],
    ['10 keys', { keys: 10, values: 5 }, 0],
  ] as const)('of a map with append, %s', (_, sizes, maxInfo) => {
    const plan = { operations: 2000, processes: 50, info: 0.05, maxInfo };
    const tally = checkAll(systems.kv(sizes), plan, 4);
    expect(tally.unknown).toBe(0);
    expect(tally.violation).toBeGreaterThan(0);
    expect(tally.most).toBeLessThan(100_000);
  });
});
