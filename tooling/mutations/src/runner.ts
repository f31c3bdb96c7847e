/** Plants mutations one at a time, and collects what becomes of them. */
import { filesOf, type Mutation, plant, PlantingError, type Suite } from './mutation.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { root } from './root.ts';
import type { Seeds } from './simulator.ts';
import type { Patience } from './suites.ts';
import type { Outcome, Verdict } from './verdict.ts';

/** How mutations are tried. Tests hand in others. */
export interface Means {
  /** The tests; `undefined`: they are not run. */
  readonly suites:
    | ((suite: Mutation['suite'], edits: Mutation['edits'], patience: Patience) => Promise<Verdict>)
    | undefined;
  /** The simulator; `undefined`: it is not run. */
  readonly simulator:
    | ((mutation: Pick<Mutation, 'area' | 'edits'>, seeds: Seeds) => Promise<Verdict>)
    | undefined;
}

/** What is to be done. */
export interface Order extends Patience {
  readonly mutations: readonly Mutation[];
  /** How many are tried at a time. */
  readonly jobs: number;
  readonly seeds: number;
  /** Told of each outcome. */
  readonly done: (outcome: Outcome, count: number) => void;
}

/** Tries all of them; the outcomes come in the order of the mutations. */
export async function runAll(order: Order, means: Means): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const baselines = new Baselines(order, means);
  const waiting = [...order.mutations.entries()];
  let count = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, mutation] = next;
      const outcome = await runOne(mutation, order, means, baselines);
      outcomes[at] = outcome;
      count += 1;
      order.done(outcome, count);
    }
  };
  await Promise.all(Array.from({ length: order.jobs }, work));
  return outcomes;
}

async function runOne(
  mutation: Mutation,
  order: Order,
  means: Means,
  baselines: Baselines,
): Promise<Outcome> {
  const begun = Date.now();
  const broken = flawOf(mutation);
  const invalid: Verdict | undefined =
    broken === undefined ? undefined : { type: 'invalid', reason: broken };
  const suites =
    means.suites &&
    (invalid ??
      (await baselines.suites(mutation)) ??
      (await means.suites(mutation.suite, mutation.edits, order)));
  const { signal, timeoutMs } = order;
  const seeds = { from: 1, count: order.seeds, signal, timeoutMs: timeoutMs * 10 };
  const simulator =
    means.simulator &&
    (invalid ??
      (await baselines.simulator(mutation, seeds)) ??
      (await means.simulator(mutation, seeds)));
  return { id: mutation.id, suites, simulator, seconds: (Date.now() - begun) / 1000 };
}

/** Why a mutation cannot be planted; `undefined`: it can, and is a program. */
export function flawOf(mutation: Pick<Mutation, 'edits'>): string | undefined {
  for (const file of filesOf(mutation)) {
    try {
      const text = plant(file, readFileSync(join(root, file), 'utf8'), mutation.edits);
      parseAst(text, { lang: 'ts' }, file);
    } catch (error) {
      if (error instanceof PlantingError) return error.message;
      return `${file} is no program any more: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
}

/** What fails without any bug says nothing about one. Each is tried once. */
class Baselines {
  readonly #order: Order;
  readonly #means: Means;
  readonly #tried = new Map<string, Promise<Verdict | undefined>>();

  constructor(order: Order, means: Means) {
    this.#order = order;
    this.#means = means;
  }

  /** `undefined`: the tests pass. */
  suites({ suite }: Mutation): Promise<Verdict | undefined> {
    const together = this.#together(suite.files);
    return this.#try(`tests ${suite.files.join(' ')}`, () =>
      this.#means.suites?.(together, [], this.#order),
    );
  }

  /** `undefined`: a few seeds pass. */
  simulator({ area }: Mutation, seeds: Seeds): Promise<Verdict | undefined> {
    const few = { ...seeds, count: Math.min(seeds.count, 10) };
    return this.#try(`seeds ${area}`, () => this.#means.simulator?.({ area, edits: [] }, few));
  }

  /** What any mutation asks of these files: starting the tests takes longer than most of them. */
  #together(files: readonly string[]): Suite {
    const wanted = this.#order.mutations
      .map(({ suite }) => suite)
      .filter((suite) => suite.files.join(' ') === files.join(' '));
    const patterns = wanted.flatMap(({ only }) => (only === undefined ? [] : [only]));
    if (patterns.length < wanted.length) return { files };
    return { files, only: [...new Set(patterns)].join('|') };
  }

  #try(key: string, run: () => Promise<Verdict> | undefined): Promise<Verdict | undefined> {
    const before = this.#tried.get(key);
    if (before !== undefined) return before;
    const trying = (async (): Promise<Verdict | undefined> => {
      const verdict = await run();
      if (verdict === undefined || verdict.type === 'survived') return undefined;
      const reason = `it fails without any bug: ${JSON.stringify(verdict)}`;
      return { type: 'invalid', reason };
    })();
    this.#tried.set(key, trying);
    return trying;
  }
}
