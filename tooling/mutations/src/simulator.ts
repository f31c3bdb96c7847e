/**
 * Runs the simulator with a bug planted: its program is bundled with the changed file in it, into a
 * folder of its own, and run seed by seed until one fails.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { type Area, type Edit, filesOf, type Mutation } from './mutation.ts';
import { plantingPlugin } from './planting.ts';
import { cleanEnvironment, run } from './processes.ts';
import { root } from './root.ts';
import type { Patience } from './suites.ts';
import type { Verdict } from './verdict.ts';

/** The program of the simulator. */
export const simulatorProgram: string = join(root, 'tooling/simulation/src/bin.ts');

/** Seeds to try, and how. */
export interface Seeds extends Patience {
  readonly from: number;
  readonly count: number;
}

/** A program with a bug in it. */
export interface Bundle extends AsyncDisposable {
  readonly file: string;
  /** Those of the changed files that are part of the program. */
  readonly planted: readonly string[];
}

/** Bundles a program. Without edits as it is. */
export async function bundleWith(program: string, edits: readonly Edit[]): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-mutation-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'program.mjs');
  const planted = new Set<string>();
  try {
    const bundle = await rolldown({
      input: program,
      platform: 'node',
      resolve: { conditionNames: ['source', 'node', 'import', 'module', 'default'] },
      plugins: [plantingPlugin(edits, (name) => planted.add(name))],
      logLevel: 'silent',
    });
    await bundle.write({ file, format: 'esm', codeSplitting: false });
    await bundle.close();
  } catch (error) {
    await remove();
    throw error;
  }
  return { file, planted: [...planted], [Symbol.asyncDispose]: remove };
}

/** Which algorithms a bug of an area can show in. */
export function algorithmsOf(area: Area): readonly string[] {
  return area === 'raft' || area === 'paxos' ? [area] : ['raft', 'paxos'];
}

/** Tries seeds until one fails. */
export async function runSimulator(
  mutation: Pick<Mutation, 'area' | 'edits'>,
  seeds: Seeds,
  program: string = simulatorProgram,
): Promise<Verdict> {
  await using bundle = await bundleWith(program, mutation.edits);
  if (filesOf(mutation).some((file) => !bundle.planted.includes(file))) return { type: 'absent' };
  for (const algorithm of algorithmsOf(mutation.area)) {
    const verdict = await runSeeds(bundle.file, algorithm, seeds);
    if (verdict.type !== 'survived') return verdict;
  }
  return { type: 'survived', seeds: seeds.count };
}

async function runSeeds(file: string, algorithm: string, seeds: Seeds): Promise<Verdict> {
  const { count, from: first, signal, timeoutMs } = seeds;
  // Few at first: whoever dies early need not wait for all of them.
  let size = 10;
  for (let done = 0; done < count; done += size, size *= 3) {
    const from = first + done;
    const chunk = Math.min(size, count - done);
    const range = ['--seeds', String(chunk), '--from', String(from)];
    // On one thread: others would load a file that is not part of the bundle.
    const flags = ['--algorithm', algorithm, ...range, '--jobs', '1'];
    const { code, output, timedOut } = await run({
      words: [file, ...flags],
      directory: root,
      environment: cleanEnvironment(process.env, {}),
      timeoutMs,
      signal,
    });
    if (timedOut) {
      return { type: 'killed', by: { type: 'time-out', seconds: timeoutMs / 1000 } };
    }
    const verdict = verdictOfSeeds(code, output, { algorithm, first, from, chunk });
    if (verdict.type !== 'survived') return verdict;
  }
  return { type: 'survived' };
}

/** What the output of the simulator says; exported for tests. */
export function verdictOfSeeds(
  code: number | undefined,
  output: string,
  {
    algorithm,
    first,
    from,
    chunk,
  }: {
    readonly algorithm: string;
    readonly first: number;
    readonly from: number;
    readonly chunk: number;
  },
): Verdict {
  if (code === 0) {
    // A program that ends well without a word has not tried anything.
    if (/^\d+ passed, 0 failed/m.test(output)) return { type: 'survived' };
    return { type: 'invalid', reason: 'the simulator has not told how many seeds passed' };
  }
  const failed = [...output.matchAll(/\bseed[ =:]+(\d+)/g)]
    .map(([, digits]) => Number(digits))
    .filter((number) => number >= from && number < from + chunk);
  if (failed.length === 0) {
    const reason = `the simulator ended with ${String(code)} and named no seed`;
    return { type: 'invalid', reason: `${reason}: ${output.trim().slice(-300)}` };
  }
  const seed = Math.min(...failed);
  return { type: 'killed', by: { type: 'seed', algorithm, seed, after: seed - first + 1 } };
}
