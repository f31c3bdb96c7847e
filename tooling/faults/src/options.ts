/** What can be said on the command line. Nothing is started before all of it makes sense. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { scenarios } from './scenarios.ts';
import { storageNames } from './storages.ts';

/** What was asked for. */
export type Order =
  | { readonly type: 'help' }
  | {
      readonly type: 'run';
      /** Names of scenarios. */
      readonly names: readonly string[];
      /** Whether they were named: then one that cannot run has failed. */
      readonly named: boolean;
      readonly storages: readonly string[];
      readonly seed: number;
      /** `undefined`: as many as the scenario has by itself. */
      readonly rounds: number | undefined;
      readonly json: boolean;
      /** Where folders are made. */
      readonly directory: string;
      /** Whether the folder of a round that failed is left for whoever wants to look. */
      readonly keep: boolean;
    };

/** What was asked for makes no sense; the message says what would. */
export class UsageError extends Error {}

const maxRounds = 100_000;
const maxSeed = 2 ** 32 - 1;

/** Printed for `--help`. */
export const help: string = `faults [NAME…] [options]

${[...scenarios].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --storage A,…    of ${storageNames.join(', ')} (all)
  --seed N         everything random follows from it (another one each time)
  --rounds N       of each scenario (${[...scenarios].map(([name, { rounds }]) => `${name} ${rounds}`).join(', ')})
  --directory DIR  where folders are made (${tmpdir()})
  --keep           leave the folder of a round that failed
  --json           one line of JSON for each scenario and storage instead of a table
`;

/** @throws UsageError for anything else than scenarios with options that they can work with. */
export function parse(words: readonly string[], randomSeed: () => number): Order {
  const { values, positionals } = parsed(words);
  if (values.help === true) return { type: 'help' };
  const all = [...scenarios.keys()];
  return {
    type: 'run',
    names: positionals.length === 0 ? all : chosen('NAME', positionals, all),
    named: positionals.length > 0,
    storages: chosen('--storage', values.storage?.split(',') ?? storageNames, storageNames),
    seed: values.seed === undefined ? randomSeed() : wholeOf('--seed', values.seed, 0, maxSeed),
    rounds:
      values.rounds === undefined ? undefined : wholeOf('--rounds', values.rounds, 1, maxRounds),
    json: values.json,
    directory: resolve(values.directory),
    keep: values.keep,
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
      storage: { type: 'string' },
      seed: { type: 'string' },
      rounds: { type: 'string' },
      directory: { type: 'string', default: tmpdir() },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
}

function wholeOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not '${text}'`);
}

function chosen(
  name: string,
  words: readonly string[],
  known: readonly string[],
): readonly string[] {
  const unknown = words.find((word) => !known.includes(word));
  if (unknown === undefined) return [...new Set(words)];
  throw new UsageError(`${name} takes ${known.join(', ')}, not '${unknown}'`);
}
