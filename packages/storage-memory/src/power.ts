/**
 * The power of a simulated disk, which a test can cut right before a chosen operation.
 *
 * An operation is a change that is submitted, or a sync that makes those that wait durable. Changes
 * are whole and in order, so what a power loss may do is less than on a real disk: nothing is torn,
 * and a later change never survives an earlier one.
 */

/**
 * What a power loss takes of what was submitted and is not durable: nothing, everything, or, for
 * `partly` and `garbage`, any suffix.
 */
export type Loss = 'nothing' | 'unsynced' | 'partly' | 'garbage';

/** How many of the changes that are not durable survive; `undefined`: any number of them. */
export function survivorsOf(loss: Loss): number | undefined {
  switch (loss) {
    case 'nothing':
      return Infinity;
    case 'unsynced':
      return 0;
    case 'partly':
    case 'garbage':
      return undefined;
  }
}

/** Counts operations, and cuts the power before the one that was chosen. */
export class Power {
  /** Operations so far. */
  operations = 0;
  /** Whether the power that was to be cut has been. */
  lost = false;
  readonly #cut: (keep: number | undefined) => void;
  #armed: { readonly operation: number; readonly loss: Loss } | undefined;

  /** @param cut does what a power loss does, with so many of the waiting changes surviving. */
  constructor(cut: (keep: number | undefined) => void) {
    this.#cut = cut;
  }

  /** Cuts the power before the nth operation from now (1: the next). */
  cutAt(nth: number, loss: Loss): void {
    this.lost = false;
    this.#armed = { operation: this.operations + nth, loss };
  }

  /** The power went in another way. */
  disarm(): void {
    this.#armed = undefined;
  }

  /** Begins an operation. @returns whether it takes place. */
  begin(): boolean {
    this.operations++;
    const armed = this.#armed;
    if (armed?.operation !== this.operations) return true;
    this.#armed = undefined;
    this.lost = true;
    this.#cut(survivorsOf(armed.loss));
    return false;
  }
}
