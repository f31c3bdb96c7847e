/**
 * What a network does to frames besides carrying them.
 */
import { InvalidArgumentError } from '@quorate/core';

/** Probabilities are from 0 to 1 and taken once per frame; times are in ms. */
export interface Faults {
  /** Least time on the way. @default 0 */
  readonly minDelayMs: number;
  /**
   * Greatest time on the way, drawn evenly from `minDelayMs` on. Delay alone keeps the order of the
   * frames from one node to another. @default 0
   */
  readonly maxDelayMs: number;
  /** Probability that a frame is lost. @default 0 */
  readonly loss: number;
  /** Probability that a frame arrives twice, the copy with a delay of its own. @default 0 */
  readonly duplication: number;
  /** Probability that a frame is held back, so that later ones overtake it. @default 0 */
  readonly reordering: number;
  /** Longest time that a frame is held back. @default 20 */
  readonly maxHoldMs: number;
}

/** Carries everything, at once and in order. */
export const noFaults: Faults = {
  minDelayMs: 0,
  maxDelayMs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
  maxHoldMs: 20,
};

/**
 * Returns the faults unchanged if they make sense.
 *
 * @throws InvalidArgumentError if they do not.
 */
export function checkFaults(faults: Faults): Faults {
  for (const name of ['loss', 'duplication', 'reordering'] as const) {
    const probability = faults[name];
    if (!(probability >= 0 && probability <= 1)) {
      throw new InvalidArgumentError(`${name} is a probability from 0 to 1, got ${probability}`);
    }
  }
  const { minDelayMs, maxDelayMs, maxHoldMs } = faults;
  if (!(minDelayMs >= 0 && maxDelayMs >= minDelayMs && maxDelayMs < Infinity)) {
    throw new InvalidArgumentError(
      `delays must satisfy 0 <= minDelayMs <= maxDelayMs, got ${minDelayMs} and ${maxDelayMs}`,
    );
  }
  if (!(maxHoldMs >= 0 && maxHoldMs < Infinity)) {
    throw new InvalidArgumentError(`maxHoldMs must not be negative, got ${maxHoldMs}`);
  }
  return faults;
}
