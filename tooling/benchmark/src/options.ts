/** What can be said on the command line. Nothing is started before all of it makes sense. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
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

const defaults = { seconds: '2', rounds: '5', 'value-bytes': '256' };

/** Printed for `--help`. */
export const help: string = `bench NAME [options]

${[...benchmarks].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --seconds N       of each measurement (${defaults.seconds})
  --rounds N        interleaved rounds (${defaults.rounds})
  --windows N,…     commands in flight
  --value-bytes N   size of a command (${defaults['value-bytes']})
  --algorithms A,…  of ${algorithmNames.join(', ')}; the first is what the others are compared with
  --variants V,…    ${[...benchmarks].map(([name, { variants }]) => `${name}: ${variants.join(', ')}`).join('; ')}
  --directory DIR   where what is durable lies, on the disk to be measured (${tmpdir()})
  --json            one line of JSON a row instead of a table
  --svg FILE        a plot as well
`;

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
      seconds: numberOf('--seconds', values.seconds, 0.01, maxSeconds),
      rounds: wholeOf('--rounds', values.rounds, maxRounds),
      windows:
        listOf(values.windows)?.map((text) => wholeOf('--windows', text, maxWindow)) ??
        benchmark.windows,
      valueBytes: wholeOf('--value-bytes', values['value-bytes'], maxValueBytes),
      algorithms: chosen('--algorithms', values.algorithms, algorithmNames),
      variants: chosen('--variants', values.variants, benchmark.variants),
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
      seconds: { type: 'string', default: defaults.seconds },
      rounds: { type: 'string', default: defaults.rounds },
      windows: { type: 'string' },
      'value-bytes': { type: 'string', default: defaults['value-bytes'] },
      algorithms: { type: 'string' },
      variants: { type: 'string' },
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
