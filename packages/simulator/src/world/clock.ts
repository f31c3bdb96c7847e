/**
 * The clocks of one machine. They outlive its processes.
 *
 * The monotonic one runs a little fast or slow and never goes back. The wall clock is off by some time,
 * and may be set, forwards and backwards, at any moment.
 */

/** Wall-clock time at which every run begins, ms since 1970. */
const beginning = 1_700_000_000_000;

/** A machine's clocks. */
export class Clock {
  #rate: number;
  /** True ms, and this clock's, at which the rate was set last. */
  #setAt = 0;
  #base: number;
  #wallOffsetMs: number;

  /**
   * @param rate how fast it runs: 1.01 gains a hundredth.
   * @param base what the monotonic clock shows at the start.
   */
  constructor(rate: number, base: number, wallOffsetMs: number) {
    this.#rate = rate;
    this.#base = base;
    this.#wallOffsetMs = wallOffsetMs;
  }

  get rate(): number {
    return this.#rate;
  }

  /** What the monotonic clock shows at a true time. */
  read(trueMs: number): number {
    return this.#base + (trueMs - this.#setAt) * this.#rate;
  }

  /** The true time at which the monotonic clock will show this, if its rate stays. */
  when(clockMs: number): number {
    return this.#setAt + (clockMs - this.#base) / this.#rate;
  }

  wall(trueMs: number): number {
    return Math.max(0, Math.floor(beginning + this.#wallOffsetMs + this.read(trueMs)));
  }

  /** From now on it runs at another rate. */
  drift(trueMs: number, rate: number): void {
    this.#base = this.read(trueMs);
    this.#setAt = trueMs;
    this.#rate = rate;
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}
