/** Runs seeds, one after the other. */
import { type Profile, simulate } from '@quorate/simulator';
import { emptyTally, merge, type Tally, tallyOf } from './tally.ts';
import { worldOf } from './worlds.ts';

/** Which seeds are run, and how. */
export interface SeedRange {
  readonly algorithm: string;
  readonly from: number;
  readonly count: number;
  readonly profile: Profile;
  /** @default the seed decides */
  readonly workload?: string;
}

/** Every so many seeds one runs twice. */
const twiceEvery = 20;

/**
 * Runs the seeds of a range.
 *
 * @param done is called after each seed; it may end the work by `false`.
 */
export async function runSeeds(range: SeedRange, done: (tally: Tally) => boolean): Promise<Tally> {
  const { algorithm, from, profile, workload } = range;
  const tally = emptyTally();
  for (let seed = from; seed < from + range.count; seed++) {
    const run = await simulate(seed, worldOf(algorithm, seed, workload), { profile });
    merge(tally, tallyOf(algorithm, run));
    if (seed % twiceEvery === 0 && run.violation === undefined) {
      const again = await simulate(seed, worldOf(algorithm, seed, workload), { profile });
      tally.twice += 1;
      if (again.digest !== run.digest) {
        const violation = `determinism: two runs of one seed differ (${run.digest}, ${again.digest})`;
        tally.failures.push({ algorithm, seed, violation, virtualMs: run.virtualMs });
      }
    }
    if (!done(tally)) break;
  }
  return tally;
}
