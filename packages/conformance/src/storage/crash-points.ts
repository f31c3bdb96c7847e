/**
 * Power loss right before every single operation of a history, in every way in which power is lost;
 * and again before every operation of the open that follows.
 *
 * Every case has a new place. It is named by its numbers, which run it alone.
 */
import { seededRandom } from '@quorate/core';
import { check, failedIn } from '../check.ts';
import { History, retain } from './crash-history.ts';
import { covered, type CrashCase, type Loss, manyCasesMs, type StorageTests } from './harness.ts';
import { Place } from './place.ts';
import { inParallel, inTime } from './waiting.ts';

/** What each loss takes, in words. */
export const losses: Readonly<Record<Loss, string>> = {
  nothing: 'all that the disk was given is there',
  unsynced: 'all that was not synced is lost',
  partly: 'some of what was not synced is lost',
  garbage: 'some of what was being written is garbage',
};
export const allLosses: readonly Loss[] = Object.keys(losses) as readonly Loss[];

const needs = ['operations', 'crashAt', 'crashed'] as const;

/** Cases that are under way together: a disk that takes its time does so for all of them. */
const casesAtOnce = 16;

/** Of so many crash points the open afterwards is interrupted at every operation, with every loss. */
const openedThroughout = 4;
/** Operations of one open that are tried, at most. */
const maxOpenOperations = 12;
/** Of so many others it is interrupted once, somewhere. */
const openedOnce = 100;

/** What a case showed. */
type Outcome =
  | { readonly type: 'not reached' }
  /** The open afterwards took so many operations. */
  | { readonly type: 'survived'; readonly openOperations: number };

export function crashPointTests(tests: StorageTests): void {
  const { test, options } = tests;
  const { crashCase } = options;
  if (crashCase !== undefined) {
    test(
      describeCase(crashCase),
      async () => {
        const { type } = await runCase(tests, crashCase);
        check(type === 'survived', 'the history ends before this operation');
      },
      needs,
    );
    return;
  }
  for (const loss of allLosses) {
    test(
      `power loss before every operation: ${losses[loss]}`,
      () => loseEverywhere(tests, loss),
      needs,
      manyCasesMs,
    );
  }
  for (const loss of allLosses) {
    test(
      `power loss, and another one while the storage opens: ${losses[loss]} the first time`,
      () => loseTwice(tests, loss),
      needs,
      manyCasesMs,
    );
  }
}

async function loseEverywhere(tests: StorageTests, loss: Loss): Promise<void> {
  const { options, seed } = tests;
  const total = await countOperations(tests);
  const points = covered(total, options.crashPoints ?? 'every', seed);
  let reached = 0;
  await inParallel(points, casesAtOnce, async (operation) => {
    const outcome = await runCase(tests, { operation, loss, seed: seed + operation });
    if (outcome.type === 'survived') reached++;
  });
  checkReached(points.length, reached);
}

async function loseTwice(tests: StorageTests, loss: Loss): Promise<void> {
  const { options, seed } = tests;
  const random = seededRandom(seed);
  const total = await countOperations(tests);
  const points = covered(total, options.crashPoints ?? 'every', seed);
  const chosen = sampleOf(points, Math.min(openedThroughout, Math.ceil(points.length / 10)), seed);
  // Where points are a sample, as many of an open are enough.
  const { crashPoints = 'every' } = options;
  const mostOpened =
    crashPoints === 'every' ? maxOpenOperations : Math.min(maxOpenOperations, crashPoints.sample);
  let mostOpenOperations = 1;
  let reached = 0;
  await inParallel(chosen, casesAtOnce, async (operation) => {
    const first: CrashCase = { operation, loss, seed: seed + operation };
    const outcome = await runCase(tests, first);
    if (outcome.type === 'not reached') return;
    reached++;
    const { openOperations } = outcome;
    mostOpenOperations = Math.max(mostOpenOperations, openOperations);
    for (const at of covered(openOperations, { sample: mostOpened }, seed)) {
      for (const another of allLosses) {
        await runCase(tests, { ...first, again: { operation: at, loss: another } });
      }
    }
  });
  checkReached(chosen.length, reached);
  const others = sampleOf(points, openedOnce, seed + 1).map((operation): CrashCase => {
    const again = { operation: 1 + random.below(mostOpenOperations), loss: random.pick(allLosses) };
    return { operation, loss, seed: seed + operation, again };
  });
  await inParallel(others, casesAtOnce, async (crashCase) => {
    await runCase(tests, crashCase);
  });
}

function sampleOf(points: readonly number[], count: number, seed: number): readonly number[] {
  const chosen = new Set(covered(points.length, { sample: count }, seed));
  return points.filter((_point, at) => chosen.has(at + 1));
}

/** Where writes are grouped by time the number of operations differs a little from run to run. */
function checkReached(planned: number, reached: number): void {
  check(
    2 * reached > planned,
    `the power was to be lost ${String(planned)} times, and was ${String(reached)} times`,
  );
}

/** Plays the history once without a power loss. */
async function countOperations({ options, seed }: StorageTests): Promise<number> {
  const place = new Place(await options.create(seed), { retainSnapshots: retain });
  const history = new History(place);
  try {
    const before = place.operations();
    await inTime(history.play(), 'the history');
    const total = place.operations() - before;
    await history.checkWhole();
    check(total > 0, 'the history takes no operation, says the harness');
    return total;
  } catch (error) {
    throw failedIn(`without a power loss, ${history.doing}`, error);
  } finally {
    await place.remove();
  }
}

async function runCase({ options, has }: StorageTests, crashCase: CrashCase): Promise<Outcome> {
  const { operation, loss, seed, again } = crashCase;
  const place = new Place(await options.create(seed), { retainSnapshots: retain });
  const history = new History(place);
  try {
    place.crashAt(operation, loss);
    if (await place.survives(history.play())) return notReached(place);
    history.stop();
    if (again !== undefined) {
      place.crashAt(again.operation, again.loss);
      if (await place.survives(place.open())) return notReached(place);
    }
    const openOperations = await inTime(
      history.checkRest(has('storedSnapshots')),
      'the storage after the power loss',
    );
    return { type: 'survived', openOperations };
  } catch (error) {
    throw failedIn(
      `${describeCase(crashCase)} (${history.doing}; run it alone with crashCase: ${showCase(crashCase)})`,
      error,
    );
  } finally {
    await place.remove();
  }
}

/** The power loss is still to come, perhaps in the close that ends the case. */
function notReached(place: Place): Outcome {
  place.lose();
  return { type: 'not reached' };
}

function describeCase({ operation, loss, again }: CrashCase): string {
  const first = `power loss before operation ${String(operation)}: ${losses[loss]}`;
  return again === undefined
    ? first
    : `${first}; then before operation ${String(again.operation)} of the open: ${losses[again.loss]}`;
}

function showCase({ operation, loss, seed, again }: CrashCase): string {
  const then =
    again === undefined
      ? ''
      : `, again: { operation: ${String(again.operation)}, loss: '${again.loss}' }`;
  return `{ operation: ${String(operation)}, loss: '${loss}', seed: ${String(seed)}${then} }`;
}
