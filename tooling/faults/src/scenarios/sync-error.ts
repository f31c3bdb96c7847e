/**
 * Calls of the kernel fail, as a broken disk makes them: strace stands between.
 *
 * A call that is struck is not executed. So the data of a sync that failed still lies in the memory
 * of the kernel, and a storage that forgets the failure would get away with it: therefore it is
 * watched whether it goes on acknowledging, which it must not.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Random } from '@quorate/core';
import { whyNot } from '../kernel/means.ts';
import { namesIn, pathsToCome } from '../kernel/paths.ts';
import { type Effect, type Injection, straceOf, strikesIn } from '../kernel/strace.ts';
import { Folders } from './folders.ts';
import { killLife } from './kill.ts';
import { processHost } from './host.ts';
import { Lineage, type Treatment } from './lineage.ts';
import {
  type Problem,
  type Round,
  type RoundContext,
  type Scenario,
  type ScenarioContext,
  Sum,
} from './scenario.ts';

/** Calls that fail, and how. */
interface Kind {
  readonly calls: readonly string[];
  readonly effects: readonly Effect[];
  /** The highest that is struck; each thread counts for itself. */
  readonly mostNth: number;
  /** How often this kind is chosen. */
  readonly weight: number;
  /**
   * Programs call it for themselves as well: only those on the storage's own files are struck, or
   * on those of them that have a number. LevelDB's own diary has none, and may be lost.
   */
  readonly on: 'all' | 'own' | 'numbered';
  /** Whether acknowledging must stop. What only reads, or moves a diary, may be done without. */
  readonly stops: boolean;
}

const eio: Effect = { error: 'EIO' };
const enospc: Effect = { error: 'ENOSPC' };

const kinds: readonly Kind[] = [
  kind({ calls: ['fdatasync'], effects: [eio, eio, eio, enospc], weight: 6, mostNth: 12 }),
  kind({ calls: ['fsync'], effects: [eio, enospc], weight: 2, mostNth: 3 }),
  kind({
    calls: ['pwrite64', 'pwritev', 'pwritev2'],
    effects: [eio, eio, eio, enospc, { result: 0 }],
    weight: 6,
    mostNth: 12,
  }),
  kind({ calls: ['write'], effects: [eio, enospc], weight: 3, mostNth: 20, on: 'numbered' }),
  kind({ calls: ['openat'], effects: [eio, enospc, { error: 'EMFILE' }], on: 'own', stops: false }),
  kind({ calls: ['rename', 'renameat', 'renameat2'], effects: [eio, enospc], stops: false }),
  kind({ calls: ['ftruncate', 'fallocate'], effects: [eio, enospc] }),
  kind({ calls: ['unlink', 'unlinkat'], effects: [eio], stops: false }),
  // A file that cannot be read is no file that is damaged, and a folder none that is empty.
  kind({ calls: ['pread64', 'preadv'], effects: [eio], mostNth: 12, on: 'own', stops: false }),
  kind({ calls: ['read'], effects: [eio], on: 'own', stops: false }),
  kind({ calls: ['getdents64'], effects: [eio], on: 'own', stops: false }),
];

function kind(given: Pick<Kind, 'calls' | 'effects'> & Partial<Kind>): Kind {
  return { mostNth: 6, weight: 1, on: 'all', stops: true, ...given };
}

/** A write that is called so long after a failure knows of it. */
const noticedMs = 250;

export const syncError: Scenario = {
  summary: 'syncs, writes and other calls of the kernel fail (strace)',
  rounds: 30,
  whyNot: ({ stage }) => whyNot('strace', stage),
  begin: async (scenarioContext) => {
    const folders = new Folders(scenarioContext);
    const names = await namesOf(scenarioContext);
    return {
      round: (context) => folders.round(context, (lineage) => errorRound(lineage, names, context)),
    };
  },
};

/** Names that a storage gives to its files, as far as a first life shows. */
async function namesOf(context: ScenarioContext): Promise<readonly string[]> {
  const { storage, seed, stage } = context;
  const folder = await stage.folder();
  const lineage = new Lineage({
    storage,
    seed,
    directory: join(folder, 'data'),
    host: processHost(stage),
  });
  const names = new Set<string>();
  await lineage.live({
    writes: 100,
    inFlight: 4,
    onEvent: ({ type }) => {
      if (type === 'acknowledged' || type === 'staging' || type === 'closed') {
        for (const name of namesIn(lineage.directory)) names.add(name);
      }
    },
  });
  await stage.remove(folder);
  return [...names];
}

async function errorRound(
  lineage: Lineage,
  names: readonly string[],
  { random, stage, note }: RoundContext,
): Promise<Round> {
  const sum = new Sum();
  const recovers = random.chance(0.35);
  const { stops, injection } = drawInjection(random, lineage.directory, names, recovers);
  const log = join(lineage.directory, '..', 'strace.log');
  const treatment: Treatment = {
    wrap: straceOf(injection, log),
    faulty: true,
    // With one thread it is exactly once that it fails: a second try would work.
    environment: random.chance(0.5) ? { UV_THREADPOOL_SIZE: '1' } : {},
  };
  const inFlight = 1 + random.below(8);
  if (recovers) {
    // Calls of the recovery fail, and there shall be something to recover.
    await killLife(lineage, random, sum);
    sum.struck = 0;
    if (sum.problems.length > 0) return sum;
    const { trail, problems } = await lineage.disturb(treatment);
    sum.add({ problems, refused: trail.refusals.length > 0 ? 1 : 0 });
    sum.add({ struck: (await struckIn(log)).count > 0 ? 1 : 0 });
  } else {
    const { trail, problems } = await lineage.live({ ...treatment, writes: 250, inFlight });
    const refused = trail.refusals.length > 0;
    sum.add({ problems, acknowledged: trail.acknowledgements, refused: refused ? 1 : 0 });
    const { count, firstAtMs } = await struckIn(log);
    sum.add({ struck: count > 0 ? 1 : 0 });
    const lastMs = trail.lastAcknowledgedCall ?? 0;
    if (stops && !refused && lastMs > firstAtMs + noticedMs) {
      sum.add({ problems: [unnoticed(injection, lastMs - firstAtMs)] });
    }
  }
  if (sum.problems.length === 0) sum.add(await lineage.check());
  if (sum.problems.length > 0) note(`the fault: ${describeInjection(injection)}`);
  stage.checkpoint();
  return sum;
}

function drawInjection(
  random: Random,
  directory: string,
  names: readonly string[],
  recovers: boolean,
): { readonly stops: boolean; readonly injection: Injection } {
  const chosen = random.pick(kinds.flatMap((each) => Array<Kind>(each.weight).fill(each)));
  const { calls, effects, mostNth, on, stops } = chosen;
  const own = on === 'all' ? [] : pathsToCome(directory, names);
  const injection = {
    calls,
    effect: random.pick(effects),
    // A recovery makes few calls.
    nth: 1 + random.below(recovers ? Math.min(mostNth, 4) : mostNth),
    everAfter: random.chance(0.3),
    paths: on === 'numbered' ? own.filter((path) => /\d/.test(basename(path))) : own,
  };
  return { stops, injection };
}

function unnoticed(injection: Injection, laterMs: number): Problem {
  return {
    kind: 'unnoticed',
    message: `it acknowledged a write that was called ${Math.round(laterMs)} ms after ${describeInjection(injection)}`,
  };
}

function describeInjection({ calls, effect, nth, everAfter }: Injection): string {
  const what = 'error' in effect ? effect.error : `result ${effect.result}`;
  return `${calls.join('/')} gave ${what} from the ${nth}. on${everAfter ? '' : ', once'}`;
}

async function struckIn(log: string): Promise<ReturnType<typeof strikesIn>> {
  return strikesIn(await readFile(log, 'utf8').catch(() => ''));
}
