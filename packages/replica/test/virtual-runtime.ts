/** Time, timers and turns that a test moves by hand. */
import { type Random, type Runtime, seededRandom, type Timer } from '@quorate/core';

interface VirtualTimer {
  readonly at: number;
  readonly run: () => void;
}

export class VirtualRuntime implements Runtime {
  #now = 1_000;
  readonly #turns: (() => void)[] = [];
  readonly timers = new Set<VirtualTimer>();
  /** Timers set since the start. */
  timersSet = 0;
  readonly #random: Random;

  constructor(seed: number = 1) {
    this.#random = seededRandom(seed);
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_700_000_000_000 + Math.floor(this.#now);
  }

  setTimer(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + ms, run };
    this.timers.add(timer);
    this.timersSet++;
    return {
      cancel: () => {
        this.timers.delete(timer);
      },
    };
  }

  nextTurn(run: () => void): void {
    this.#turns.push(run);
  }

  random(): number {
    return this.#random.next();
  }

  /** Lets promises and turns run until nothing is left to run at this time. */
  async settle(): Promise<void> {
    do {
      for (const run of this.#turns.splice(0)) run();
      // All promises there are have run when the next real turn comes: nothing here does real IO.
      await new Promise(setImmediate);
    } while (this.#turns.length > 0);
  }

  /** Moves the clock, running each timer at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      let next: VirtualTimer | undefined;
      for (const timer of this.timers) {
        if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      }
      if (next === undefined) break;
      this.timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.settle();
    }
    this.#now = end;
    await this.settle();
  }
}
