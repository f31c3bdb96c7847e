/** From words to a verdict. */
import { readFile, writeFile } from 'node:fs/promises';
import { catalogue } from './catalogue.ts';
import type { Mutation } from './mutation.ts';
import { parse, type Request } from './options.ts';
import { runAll } from './runner.ts';
import { runSimulator } from './simulator.ts';
import { runSuite } from './suites.ts';
import { withTable } from './table.ts';
import { describeVerdict, type Outcome, summaryOf } from './verdict.ts';

/** Where a program speaks, and how it is told to stop. */
export interface Surroundings {
  /** The verdict goes here, and nothing else. */
  readonly print: (text: string) => void;
  /** Everything that is said meanwhile. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Exit codes, as shells have them. */
const exitCodes = { done: 0, survived: 1, usage: 2, interrupted: 130 } as const;

/** Runs; gives the exit code. Whatever was started is gone then. */
export async function main(
  words: readonly string[],
  { print, say, signal }: Surroundings,
  mutations: readonly Mutation[] = catalogue,
): Promise<number> {
  const parsed = parse(words, mutations);
  if (parsed.type === 'help') {
    print(parsed.text);
    return exitCodes.done;
  }
  if (parsed.type === 'usage') {
    say(parsed.text.trimEnd());
    return exitCodes.usage;
  }
  const { request } = parsed;
  try {
    // A file without a place for the table is told before anything is run.
    if (request.table !== undefined) await writeTable(request.table, mutations, []);
    const outcomes = await runAll(
      {
        ...request,
        signal,
        done: (outcome, count) => {
          say(`[${String(count)}/${String(request.mutations.length)}] ${lineOf(outcome)}`);
        },
      },
      {
        suites: request.suites ? runSuite : undefined,
        simulator: request.simulator ? runSimulator : undefined,
      },
    );
    report(outcomes, request, print);
    if (request.table !== undefined) await writeTable(request.table, mutations, outcomes);
    const killed = outcomes.filter((outcome) => summaryOf(outcome) === 'killed').length;
    return killed === outcomes.length ? exitCodes.done : exitCodes.survived;
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    say(error instanceof Error ? error.message : String(error));
    return exitCodes.survived;
  }
}

function report(
  outcomes: readonly Outcome[],
  { json }: Request,
  print: (text: string) => void,
): void {
  for (const outcome of outcomes) {
    print(json ? `${JSON.stringify(outcome)}\n` : `${lineOf(outcome)}\n`);
  }
  const count = (summary: ReturnType<typeof summaryOf>): number =>
    outcomes.filter((outcome) => summaryOf(outcome) === summary).length;
  const invalid = count('invalid');
  print(
    `${String(count('killed'))} killed, ${String(count('survived'))} survived` +
      (invalid > 0 ? `, ${String(invalid)} invalid\n` : '\n'),
  );
}

function lineOf({ id, seconds, simulator, suites }: Outcome): string {
  const parts = [
    ...(suites === undefined ? [] : [describeVerdict(suites)]),
    ...(simulator === undefined ? [] : [`simulator: ${describeVerdict(simulator)}`]),
  ];
  return `${id.padEnd(10)} ${parts.join('; ')} (${seconds.toFixed(1)} s)`;
}

async function writeTable(
  file: string,
  mutations: readonly Mutation[],
  outcomes: readonly Outcome[],
): Promise<void> {
  const text = await readFile(file, 'utf8');
  const changed = withTable(text, mutations, outcomes);
  if (outcomes.length > 0) await writeFile(file, changed);
}
