/** How long a search may go on: in configurations, which are the same on every machine, and in time. */

/** Why a search gave up. */
export type GiveUp = 'timeout' | 'configurations';

/** How many steps are made between two looks at the clock. */
const stepsPerLook = 1024;

/** A budget, used up by the searches that share it. */
export class Budget {
  /** How many configurations were visited. */
  configurations: number = 0;
  readonly #maxConfigurations: number;
  readonly #clock: () => number;
  readonly #deadline: number;
  #steps = 0;
  #late = false;

  /** @param clock milliseconds from wherever */
  constructor(maxConfigurations: number, timeoutMs: number, clock: () => number) {
    this.#maxConfigurations = maxConfigurations;
    this.#clock = clock;
    this.#deadline = clock() + timeoutMs;
  }

  /** The n-th part of all configurations, as far as so many are left, as a budget of its own. Time is shared. */
  share(parts: number): Budget {
    const left = Math.max(0, this.#maxConfigurations - this.configurations);
    const configurations = Math.min(Math.ceil(this.#maxConfigurations / parts), left);
    return new Budget(configurations, this.#deadline - this.#clock(), this.#clock);
  }

  /** Steps of work that were made: the clock is looked at once in a while. */
  work(steps: number): void {
    this.#steps += steps;
    if (this.#steps < stepsPerLook) return;
    this.#steps = 0;
    this.#late ||= this.#clock() >= this.#deadline;
  }

  /** Looks at the clock now. */
  look(): void {
    this.#late ||= this.#clock() >= this.#deadline;
  }

  /** Why to give up, or `undefined`. */
  get spent(): GiveUp | undefined {
    if (this.#late) return 'timeout';
    return this.configurations > this.#maxConfigurations ? 'configurations' : undefined;
  }
}
