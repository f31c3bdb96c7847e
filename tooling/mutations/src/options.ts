/** What can be said on the command line. Nothing is started before all of it makes sense. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Area, Mutation } from './mutation.ts';

/** What was asked for. */
export interface Request {
  readonly mutations: readonly Mutation[];
  readonly jobs: number;
  readonly seeds: number;
  readonly simulator: boolean;
  readonly suites: boolean;
  readonly json: boolean;
  readonly timeoutMs: number;
  /** A file with the two markers of the table. */
  readonly table: string | undefined;
}

/** The command line asks for help, or makes no sense. */
export type Parsed =
  | { readonly type: 'run'; readonly request: Request }
  | { readonly type: 'help'; readonly text: string }
  | { readonly type: 'usage'; readonly text: string };

const areas: readonly Area[] = ['raft', 'paxos', 'driver', 'replica', 'client', 'storage'];

interface Flags {
  readonly area?: Area;
  readonly jobs: number;
  readonly seeds: number;
  readonly sim?: boolean;
  readonly suites?: boolean;
  readonly json?: boolean;
  readonly table?: string;
  readonly timeout: number;
}

/** Reads the words behind the program's name. */
export function parse(words: readonly string[], catalogue: readonly Mutation[]): Parsed {
  let text = '';
  const program = new Command('mutations')
    .description('Plants known bugs, one at a time, and demands that tests and simulator notice.')
    .argument('[ids...]', 'such as R4 S2 raft-3; all where none is named')
    .option('--area <area>', `only those of ${areas.join(', ')}`, areaOf)
    .option('--suites', 'only the tests')
    .option('--sim', 'only the simulator')
    .option('--seeds <n>', 'that the simulator has for each', wholeFrom(1), 300)
    .option('--jobs <n>', 'so many at a time', wholeFrom(1), 1)
    .option(
      '--timeout <seconds>',
      'for the tests of one; ten times that for seeds',
      wholeFrom(1),
      90,
    )
    .option('--json', 'a line of JSON for each instead of text')
    .option('--table <file>', 'writes the table between the markers in this file')
    .exitOverride()
    .configureOutput({
      writeOut: (said) => (text += said),
      writeErr: (said) => (text += said),
    });
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { type: error.exitCode === 0 ? 'help' : 'usage', text };
  }
  const { area, jobs, json, seeds, sim, suites, table, timeout } = program.opts<Flags>();
  const unknown = program.args.filter((id) => catalogue.every((mutation) => mutation.id !== id));
  if (unknown.length > 0) {
    return { type: 'usage', text: `there is no mutation ${unknown.join(', ')}\n` };
  }
  const mutations = catalogue.filter(
    (mutation) =>
      (program.args.length === 0 || program.args.includes(mutation.id)) &&
      (area === undefined || mutation.area === area),
  );
  const both = sim !== true && suites !== true;
  return {
    type: 'run',
    request: {
      mutations,
      jobs,
      seeds,
      simulator: both || sim === true,
      suites: both || suites === true,
      json: json === true,
      timeoutMs: timeout * 1000,
      table,
    },
  };
}

function areaOf(word: string): Area {
  const area = areas.find((known) => known === word);
  if (area === undefined) throw new InvalidArgumentError(`one of ${areas.join(', ')}`);
  return area;
}

function wholeFrom(least: number): (word: string) => number {
  return (word) => {
    if (/^\d{1,9}$/.test(word) && Number(word) >= least) return Number(word);
    throw new InvalidArgumentError(`a whole number from ${String(least)}`);
  };
}
