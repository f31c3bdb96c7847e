/**
 * Waiting without hanging: for turns of the event loop, and for work that may never be done.
 */
import { systemRuntime } from '@quorate/core';
import { ConformanceError } from '../check.ts';

/** How long anything may take before it counts as stuck: real disks are slow when many ask them. */
const longestMs = 60_000;

/** Lets everything run that can run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    systemRuntime.nextTurn(resolve);
  });
}

/** Waits for work, but not for ever. */
export async function inTime<T>(
  work: Promise<T>,
  what: string,
  patienceMs: number = longestMs,
): Promise<T> {
  let giveUp: () => void = () => undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    const timer = systemRuntime.setTimer(patienceMs, () => {
      reject(new ConformanceError(`${what} is stuck`));
    });
    giveUp = () => timer.cancel();
  });
  try {
    return await Promise.race([work, patience]);
  } finally {
    giveUp();
  }
}

/** Waits for work, or until this has come true. @returns whether the work was done. */
export async function unless(comesTrue: () => boolean, work: Promise<unknown>): Promise<boolean> {
  let outcome: { readonly error?: unknown } | undefined;
  work.then(
    () => {
      outcome = {};
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  const stuckAt = systemRuntime.now() + longestMs;
  for (let turns = 0; ; turns++) {
    if (comesTrue()) return false;
    if (outcome !== undefined) {
      if ('error' in outcome) throw outcome.error;
      return true;
    }
    if (systemRuntime.now() > stuckAt) throw new ConformanceError('neither done nor lost: stuck');
    // A disk that is real takes its time: leave the processor to it.
    await (turns < 100 ? turn() : pause(1));
  }
}

/** Waits for promises that may never settle, for a few turns and so many ms more. */
export async function forAMoment(
  work: readonly Promise<unknown>[],
  patienceMs: number,
): Promise<void> {
  if (work.length === 0) return;
  let over = false;
  const moment = async (): Promise<void> => {
    for (let turns = 0; turns < 50; turns++) await turn();
    for (let ms = 0; ms < patienceMs && !over; ms++) await pause(1);
  };
  await Promise.race([Promise.allSettled(work), moment()]);
  over = true;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    systemRuntime.setTimer(ms, resolve);
  });
}

/** Runs jobs, some at a time. The first failure, in their order, is the one that is told. */
export async function inParallel<T>(
  jobs: readonly T[],
  atOnce: number,
  run: (job: T) => Promise<void>,
): Promise<void> {
  const failures: { readonly at: number; readonly error: unknown }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < jobs.length && failures.length === 0) {
      const at = next++;
      try {
        await run(jobs[at] as T);
      } catch (error) {
        failures.push({ at, error });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const [first] = failures.sort((left, right) => left.at - right.at);
  if (first !== undefined) throw first.error;
}
