import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../src/random.ts';

function draws(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

/** The 32 bits of each draw. */
function bits(random: Random, count: number): number[] {
  return draws(random, count).map((value) => value * 2 ** 32);
}

/** Pearson's statistic of values in [0, 1) over equal buckets: about `buckets - 1` where they are uniform. */
function chiSquare(values: readonly number[], buckets: number): number {
  const counts = new Array<number>(buckets).fill(0);
  for (const value of values) {
    const bucket = Math.floor(value * buckets);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const expected = values.length / buckets;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** For 15 degrees of freedom: below it in all but one of a million samples. All seeds here are fixed. */
const limitFor16Buckets = 56;

function correlation(left: readonly number[], right: readonly number[]): number {
  const products = left.map((value, at) => (value - 0.5) * ((right[at] ?? 0) - 0.5));
  return (12 * products.reduce((sum, product) => sum + product, 0)) / left.length;
}

describe('a seed', () => {
  it.each([
    [0, [0x23427724, 0xa326e0cb, 0x066a84ca, 0x4fc89f56]],
    [1, [0x2f3d1c4a, 0xbfa66005, 0x098cf040, 0x449b7e4f]],
    [2 ** 32 - 1, [0x17f29cdd, 0x30976dff, 0x61831b43, 0xa54b7665]],
    [2 ** 32, [0x79760c03, 0x342f110f, 0x28d4ff2d, 0xbe80bfeb]],
    [2 ** 32 + 1, [0x0bdfdb9c, 0x188b53fd, 0x07253366, 0x00de1d2a]],
    [Number.MAX_SAFE_INTEGER, [0xdf511c7a, 0xd379098b, 0x73699a13, 0x5c66b7c9]],
    [-1, [0x1b3f5304, 0xc212dd14, 0x69ac9f83, 0xc8cf4370]],
  ])('of %d gives the same numbers for ever: recorded runs replay', (seed, expected) => {
    expect(bits(seededRandom(seed), 4)).toEqual(expected);
  });

  it('gives other numbers than every other seed, also where only its high bits differ', () => {
    const seeds = [
      ...Array.from({ length: 2000 }, (_, at) => at),
      ...Array.from({ length: 2000 }, (_, at) => -1 - at),
      ...Array.from({ length: 2000 }, (_, at) => (at + 1) * 2 ** 32),
      ...Array.from({ length: 2000 }, (_, at) => (at + 1) * 2 ** 32 + at),
      ...Array.from({ length: 22 }, (_, at) => 2 ** (32 + at) - 1),
      Number.MAX_SAFE_INTEGER,
    ];
    const distinct = new Set(seeds);
    const beginnings = new Set([...distinct].map((seed) => draws(seededRandom(seed), 3).join()));
    expect(beginnings.size).toBe(distinct.size);
  });

  it('that follows another gives numbers that do not follow from the other', () => {
    const first = Array.from({ length: 20_000 }, (_, seed) => seededRandom(seed).next());
    expect(chiSquare(first, 16)).toBeLessThan(limitFor16Buckets);
    expect(Math.abs(correlation(first.slice(1), first))).toBeLessThan(0.03);
  });
});

describe('a generator', () => {
  it.each([0, 1, 42, 2 ** 40 + 1])(
    'with seed %d gives each part of the range its share',
    (seed) => {
      const values = draws(seededRandom(seed), 100_000);
      expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
      expect(chiSquare(values, 16)).toBeLessThan(limitFor16Buckets);
      // Its low bits as well: multiplied out, they are the fraction.
      const low = values.map((value) => (value * 2 ** 28) % 1);
      expect(chiSquare(low, 16)).toBeLessThan(limitFor16Buckets);
      // One draw does not tell the next.
      expect(Math.abs(correlation(values.slice(1), values))).toBeLessThan(0.015);
    },
  );

  it('draws whole numbers below a bound, each as often as the others', () => {
    const random = seededRandom(7);
    const values = Array.from({ length: 60_000 }, () => random.below(6));
    expect(new Set(values)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(
      chiSquare(
        values.map((value) => (value + 0.5) / 6),
        6,
      ),
    ).toBeLessThan(36);
    expect(random.below(1)).toBe(0);
  });

  it('draws between two numbers, the first included', () => {
    const random = seededRandom(8);
    const values = Array.from({ length: 10_000 }, () => random.between(150, 300));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(150);
    expect(Math.min(...values)).toBeLessThan(151);
    expect(Math.max(...values)).toBeLessThan(300);
    expect(Math.max(...values)).toBeGreaterThan(299);
    expect(random.between(5, 5)).toBe(5);
  });

  it('takes a chance as often as it is likely', () => {
    const random = seededRandom(9);
    const taken = (probability: number): number =>
      Array.from({ length: 10_000 }, () => random.chance(probability)).filter(Boolean).length;
    expect(taken(0)).toBe(0);
    expect(taken(1)).toBe(10_000);
    expect(Math.abs(taken(0.25) - 2500)).toBeLessThan(200);
  });

  it('picks every item sooner or later, and none from nothing', () => {
    const random = seededRandom(10);
    const picked = new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b', 'c'])));
    expect(picked).toEqual(new Set(['a', 'b', 'c']));
    expect(() => random.pick([])).toThrow(RangeError);
  });

  it('uses one draw for each question, so that a run stays the same when a bound changes', () => {
    const [one, other] = [seededRandom(11), seededRandom(11)];
    one.below(3);
    one.between(0, 1);
    one.chance(0.5);
    one.pick([1, 2]);
    draws(other, 4);
    expect(one.next()).toBe(other.next());
  });
});

describe('a fork', () => {
  it('does not notice what its parent draws later, nor the other way round', () => {
    const [quiet, busy] = [seededRandom(12), seededRandom(12)];
    const [quietFork, busyFork] = [quiet.fork(), busy.fork()];
    draws(busy, 100);
    expect(draws(busyFork, 10)).toEqual(draws(quietFork, 10));
    expect(draws(quiet, 101).at(-1)).toBe(busy.next());
  });

  it('is another generator than its parent and its siblings', () => {
    const parent = seededRandom(13);
    const family = [parent, parent.fork(), parent.fork(), parent.fork().fork()];
    const values = family.map((random) => draws(random, 20_000));
    values.forEach((left, at) => {
      expect(chiSquare(left, 16)).toBeLessThan(limitFor16Buckets);
      for (const right of values.slice(at + 1)) {
        expect(Math.abs(correlation(left, right))).toBeLessThan(0.03);
      }
    });
  });
});
