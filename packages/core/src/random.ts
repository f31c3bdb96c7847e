/**
 * A seeded random generator: sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32.
 *
 * Engines draw their election jitter from one of these, handed in with the configuration, so that
 * the same inputs give the same effects, byte for byte. Not for secrets.
 */

/** A source of random numbers. */
export interface Random {
  /** A number from 0 up to but not 1, with 32 random bits. */
  next(): number;
  /** An integer from 0 up to but not `bound`. */
  below(bound: number): number;
  /** A number of milliseconds (or whatever) between the two, the first included. */
  between(from: number, to: number): number;
  /** `true` with the given probability. */
  chance(probability: number): boolean;
  /** One of the items. The list must not be empty. */
  pick<T>(items: readonly T[]): T;
  /** Another generator, independent of what this one gives later. */
  fork(): Random;
}

/** Makes a generator; the same seed gives the same numbers for ever. */
export function seededRandom(seed: number): Random {
  let splitmix = Math.floor(seed) | 0;
  // The high half of a large seed counts too.
  let high = Math.floor(seed / 2 ** 32) | 0;
  const scramble = (): number => {
    splitmix = (splitmix + 0x9e3779b9) | 0;
    let z = splitmix ^ high;
    high = Math.imul(high, 0x2c1b3c6d);
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let a = scramble();
  let b = scramble();
  let c = scramble();
  let counter = 1;

  const bits = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) bits();

  const next = (): number => bits() / 2 ** 32;
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    chance: (probability) => next() < probability,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[below(items.length)] as T;
    },
    fork: () => seededRandom(bits() * 2 ** 20 + (bits() >>> 12)),
  };
}
