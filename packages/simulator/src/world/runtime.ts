/** The door to the world of one process: its machine's clocks, and timers that end with it. */
import type { Random, Runtime, Timer } from '@quorate/core';
import type { Clock } from './clock.ts';
import type { Owner, Schedule } from './schedule.ts';

/** What a runtime is made of. */
export interface RuntimeParts {
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly random: Random;
  readonly owner: Owner;
  /** How long the turn takes that is asked for next, in ms: computing is not free. */
  readonly turnMs: () => number;
}

/** What a sum of fractions may be too small by. */
const roundingMs = 1e-6;

const never: Timer = { cancel: () => undefined };

/** Makes the runtime of a process. */
export function makeRuntime({ schedule, clock, random, owner, turnMs }: RuntimeParts): Runtime {
  return {
    now: () => clock.read(schedule.now),
    wallTime: () => clock.wall(schedule.now),
    random: () => random.next(),
    nextTurn: (run) => {
      if (!owner.ended) schedule.after(turnMs(), owner, run);
    },
    setTimer: (ms, run) => {
      if (owner.ended || ms === Number.POSITIVE_INFINITY) return never;
      const due = clock.read(schedule.now) + Math.max(0, ms);
      let timer: Timer;
      const arm = (): void => {
        timer = schedule.at(clock.when(due) + roundingMs, owner, () => {
          // The clock may run slower than it did when the timer was set.
          if (clock.read(schedule.now) < due) arm();
          else run();
        });
      };
      arm();
      return {
        cancel: () => {
          timer.cancel();
        },
      };
    },
  };
}
