/**
 * Many seeds, for tests of one algorithm that draw its options out of the seed too.
 *
 *     QUORATE_SEED=17        that one, with a trace
 *     QUORATE_SEEDS=5000     so many, from 1
 *     QUORATE_SEEDS=5-900    those
 */
import { check, equal } from '../check.ts';
import type { TestFramework } from '../framework.ts';
import { type Swarm, Trace } from './world/index.ts';

/** What {@link seedTests} needs. */
export interface SeedTestsOptions<Message> {
  readonly framework: TestFramework;
  /** The command that runs these tests; a failure says how to replay its seed with it. */
  readonly command: string;
  /** How many seeds run where nobody asks for others. @default 100 */
  readonly seeds?: number;
  /** Makes the swarm of a seed. */
  readonly swarm: (seed: number, trace: Trace | undefined) => Swarm<Message>;
  /** Where the trace of a single seed goes, line by line. */
  readonly print: (line: string) => void;
  /** Within so much virtual time after all faults, everything is well again. @default 20000 */
  readonly recoveryMs?: number;
}

/** Seeds of one test, so that a report says roughly where, and none takes long. */
const seedsPerTest = 10;
/** Runs whose seed is divisible by this are made twice, and must be equal. */
const twiceEvery = 10;
/** In so many runs together, everything must have happened that can. */
const enoughSeeds = 50;
const leastOften = 5;

/** What must have happened, so that a swarm that does nothing is noticed. */
const kinds = [
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
];

/** Registers the seeds that are wanted, ten a test. */
export function seedTests<Message>(options: SeedTestsOptions<Message>): void {
  const { framework, print } = options;
  const { from, to, replay } = wantedSeeds(options.seeds ?? 100);
  const total = new Map<string, number>();
  const note = (kind: string, count: number): void => {
    total.set(kind, (total.get(kind) ?? 0) + count);
  };

  framework.describe('a cluster under faults', () => {
    for (let first = from; first <= to; first += seedsPerTest) {
      const last = Math.min(first + seedsPerTest - 1, to);
      framework.it(`keeps its promises: seeds ${String(first)} to ${String(last)}`, () => {
        for (let seed = first; seed <= last; seed++) {
          const trace = new Trace(replay ? print : undefined);
          const twice = seed % twiceEvery === 0;
          const { requests, shipping } = run(options, seed, replay || twice ? trace : undefined);
          for (const [kind, count] of requests.counts) note(kind, count);
          note('ships', shipping.arrived);
          if (!twice) continue;
          const again = new Trace();
          run(options, seed, again);
          equal(again.hash, trace.hash, `the checksum over all that seed ${String(seed)} does`);
        }
        return Promise.resolve();
      });
    }

    if (to - from + 1 < enoughSeeds) return;
    framework.it('goes through everything that it is meant to go through', () => {
      const never = kinds.filter((kind) => (total.get(kind) ?? 0) < leastOften);
      check(never.length === 0, `never, or hardly ever: ${never.join(', ')}`);
      return Promise.resolve();
    });
  });
}

function run<Message>(
  { swarm: make, command, recoveryMs = 20_000 }: SeedTestsOptions<Message>,
  seed: number,
  trace: Trace | undefined,
): Swarm<Message>['cluster'] {
  const swarm = make(seed, trace);
  const { cluster } = swarm;
  try {
    swarm.rage();
    swarm.recover(recoveryMs);
  } catch (cause) {
    const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new Error(
      `seed ${String(seed)} at ${cluster.schedule.now.toFixed(3)} ms: ${message}\n` +
        `  replay: QUORATE_SEED=${String(seed)} ${command}`,
      { cause },
    );
  }
  return cluster;
}

interface WantedSeeds {
  readonly from: number;
  readonly to: number;
  /** One seed alone, to be looked at. */
  readonly replay: boolean;
}

function wantedSeeds(byDefault: number): WantedSeeds {
  const { process } = globalThis as {
    readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  const one = process?.env['QUORATE_SEED'];
  if (one !== undefined) return { from: Number(one), to: Number(one), replay: true };
  const wish = process?.env['QUORATE_SEEDS'] ?? String(byDefault);
  const [first = byDefault, last] = wish.split('-').map(Number);
  return last === undefined
    ? { from: 1, to: first, replay: false }
    : { from: first, to: last, replay: false };
}
