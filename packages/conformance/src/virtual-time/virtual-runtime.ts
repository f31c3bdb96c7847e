/**
 * Virtual time: timers and turns run when a test says so, in one order for one seed.
 */
import { type Random, type Runtime, seededRandom, systemRuntime, type Timer } from '@quorate/core';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A runtime whose clock stands still until `run` moves it. */
export class VirtualRuntime implements Runtime {
  readonly #random: Random;
  readonly #startedAt = 1_700_000_000_000;
  #now = 0;
  #order = 0;
  #events: Event[] = [];
  #timersSet = 0;

  /** @param random what `random()` draws from. @default seeded with 1 */
  constructor(random: Random = seededRandom(1)) {
    this.#random = random;
  }

  /** Timers and turns that have not run yet. */
  get pending(): number {
    return this.#events.length;
  }

  /** Timers set since the start. */
  get timersSet(): number {
    return this.#timersSet;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#startedAt + Math.floor(this.#now);
  }

  setTimer(ms: number, run: () => void): Timer {
    this.#timersSet += 1;
    return this.#add(ms, run);
  }

  #add(ms: number, run: () => void): Timer {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    // Kept sorted: cheap for the handful of timers that a small cluster has.
    let at = this.#events.length;
    while (at > 0 && isAfter(this.#events[at - 1], event)) at--;
    this.#events.splice(at, 0, event);
    return {
      cancel: () => {
        this.#events = this.#events.filter((other) => other !== event);
      },
    };
  }

  nextTurn(run: () => void): void {
    this.#add(0, run);
  }

  random(): number {
    return this.#random.next();
  }

  /** Runs what is due now, promises included; the clock does not move. */
  async settle(): Promise<void> {
    await this.run(0);
  }

  /** Runs everything that falls due within so many virtual ms, promises included. */
  async run(ms: number): Promise<void> {
    await this.runUntil(() => false, ms);
  }

  /**
   * Runs until the condition holds.
   *
   * @returns whether it held within so many virtual ms.
   */
  async runUntil(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.#now + ms;
    await settlePromises();
    while (!condition()) {
      const [next] = this.#events;
      if (next === undefined || next.at > end) {
        this.#now = end;
        return condition();
      }
      this.#events.shift();
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settlePromises();
    }
    return true;
  }
}

/**
 * Promises alone are deterministic: all of them have settled when the next real turn comes, as long as nothing
 * does real IO.
 */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => {
    systemRuntime.nextTurn(resolve);
  });
}

function isAfter(left: Event | undefined, right: Event): boolean {
  return (
    left !== undefined && (left.at > right.at || (left.at === right.at && left.order > right.order))
  );
}
