/**
 * The only door to the world: clocks, timers, turns of the event loop, randomness.
 *
 * Whatever needs one of these takes a `Runtime` and never touches the globals (lint says so). The
 * simulator hands in its own, on virtual time; promises alone are deterministic, so production code
 * runs under simulation as it is.
 */

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Clocks, timers, turns and randomness. */
export interface Runtime {
  /** Monotonic clock in ms, with fractions; its zero means nothing. */
  now(): number;
  /** Wall clock in whole ms since 1970; may jump. */
  wallTime(): number;
  /** Runs once, not before `ms` have passed. */
  setTimer(ms: number, run: () => void): Timer;
  /** Runs once, after the events of this turn of the event loop. */
  nextTurn(run: () => void): void;
  /** A number from 0 up to but not 1. */
  random(): number;
}

/** The part of the global object that the real runtime uses; Node and browsers both have it. */
interface Globals {
  readonly performance: { now(): number };
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly setImmediate?: (run: () => void) => void;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(message: null): void };
  };
}

/** The longest delay that `setTimeout` takes; beyond, it fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The real clocks and timers of Node or a browser. */
export const systemRuntime: Runtime = makeSystemRuntime();

function makeSystemRuntime(): Runtime {
  const globals = globalThis as unknown as Globals;
  const turns: (() => void)[] = [];
  let channel: InstanceType<Globals['MessageChannel']> | undefined;

  // Browsers have no setImmediate, and setTimeout(0) is held back to 4 ms: a message is not.
  const postTurn = (run: () => void): void => {
    turns.push(run);
    if (channel === undefined) {
      channel = new globals.MessageChannel();
      channel.port1.onmessage = (): void => {
        turns.shift()?.();
      };
    }
    channel.port2.postMessage(null);
  };

  return {
    now: () => globals.performance.now(),
    wallTime: () => Date.now(),
    setTimer: (ms, run) => {
      const due = globals.performance.now() + ms;
      let timer: unknown;
      // Node counts from the start of the turn and cuts fractions off, so that a timer fires up to
      // two ms early; and a long delay has to be cut into pieces. So look at the clock before running.
      const arm = (leftMs: number): void => {
        timer = globals.setTimeout(
          () => {
            const stillLeftMs = due - globals.performance.now();
            if (stillLeftMs > 0) arm(stillLeftMs);
            else run();
          },
          Math.min(Math.max(Math.ceil(leftMs), 0), longestTimerMs),
        );
      };
      arm(ms);
      return {
        cancel: () => {
          globals.clearTimeout(timer);
        },
      };
    },
    nextTurn: (run) => {
      if (globals.setImmediate === undefined) postTurn(run);
      else globals.setImmediate(run);
    },
    random: () => Math.random(),
  };
}
