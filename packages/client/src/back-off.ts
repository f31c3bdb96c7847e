/** Pauses that grow from one failure to the next, and are short again after a success. */
import type { Runtime, Timer } from '@quorate/core';

/** One thing that is tried again and again. */
export class BackOff {
  readonly #runtime: Runtime;
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;
  #timer: Timer | undefined;

  constructor(runtime: Runtime, minMs: number, maxMs: number) {
    this.#runtime = runtime;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Whether a pause goes on. */
  get isPausing(): boolean {
    return this.#timer !== undefined;
  }

  /** Runs after a pause, in the place of what was to run after one that goes on. */
  pause(run: () => void): void {
    this.#timer?.cancel();
    const pauseMs = Math.min(this.#minMs * 2 ** Math.min(this.#failures, 30), this.#maxMs);
    this.#failures += 1;
    this.#timer = this.#runtime.setTimer(pauseMs * (1 - this.#runtime.random() / 2), () => {
      this.#timer = undefined;
      run();
    });
  }

  /** What was tried has worked. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Takes back what was to run. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
