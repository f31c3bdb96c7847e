/**
 * An open loop: commands arrive by a schedule that was fixed in advance, whether or not those before them are
 * done, as they do where many people use a service.
 *
 * A latency begins when a command was to arrive. A service that stands still for a second is so charged
 * for everything that was to arrive meanwhile, and not for one command alone (Gil Tene: coordinated omission).
 */
import { type Figures, type Measurement, Recorder } from '../results/measurement.ts';

/** A schedule: evenly, so many a second. */
export interface Schedule {
  readonly perSecond: number;
  readonly seconds: number;
}

/** What happens meanwhile. */
export interface OpenLoop {
  /** Hands in one command. @param number from 0 */
  readonly execute: (number: number) => Promise<unknown>;
  /** Begins to count; what it gives ends that. */
  readonly watch?: () => () => Figures;
  /** Takes a command that failed; it does not count. @default the loop fails with it */
  readonly failed?: (error: unknown) => void;
  /** Called when a command is done, with the time. */
  readonly succeeded?: (now: number) => void;
  /** How many at a time; what is due beyond that waits here, and its time counts. @default 20 000 */
  readonly inFlight?: number;
  /** @default the one of the system */
  readonly clock?: Clock;
}

/** Time, in ms. */
export interface Clock {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => void;
}

/** The service is overloaded then, and memory is to stay bounded. */
const mostInFlight = 20_000;

const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => void setTimeout(run, ms),
};

/** Resolves when everything that was to arrive is done, however long that takes. */
export function openLoop(
  { perSecond, seconds }: Schedule,
  {
    execute,
    watch,
    failed,
    succeeded,
    inFlight: most = mostInFlight,
    clock = systemClock,
  }: OpenLoop,
): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const recorder = new Recorder();
    const lateness = new Recorder();
    const figures = watch?.();
    const total = Math.max(Math.round(perSecond * seconds), 1);
    const start = clock.now();
    let next = 0;
    let done = 0;
    let inFlight = 0;
    let waiting = false;
    let ended = false;
    const dueAt = (number: number): number => start + (number * 1000) / perSecond;

    const end = (settle: () => void): void => {
      ended = true;
      settle();
    };
    const finish = (): void => {
      const elapsedMs = Math.max(clock.now() - start, seconds * 1000);
      const { p50 } = lateness.result(elapsedMs, {});
      end(() => {
        try {
          const more = { offeredPerSecond: perSecond, lateMicroseconds: p50 };
          resolve(recorder.result(elapsedMs, { ...figures?.(), ...more }));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    };
    const settled = (): void => {
      inFlight -= 1;
      done += 1;
      if (done === total) finish();
      // Somebody may wait for room.
      else if (!waiting) arrive();
    };
    const send = (number: number, now: number): void => {
      const due = dueAt(number);
      lateness.record(now - due);
      inFlight += 1;
      execute(number).then(
        () => {
          if (ended) return;
          const then = clock.now();
          recorder.record(then - due);
          succeeded?.(then);
          settled();
        },
        (error: unknown) => {
          if (ended) return;
          if (failed === undefined) {
            end(() => reject(error instanceof Error ? error : new Error(String(error))));
          } else {
            failed(error);
            settled();
          }
        },
      );
    };
    const arrive = (): void => {
      waiting = false;
      if (ended) return;
      const now = clock.now();
      while (next < total && inFlight < most && dueAt(next) <= now) send(next++, now);
      if (next === total || inFlight >= most) return;
      waiting = true;
      clock.after(dueAt(next) - now, arrive);
    };
    arrive();
  });
}
