/**
 * Many seeds of one algorithm, as tests: chunks of them, each of which fails with the lines that show its
 * failures again, and in the end what all of them together must have reached.
 *
 * They run as they are built, on a thread that knows nothing of Vitest: whatever is imported costs Vitest's
 * modules a call each time it is used, which for a thousand seeds adds up to a third of all they do.
 *
 * Replay one seed with `QUORATE_SEED=17`, or run more or fewer with `QUORATE_SEEDS=5000`.
 */
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missedPaths } from '../src/paths.ts';
import { answerOf } from '../src/pool.ts';
import { emptyTally, merge } from '../src/tally.ts';
import { failureLines } from '../src/text.ts';
import { built, compile } from './compile.ts';

const { QUORATE_SEED, QUORATE_SEEDS } = process.env;

const usualSeeds = 1000;
const chunkSeeds = 100;
const timeout = 600_000;

/** Registers the tests. */
export function seedTests(algorithm: string): void {
  const from = Number(QUORATE_SEED ?? 1);
  const seeds = QUORATE_SEED === undefined ? Number(QUORATE_SEEDS ?? usualSeeds) : 1;
  const total = emptyTally();

  describe(algorithm, { timeout }, () => {
    let thread: Worker;

    beforeAll(async () => {
      await compile();
      // Without the options by which this process finds sources.
      thread = new Worker(built('worker.js'), { execArgv: [] });
    }, timeout);

    afterAll(async () => {
      await thread.terminate();
    });

    for (let first = from; first < from + seeds; first += chunkSeeds) {
      const count = Math.min(chunkSeeds, from + seeds - first);
      it(`seeds ${String(first)} to ${String(first + count - 1)}`, async () => {
        const range = { algorithm, from: first, count, profile: 'swarm' } as const;
        const tally = await answerOf(thread, range);
        merge(total, tally);
        const lines = tally.failures.map((failure) => failureLines(failure, 'swarm', undefined));
        expect(lines.join('\n')).toBe('');
        expect(tally.seeds).toBe(count);
      });
    }

    it('a share of the seeds ran twice, and gave the same', () => {
      expect(total.twice).toBeGreaterThanOrEqual(Math.floor(total.seeds / 20));
    });

    it('few groups were beyond repair', () => {
      expect(total.coverage.get('group beyond repair') ?? 0).toBeLessThanOrEqual(
        1 + total.seeds / 50,
      );
    });

    // Fewer cannot be asked to reach everything.
    it.skipIf(seeds < usualSeeds)('every rare path was reached', () => {
      expect(missedPaths(algorithm, total.coverage)).toEqual([]);
    });
  });
}
