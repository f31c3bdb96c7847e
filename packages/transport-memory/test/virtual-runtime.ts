/** A runtime on virtual time: nothing happens until it is told to go on. */
import type { Runtime } from '@quorate/core';

export interface VirtualRuntime extends Runtime {
  /** Runs everything that is due in the next so many ms, in order. */
  advance(ms: number): void;
}

export function virtualRuntime(): VirtualRuntime {
  let now = 0;
  let count = 0;
  const waiting: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  const setTimer: Runtime['setTimer'] = (ms, run) => {
    count += 1;
    const timer = { at: now + Math.max(ms, 0), order: count, run };
    waiting.push(timer);
    return {
      cancel: () => {
        const at = waiting.indexOf(timer);
        if (at >= 0) waiting.splice(at, 1);
      },
    };
  };
  return {
    now: () => now,
    wallTime: () => Math.floor(now),
    random: () => 0.5,
    setTimer,
    nextTurn: (run) => {
      setTimer(0, run);
    },
    advance: (ms) => {
      const end = now + ms;
      for (;;) {
        waiting.sort((left, right) => left.at - right.at || left.order - right.order);
        const first = waiting[0];
        if (first === undefined || first.at > end) break;
        waiting.shift();
        now = first.at;
        first.run();
      }
      now = end;
    },
  };
}
