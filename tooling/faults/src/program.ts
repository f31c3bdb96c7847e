/** From words to a verdict: runs scenarios round by round, and says what came of each. */
import { seededRandom } from '@quorate/core';
import { help, type Order, parse, UsageError } from './options.ts';
import { type Row, tableOf } from './results/row.ts';
import {
  type ProblemKind,
  type Round,
  type RoundContext,
  type Rounds,
  type Scenario,
  Sum,
} from './scenarios/scenario.ts';
import { Stage } from './scenarios/stage.ts';
import { scenarios } from './scenarios.ts';
import { describe } from './text.ts';

/** Where a program speaks, and how it is told to stop. */
export interface Surroundings {
  /** The verdict goes here, and nothing else. */
  readonly print: (text: string) => void;
  /** Everything that is said meanwhile. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly randomSeed: () => number;
}

type RunOrder = Extract<Order, { readonly type: 'run' }>;

/** Exit codes, as shells have them. */
const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** How often it says how far it is. */
const progressMs = 5_000;

/** Runs; gives the exit code. Whatever was started is gone then. */
export async function main(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const { print, say, signal, randomSeed } = surroundings;
  try {
    const order = parse(words, randomSeed);
    if (order.type === 'help') {
      print(help);
      return exitCodes.done;
    }
    const rows = await runAll(order, surroundings);
    print(order.json ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : tableOf(rows));
    const passed = rows.reduce((sum, row) => sum + row.passed, 0);
    const failed = rows.reduce((sum, row) => sum + row.failed, 0);
    print(`${passed} passed, ${failed} failed\n`);
    return failed === 0 ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    if (error instanceof UsageError) {
      say(`${error.message}\n\n${help}`);
      return exitCodes.usage;
    }
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return exitCodes.failed;
  }
}

async function runAll(order: RunOrder, surroundings: Surroundings): Promise<readonly Row[]> {
  surroundings.say(`seed ${order.seed}`);
  const rows: Row[] = [];
  for (const name of order.names) {
    const scenario = scenarios.get(name);
    if (scenario === undefined) continue;
    for (const storage of order.storages) {
      rows.push(await runOne(name, scenario, storage, order, surroundings));
    }
  }
  return rows;
}

/** One scenario on one storage, with a stage of its own. */
async function runOne(
  name: string,
  scenario: Scenario,
  storage: string,
  order: RunOrder,
  { say, signal }: Surroundings,
): Promise<Row> {
  const stage = new Stage(order.directory, order.keep);
  const interrupt = (): void => {
    stage.interrupt();
  };
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  try {
    return await runRounds(name, scenario, storage, order, stage, say);
  } finally {
    signal.removeEventListener('abort', interrupt);
    await stage.clear();
  }
}

async function runRounds(
  name: string,
  scenario: Scenario,
  storage: string,
  order: RunOrder,
  stage: Stage,
  say: (line: string) => void,
): Promise<Row> {
  const { seed } = order;
  const context = { storage, seed, stage };
  const began = performance.now();
  const title = `${name} ${storage}`;
  const why = await scenario.whyNot(context);
  if (why !== undefined) {
    say(`${title}: cannot run here: ${why}`);
    return rowOf(name, storage, seed, { rounds: 0, failed: order.named ? 1 : 0, skipped: why });
  }
  const wanted = order.rounds ?? scenario.rounds;
  const random = seededRandom(seed);
  const sum = new Sum();
  let done = 0;
  let failed = 0;
  let saidAt = began;
  const rounds = await scenario.begin(context);
  for (let number = 1; number <= wanted; number++) {
    const note = (text: string): void => say(`${title}, round ${number}: ${text}`);
    const { round, last } = await attempt(rounds, { ...context, random: random.fork(), note });
    stage.checkpoint();
    done++;
    sum.add(round);
    if (round.problems.length > 0) failed++;
    for (const { kind, message } of round.problems) note(`FAILED, ${kind}: ${message}`);
    // What the scenario itself stands on is gone.
    if (last) break;
    if (performance.now() - saidAt < progressMs && number < wanted) continue;
    saidAt = performance.now();
    say(`${title}: ${number} of ${wanted} rounds, ${sum.acknowledged} writes acknowledged`);
  }
  const seconds = (performance.now() - began) / 1000;
  return rowOf(name, storage, seed, { rounds: done, failed, sum, seconds });
}

/** A round that cannot be brought to its end has failed, and is the last one. */
async function attempt(
  rounds: Rounds,
  context: RoundContext,
): Promise<{ readonly round: Round; readonly last: boolean }> {
  try {
    return { round: await rounds.round(context), last: false };
  } catch (error) {
    const message = `the round could not be brought to its end: ${describe(error)}`;
    const round = new Sum();
    round.add({ problems: [{ kind: 'stuck', message }] });
    return { round, last: true };
  }
}

function rowOf(
  scenario: string,
  storage: string,
  seed: number,
  given: {
    readonly rounds: number;
    readonly failed: number;
    readonly sum?: Sum;
    readonly seconds?: number;
    readonly skipped?: string;
  },
): Row {
  const { rounds, failed, sum = new Sum(), seconds = 0, skipped } = given;
  const { struck, refused, acknowledged, beyond } = sum;
  const count = (kind: ProblemKind): number =>
    sum.problems.filter((problem) => problem.kind === kind).length;
  return {
    ...{ scenario, storage, seed, rounds, passed: Math.max(0, rounds - failed), failed },
    ...{ struck, refused, acknowledged, beyond, seconds, skipped },
    problems: {
      lost: count('lost'),
      refused: count('refused'),
      unnoticed: count('unnoticed'),
      stuck: count('stuck'),
      broken: count('broken'),
    },
  };
}
