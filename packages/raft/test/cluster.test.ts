/**
 * The engine under everything at once: many seeds, each with faults of its own, all invariants
 * checked after every step, and progress demanded in the end.
 *
 *     QUORATE_SEED=17 npx vitest run packages/raft/test/cluster.test.ts     one seed, with a trace
 *     QUORATE_SEEDS=5000 …                                                  that many, from 1
 *     QUORATE_SEEDS=5000-9000 …                                             those
 */
import { describe, expect, it } from 'vitest';
import { Trace } from './harness/trace.ts';
import { runSeed } from './raft-swarm.ts';

const env = (globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } })
  .process?.env;
const defaultSeeds = 300;
/** Seeds of one test, so that a report says roughly where. */
const chunk = 50;

function seedRanges(): readonly (readonly [number, number])[] {
  const [from, to] = wanted();
  const ranges: [number, number][] = [];
  for (let at = from; at <= to; at += chunk) ranges.push([at, Math.min(at + chunk - 1, to)]);
  return ranges;
}

function wanted(): readonly [number, number] {
  const one = env?.['QUORATE_SEED'];
  if (one !== undefined) return [Number(one), Number(one)];
  const [from, to] = (env?.['QUORATE_SEEDS'] ?? String(defaultSeeds)).split('-').map(Number);
  return to === undefined ? [1, from ?? defaultSeeds] : [from ?? 1, to];
}

describe('a cluster under faults', () => {
  const total = new Map<string, number>();

  it.each(seedRanges())(
    'keeps its promises: seeds %i to %i',
    (from, to) => {
      for (let seed = from; seed <= to; seed++) {
        const replay = env?.['QUORATE_SEED'] !== undefined;
        const trace = new Trace(
          replay
            ? (line) => {
                console.log(line);
              }
            : undefined,
        );
        const checkTwice = seed % 10 === 0;
        const result = runSeed(seed, replay || checkTwice ? trace : undefined);
        const { counts, commitIndex, epochs, ships } = result;
        for (const [kind, count] of counts) total.set(kind, (total.get(kind) ?? 0) + count);
        for (const [kind, count] of Object.entries({ commitIndex, epochs, ships })) {
          total.set(kind, (total.get(kind) ?? 0) + count);
        }
        if (checkTwice)
          expect([seed, runSeed(seed, new Trace()).hash]).toEqual([seed, result.hash]);
      }
    },
    10 * 60_000,
  );

  it('goes through everything that it is meant to go through', () => {
    // A few seeds need not reach everything.
    const [from, to] = wanted();
    if (to - from < 99) return;
    const never = [
      'propose accepted',
      'propose rejected',
      'read ready',
      'read rejected',
      'reconfigure done',
      'reconfigure rejected',
      'transfer done',
      'transfer rejected',
      'compact done',
      'install done',
      'install rejected',
      'ships',
    ].filter((kind) => (total.get(kind) ?? 0) < 10);
    expect(never).toEqual([]);
  });
});
