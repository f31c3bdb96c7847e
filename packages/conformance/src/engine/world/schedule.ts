/**
 * Virtual time: a queue of events, and clocks that run fast or slow against it.
 *
 * Events of one moment run in the order in which they were put in, so a run depends on its seed and
 * on nothing else.
 */

interface Event {
  readonly time: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** The events to come, soonest first (a binary heap). */
export class Schedule {
  readonly #heap: Event[] = [];
  #now = 0;
  #sequence = 0;

  /** Virtual ms since the start. */
  get now(): number {
    return this.#now;
  }

  /** Events that have run so far. */
  get ran(): number {
    return this.#sequence - this.#heap.length;
  }

  /** Runs `run` at `time`, or right after what is due now if that has passed. */
  at(time: number, run: () => void): void {
    const event = { time: Math.max(time, this.#now), sequence: this.#sequence++, run };
    const heap = this.#heap;
    let child = heap.length;
    heap.push(event);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(event, above)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = event;
  }

  /** Runs `run` once `ms` have passed. */
  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /** Runs the next event if it is due by `until`; otherwise time stands at `until`. */
  step(until: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.time > until) {
      this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#removeFirst();
    this.#now = next.time;
    next.run();
    return true;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      let lesser = heap[child];
      if (lesser === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, lesser)) {
        child += 1;
        lesser = right;
      }
      if (!before(lesser, last)) break;
      heap[parent] = lesser;
      parent = child;
    }
    heap[parent] = last;
  }
}

/** A node's own monotonic clock: `rate` ms of it pass in one virtual ms. */
export class Clock {
  readonly #rate: number;
  readonly #offset: number;

  constructor(rate: number, offset: number) {
    this.#rate = rate;
    this.#offset = offset;
  }

  /** What it shows at a virtual time. */
  read(time: number): number {
    return this.#offset + time * this.#rate;
  }

  /** When it will show `local`, a microsecond late so that rounding never wakes anybody early. */
  when(local: number): number {
    return (local - this.#offset) / this.#rate + 0.001;
  }
}

function before(left: Event, right: Event): boolean {
  return left.time < right.time || (left.time === right.time && left.sequence < right.sequence);
}
