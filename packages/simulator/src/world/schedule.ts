/**
 * Virtual time: everything that is going to happen, in the order in which it happens. Two events of one
 * moment happen in the order in which they were asked for.
 */
import type { Timer } from '@quorate/core';
import { nextRealTurn, whenSettled } from './settled.ts';

/** To whom an event happens. Nothing happens to whoever has ended; who is paused has it later. */
export interface Owner {
  readonly ended: boolean;
  /** Virtual ms. */
  readonly pausedUntil: number;
}

interface Event {
  at: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  run: (() => void) | undefined;
}

/** So many events are run before the real event loop has its turn. */
const eventsPerRealTurn = 2000;

/** The events to come, as a binary heap. */
export class Schedule {
  readonly #heap: Event[] = [];
  #now = 0;
  #order = 0;
  #events = 0;

  /** Virtual ms since the start. */
  get now(): number {
    return this.#now;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Runs something at a moment, which is now if it has passed. */
  at(moment: number, owner: Owner | undefined, run: () => void): Timer {
    const event: Event = { at: Math.max(moment, this.#now), order: this.#order++, owner, run };
    this.#push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** Runs something in so many ms. */
  after(ms: number, owner: Owner | undefined, run: () => void): Timer {
    return this.at(this.#now + ms, owner, run);
  }

  /**
   * Lets events happen, one after the other, each when all promises have gone on that the one before
   * brought about. Resolves when it is `until`, or `done` after an event.
   */
  run(until: number, done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let sinceRealTurn = 0;
      const step = (): void => {
        try {
          if (done()) {
            resolve();
            return;
          }
          if (!this.#next(until)) {
            this.#now = Math.max(this.#now, until);
            resolve();
            return;
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (++sinceRealTurn < eventsPerRealTurn) whenSettled(step);
        else {
          sinceRealTurn = 0;
          nextRealTurn(step);
        }
      };
      whenSettled(step);
    });
  }

  /** Lets the next event happen, if it is due by then. */
  #next(until: number): boolean {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || event.at > until) return false;
      const { run, owner } = event;
      if (run === undefined || owner?.ended === true) {
        this.#pop();
        continue;
      }
      if (owner !== undefined && owner.pausedUntil > event.at) {
        this.#pop();
        // Its order stays: what was asked for first happens first after the pause, too.
        event.at = owner.pausedUntil;
        this.#push(event);
        continue;
      }
      this.#pop();
      this.#now = event.at;
      this.#events += 1;
      run();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
