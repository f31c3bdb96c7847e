/** The program behind `sim`: from words to the number with which the process ends. */
import { help, type Order, parse, UsageError } from './options.ts';
import { runOne } from './one.ts';
import { missedPaths } from './paths.ts';
import { runOnThreads } from './pool.ts';
import { measure, operationsPerSecond } from './speed.ts';
import type { Failure, Tally } from './tally.ts';
import { failureLines, tallyLines, totalLine } from './text.ts';

/** Where a program speaks. */
export interface Surroundings {
  readonly print: (line: string) => void;
  /** For whoever watches: progress. */
  readonly say: (line: string) => void;
}

/** After so many failures nothing is learned from further ones. */
const maxFailures = 10;
const progressMs = 5000;

/** Runs it, and returns the exit code: 0 all is well, 1 something failed, 2 nothing was run. */
export async function runProgram(
  words: readonly string[],
  { print, say }: Surroundings,
): Promise<number> {
  try {
    const order = parse(words);
    switch (order.type) {
      case 'help':
        print(help.trimEnd());
        return 0;
      case 'one': {
        const passed = await runOne(order, print, say);
        print(totalLine(passed ? 1 : 0, passed ? 0 : 1));
        return passed ? 0 : 1;
      }
      case 'speed':
        await speed(order, print);
        return 0;
      case 'seeds':
        return await runMany(order, { print, say });
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message}\nSee: sim --help`);
    return 2;
  }
}

async function speed(
  { algorithms, seconds }: Extract<Order, { readonly type: 'speed' }>,
  print: (line: string) => void,
): Promise<void> {
  for (const algorithm of algorithms) {
    const { ratio, virtualSeconds, microsecondsPerEvent, operations } = await measure(
      algorithm,
      seconds,
    );
    print(
      `${algorithm}: ${ratio.toFixed(0)} virtual seconds a second (${virtualSeconds.toFixed(0)} s, ` +
        `${String(operations)} operations at ${String(operationsPerSecond)} a second, ${microsecondsPerEvent.toFixed(1)} us an event)`,
    );
  }
}

async function runMany(
  order: Extract<Order, { readonly type: 'seeds' }>,
  { print, say }: Surroundings,
): Promise<number> {
  const { algorithms, from, jobs, profile, seeds, workload } = order;
  let passed = 0;
  let failed = 0;
  for (const algorithm of algorithms) {
    const began = performance.now();
    let saidAt = began;
    const known = new Set<Failure['seed']>();
    const range = {
      algorithm,
      from,
      count: seeds,
      profile,
      ...(workload === undefined ? {} : { workload }),
    };
    const tally = await runOnThreads(range, jobs, (soFar) => {
      for (const failure of soFar.failures) {
        if (known.has(failure.seed)) continue;
        known.add(failure.seed);
        say(failureLines(failure, profile, workload));
      }
      if (performance.now() - saidAt > progressMs) {
        saidAt = performance.now();
        say(`${algorithm}: ${String(soFar.seeds)} of ${String(seeds)} seeds`);
      }
      return soFar.failures.length < maxFailures;
    });
    if (order.json) print(JSON.stringify(plainOf(algorithm, tally)));
    else print(tallyLines(algorithm, tally, performance.now() - began));
    for (const failure of tally.failures) print(failureLines(failure, profile, workload));
    const missed = order.paths ? missedPaths(algorithm, tally.coverage) : [];
    for (const path of missed) print(`FAILED ${algorithm}: no seed reached "${path}"`);
    failed += tally.failures.length + missed.length;
    passed += tally.seeds - tally.failures.length;
  }
  print(totalLine(passed, failed));
  return failed === 0 ? 0 : 1;
}

function plainOf(algorithm: string, tally: Tally): object {
  const { faults, coverage } = tally;
  return {
    algorithm,
    ...tally,
    faults: Object.fromEntries(faults),
    coverage: Object.fromEntries(coverage),
  };
}
