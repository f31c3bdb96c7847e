/** What is said about the same measurement made several times. */

/** A middle, and how far the rounds lay apart. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The value in the middle; of an even number of values, the mean of the two there. Not the mean: one
 * round in which the machine did something else would move it.
 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('a median of nothing');
  return (lower + upper) / 2;
}

/** Median, lowest and highest. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/**
 * How one stands to the other, round by round: only what was measured side by side is compared, since
 * the machine itself changes from one minute to the next.
 */
export function ratio(values: readonly number[], base: readonly number[]): Spread {
  if (values.length !== base.length) throw new RangeError('rounds without a counterpart');
  return spread(values.map((value, round) => value / (base[round] ?? Number.NaN)));
}
