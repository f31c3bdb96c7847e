/** What can be said on the command line. Nothing is started before all of it makes sense. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Profile, profiles } from '@quorate/simulator';
import { algorithmNames, workloadNames } from './worlds.ts';

/** What was asked for. */
export type Order =
  | { readonly type: 'help' }
  | (Setting & {
      /** Many seeds. */
      readonly type: 'seeds';
      readonly algorithms: readonly string[];
      readonly seeds: number;
      readonly from: number;
      readonly jobs: number;
      /** Whether a rare path that was missed counts as a failure. */
      readonly paths: boolean;
      readonly json: boolean;
    })
  | (Setting & {
      /** One seed, or one plan, to be looked at. */
      readonly type: 'one';
      readonly algorithm: string;
      readonly seed: number;
      /** File with a plan, in the place of the one of the seed. */
      readonly plan: string | undefined;
      readonly shrink: boolean;
      /** File for a trace. */
      readonly trace: string | undefined;
      /** File for the plan that fails, after it was shrunk where that was asked for. */
      readonly save: string | undefined;
    })
  /** How fast virtual time goes. */
  | { readonly type: 'speed'; readonly algorithms: readonly string[]; readonly seconds: number };

interface Setting {
  readonly profile: Profile;
  /** `undefined`: the seed decides. */
  readonly workload: string | undefined;
}

/** What was asked for makes no sense; the message says what would. */
export class UsageError extends Error {}

const maxSeeds = 10_000_000;
const maxSeed = 2 ** 48;
/** From so many seeds on each rare path has to be reached. */
const seedsForPaths = 1000;

/** Printed for `--help`. */
export const help: string = `sim [options]

Many seeds:
  --algorithm A,…  of ${algorithmNames.join(', ')} (all)
  --seeds N        how many (100)
  --from N         the first one (1)
  --profile P      which faults there are: ${profiles.join(', ')} (swarm)
  --workload W     of ${workloadNames.join(', ')} (the seed decides)
  --jobs N         threads (${String(availableParallelism())})
  --paths          also demand that each rare path is reached (from ${String(seedsForPaths)} seeds on by itself)
  --json           the sums as a line of JSON for each algorithm

One seed:
  --seed N         runs it, and says what happened
  --shrink         makes a failure as small as it gets
  --save FILE      writes the plan of the failure
  --plan FILE      runs a plan that was saved
  --trace FILE     writes every step as a line of JSON

Speed:
  --speed SECONDS  virtual time against real time, three nodes under moderate load, one thread
`;

/** @throws UsageError for anything else than options that can be worked with. */
export function parse(words: readonly string[]): Order {
  const { values } = parsed(words);
  if (values.help === true) return { type: 'help' };
  const algorithms = chosen(
    '--algorithm',
    values.algorithm?.split(',') ?? algorithmNames,
    algorithmNames,
  );
  if (values.speed !== undefined) {
    return { type: 'speed', algorithms, seconds: wholeOf('--speed', values.speed, 1, 1_000_000) };
  }
  const [profile = 'swarm'] = chosen(
    '--profile',
    [values.profile ?? 'swarm'],
    profiles,
  ) as Profile[];
  const [workload] =
    values.workload === undefined ? [] : chosen('--workload', [values.workload], workloadNames);
  if (values.seed !== undefined || values.plan !== undefined) {
    const [algorithm = '', more] = algorithms;
    if (values.algorithm === undefined || more !== undefined) {
      throw new UsageError('one seed or plan is run with one --algorithm; name it');
    }
    return {
      type: 'one',
      algorithm,
      seed: wholeOf('--seed', values.seed ?? '0', 0, maxSeed),
      plan: values.plan,
      shrink: values.shrink,
      trace: values.trace,
      save: values.save,
      profile,
      workload,
    };
  }
  const seeds = wholeOf('--seeds', values.seeds ?? '100', 1, maxSeeds);
  return {
    type: 'seeds',
    algorithms,
    seeds,
    from: wholeOf('--from', values.from ?? '1', 0, maxSeed),
    jobs: wholeOf('--jobs', values.jobs ?? String(availableParallelism()), 1, 256),
    paths: values.paths || (seeds >= seedsForPaths && profile === 'swarm'),
    json: values.json,
    profile,
    workload,
  };
}

function parsed(words: readonly string[]): ReturnType<typeof read> {
  try {
    return read(words);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function read(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    options: {
      help: { type: 'boolean', short: 'h' },
      algorithm: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      profile: { type: 'string' },
      workload: { type: 'string' },
      jobs: { type: 'string' },
      paths: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      seed: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      save: { type: 'string' },
      plan: { type: 'string' },
      trace: { type: 'string' },
      speed: { type: 'string' },
    },
  });
}

function chosen(name: string, wanted: readonly string[], known: readonly string[]): string[] {
  for (const each of wanted) {
    if (!known.includes(each)) {
      throw new UsageError(`${name} is of ${known.join(', ')}, got ${JSON.stringify(each)}`);
    }
  }
  return [...new Set(wanted)];
}

function wholeOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(
    `${name} is a whole number from ${String(least)} to ${String(most)}, got ${JSON.stringify(text)}`,
  );
}
