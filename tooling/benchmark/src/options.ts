/** What can be said on the command line. Nothing is started before all of it makes sense. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLimits } from '@quorate/log';
import { algorithmNames } from './algorithms.ts';
import { benchmarks } from './benchmarks.ts';
import type { Benchmark, Settings } from './runs/bench.ts';

/** What was asked for. */
export type Order =
  | { readonly type: 'help' }
  | {
      readonly type: 'run';
      readonly name: string;
      readonly benchmark: Benchmark;
      readonly settings: Settings;
      readonly json: boolean;
      /** File for the plot. */
      readonly svg: string | undefined;
    };

/** What was asked for makes no sense; the message says what would. */
export class UsageError extends Error {}

const maxSeconds = 3600;
const maxRounds = 1000;
/** As many as one replica takes at once. */
const maxWindow = 100_000;
const maxValueBytes = 1024 * 1024 - 1024;
const maxEntries = 100_000_000;
const mebibyte = 1024 * 1024;
const maxMiB = 1024 * 1024;

const defaults = {
  seconds: 2,
  rounds: 5,
  'value-bytes': '256',
  entries: '1000000',
  'state-mib': '1024',
};

const defaultPaceMiB = defaultLimits.snapshotBytesPerSecond / mebibyte;

/** Printed for `--help`. */
export const help: string = `bench NAME [options]

${[...benchmarks].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --seconds N       of each measurement (${listByBenchmark(({ defaults: own }) => [own?.seconds ?? defaults.seconds])})
  --rounds N        interleaved rounds (${listByBenchmark(({ defaults: own }) => [own?.rounds ?? defaults.rounds])})
  --windows N,…     commands in flight, or entries of one write (${listByBenchmark(({ windows }) => windows)})
  --value-bytes N   size of a command or an entry (${defaults['value-bytes']})
  --algorithms A,…  of ${algorithmNames.join(', ')}; the first is what the others are compared with
  --storage S,…     ${listByBenchmark(({ storages }) => storages?.known ?? [])}
  --variants V,…    ${listByBenchmark(({ variants }) => variants)}
  --entries N       storage, recover: in the log before it is measured (${defaults.entries})
  --state-mib N     snapshot: size of the machine's state (${defaults['state-mib']})
  --paces N,…       snapshot: MiB a second that it may take, or unlimited (${defaultPaceMiB}, as in @quorate/log)
  --directory DIR   where what is durable lies, on the disk to be measured (${tmpdir()})
  --json            one line of JSON a row instead of a table
  --svg FILE        a plot as well
`;

/** What differs from one benchmark to the next, for those to which it applies. */
function listByBenchmark(of: (benchmark: Benchmark) => readonly (string | number)[]): string {
  const lists = [...benchmarks].map(
    ([name, benchmark]) => [name, of(benchmark).join(', ')] as const,
  );
  return lists.flatMap(([name, list]) => (list === '' ? [] : [`${name}: ${list}`])).join('; ');
}

/** @throws UsageError for anything else than a benchmark with options that it can work with. */
export function parse(words: readonly string[]): Order {
  const { values, positionals } = parsed(words);
  if (values.help === true) return { type: 'help' };
  const [name, ...more] = positionals;
  const benchmark = name === undefined ? undefined : benchmarks.get(name);
  if (name === undefined || benchmark === undefined || more.length > 0) {
    throw new UsageError(`name one benchmark: ${[...benchmarks.keys()].join(', ')}`);
  }
  return {
    type: 'run',
    name,
    benchmark,
    json: values.json,
    svg: values.svg,
    settings: {
      seconds:
        values.seconds === undefined
          ? (benchmark.defaults?.seconds ?? defaults.seconds)
          : numberOf('--seconds', values.seconds, 0.01, maxSeconds),
      rounds:
        values.rounds === undefined
          ? (benchmark.defaults?.rounds ?? defaults.rounds)
          : wholeOf('--rounds', values.rounds, maxRounds),
      windows:
        listOf(values.windows)?.map((text) => wholeOf('--windows', text, maxWindow)) ??
        benchmark.windows,
      valueBytes: wholeOf('--value-bytes', values['value-bytes'], maxValueBytes),
      algorithms: chosen('--algorithms', values.algorithms, algorithmNames),
      storages: storagesOf(name, benchmark, values.storage),
      variants: chosen('--variants', values.variants, benchmark.variants),
      entries: wholeOf('--entries', values.entries, maxEntries),
      stateMiB: wholeOf('--state-mib', values['state-mib'], maxMiB),
      pacesMiB: listOf(values.paces)?.map(paceOf) ?? [paceOrNone(defaultPaceMiB)],
      directory: resolve(values.directory),
    },
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
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      windows: { type: 'string' },
      'value-bytes': { type: 'string', default: defaults['value-bytes'] },
      algorithms: { type: 'string' },
      storage: { type: 'string' },
      variants: { type: 'string' },
      entries: { type: 'string', default: defaults.entries },
      'state-mib': { type: 'string', default: defaults['state-mib'] },
      paces: { type: 'string' },
      directory: { type: 'string', default: tmpdir() },
      json: { type: 'boolean', default: false },
      svg: { type: 'string' },
    },
  });
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a number from ${least} to ${most}, not '${text}'`);
}

function wholeOf(name: string, text: string, most: number): number {
  const value = numberOf(name, text, 1, most);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`${name} must be whole, not '${text}'`);
}

function paceOf(text: string): number | null {
  return text === 'unlimited' ? null : numberOf('--paces', text, 1, maxMiB);
}

/** JSON, in which it is told to other processes, has no infinity. */
function paceOrNone(mib: number): number | null {
  return Number.isFinite(mib) ? mib : null;
}

function storagesOf(
  name: string,
  { storages }: Benchmark,
  text: string | undefined,
): readonly string[] {
  if (storages === undefined) {
    if (text === undefined) return [];
    throw new UsageError(`${name} has no storage to choose`);
  }
  return text === undefined ? storages.usual : chosen('--storage', text, storages.known);
}

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(',');
}

function chosen(
  name: string,
  text: string | undefined,
  known: readonly string[],
): readonly string[] {
  const names = listOf(text) ?? known;
  const unknown = names.find((each) => !known.includes(each));
  if (unknown === undefined) return [...new Set(names)];
  throw new UsageError(`${name} takes ${known.join(', ')}, not '${unknown}'`);
}
