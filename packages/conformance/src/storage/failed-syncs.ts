/**
 * A sync fails, the process ends, the system lives on; the next process opens, repairs, writes on,
 * and at any moment of that the power goes.
 *
 * What a failed sync should have written is seen, and counts as clean: no later sync writes it, and
 * the power loss takes it. Nobody was told that it is durable, so it may be gone; unless an open has
 * shown it, for whoever was told of it then counts on it. Everything that was acknowledged, before and
 * after, is there, and the storage opens.
 */
import type { Storage, StorageOp } from '@quorate/core';
import { check, equal, failedIn, rejects } from '../check.ts';
import { allLosses, losses } from './crash-points.ts';
import { covered, type Loss, manyCasesMs, type StorageTests } from './harness.ts';
import { Expectation } from './model.ts';
import { Place } from './place.ts';
import { dropAfter, dropBefore, publish, put, puts, sample, stage, state } from './samples.ts';
import { inParallel, inTime } from './waiting.ts';

const needs = ['operations', 'crashAt', 'crashed', 'failNextSync', 'kill'] as const;
const casesAtOnce = 16;
const retain = 2;

/** Writes of the first life. Any of the last ones may be the one whose sync fails. */
const writes: readonly (readonly StorageOp[])[] = [
  [put(1), state(1)],
  puts(2, 6, 300),
  [put(7, sample(7, 900)), state(2)],
  puts(8, 9, 700),
  [dropAfter(8), ...puts(9, 11, 500), state(3)],
  [put(12, sample(12, 2000))],
  [put(13)],
  [dropBefore(4), put(14, sample(14, 800)), put(5, sample(55, 600))],
];
const mayFail = 5;
/** Where among them a snapshot is published, with what trims the log. */
const publishing = 6;
/** Writes of the life that the power ends. */
const later: readonly (readonly StorageOp[])[] = [
  [put(20, sample(20, 900)), state(10)],
  [dropAfter(9), put(10, sample(100, 300))],
  puts(11, 14, 400),
  [dropBefore(6), state(11)],
];

interface FailedSyncCase {
  /** The write whose sync fails, counted from 0. */
  readonly write: number;
  /** Processes that open after it and end at once, before the one that writes on. */
  readonly opens: number;
  /** The power goes right before this operation of that one, counted from 1. */
  readonly operation: number;
  readonly loss: Loss;
  /** Of the place. */
  readonly seed: number;
}

export function failedSyncTests(tests: StorageTests): void {
  for (const loss of allLosses) {
    tests.test(
      `S5: a sync fails, the process ends, another one goes on, and the power goes before any of its operations: ${losses[loss]}`,
      () => loseAfterwards(tests, loss),
      needs,
      manyCasesMs,
    );
  }
}

async function loseAfterwards(tests: StorageTests, loss: Loss): Promise<void> {
  const { options, seed } = tests;
  const cases: FailedSyncCase[] = [];
  for (let write = writes.length - mayFail; write < writes.length; write++) {
    const base = { write, loss, seed: seed + write };
    const total = await runCase(tests, { ...base, opens: 0, operation: 1_000_000 });
    check(total > 0, 'the second life takes no operation, says the harness');
    for (let operation = 1; operation <= total; operation++) {
      cases.push({ ...base, opens: operation % 2, operation, seed: seed + operation });
    }
  }
  const chosen = covered(cases.length, options.crashPoints ?? 'every', seed).flatMap(
    (number) => cases[number - 1] ?? [],
  );
  let reached = 0;
  await inParallel(chosen, casesAtOnce, async (each) => {
    if ((await runCase(tests, each)) < each.operation) return;
    reached++;
  });
  // An open that has been repaired once may take fewer operations than the one before.
  check(
    2 * reached > chosen.length,
    `the power was to be lost ${String(chosen.length)} times, and was ${String(reached)} times`,
  );
}

/** @returns before which operation of the second life the power went, or how many it took. */
async function runCase({ options }: StorageTests, each: FailedSyncCase): Promise<number> {
  const { loss, opens, operation, seed, write } = each;
  const place = new Place(await options.create(seed), { retainSnapshots: retain });
  const expectation = new Expectation(retain);
  try {
    await inTime(firstLife(place, expectation, write), 'the life with the sync that fails');
    for (let open = 0; open < opens; open++) {
      await expectation.match(await place.open(), 'after the sync that failed');
      await place.kill();
    }
    const before = place.operations();
    place.crashAt(operation, loss);
    const survived = await place.survives(secondLife(place, expectation));
    const took = place.operations() - before;
    if (survived) await place.close();
    await inTime(lastLife(place, expectation), 'the storage after the power loss');
    return survived ? Math.min(took, operation - 1) : operation;
  } catch (error) {
    throw failedIn(
      `the sync of write ${String(write)} fails, ${String(opens)} opens, power loss before operation ${String(operation)} of the next: ${losses[loss]} (seed ${String(seed)})`,
      error,
    );
  } finally {
    await place.remove();
  }
}

async function firstLife(place: Place, expectation: Expectation, failing: number): Promise<void> {
  const { storage } = await place.open();
  for (const [at, ops] of writes.entries()) {
    const more = at === publishing ? await snapshotOf(storage, expectation) : [];
    if (at < failing) {
      await expectation.write(storage, [...ops, ...more]);
      continue;
    }
    await place.feature('failNextSync').call(place.harness);
    await rejects(expectation.write(storage, [...ops, ...more]), 'STORAGE_FAILED', 'the write');
    break;
  }
  await place.kill();
}

async function secondLife(place: Place, expectation: Expectation): Promise<void> {
  const opened = await place.open();
  // The power may have gone while the answer was on its way.
  if (!place.crashed()) await expectation.match(opened, 'after the sync that failed');
  for (const ops of later) {
    if (place.crashed()) return;
    await expectation.write(opened.storage, ops);
  }
}

async function lastLife(place: Place, expectation: Expectation): Promise<void> {
  const opened = await place.open();
  await expectation.match(opened, 'after the power loss');
  const next = (opened.recovered.records?.last ?? 0) + 1;
  await expectation.write(opened.storage, [...puts(next, next + 2, 300), state(20)]);
  await place.close();
  const again = await place.open();
  await expectation.match(again, 'after a clean close');
  equal(again.recovered.records?.last, next + 2, 'the last index');
  await place.close();
}

async function snapshotOf(storage: Storage, expectation: Expectation): Promise<StorageOp[]> {
  const content = sample(1, 700);
  const id = await stage(storage, content);
  expectation.staged(id, content);
  return [publish(id, 5), dropBefore(3)];
}
