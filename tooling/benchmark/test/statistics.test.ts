import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, ratio, spread } from '../src/results/statistics.ts';

describe('the median', () => {
  it.each([
    { values: [7], middle: 7 },
    { values: [9, 1, 5], middle: 5 },
    { values: [4, 1, 2, 3], middle: 2.5 },
  ])('of $values is $middle', ({ values, middle }) => {
    expect(median(values)).toBe(middle);
  });

  it('is not moved by one round in which the machine did something else', () => {
    expect(median([100, 101, 102, 103, 5])).toBe(101);
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('has as many values below as above, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it('of nothing does not exist', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

it('a spread is the median between the lowest and the highest', () => {
  expect(spread([3, 9, 5])).toEqual({ median: 5, low: 3, high: 9 });
});

describe('a ratio', () => {
  it('compares what ran side by side, and not the medians', () => {
    // The machine was twice as fast in the second round: for both.
    expect(ratio([50, 100, 55], [100, 200, 100])).toEqual({ median: 0.5, low: 0.5, high: 0.55 });
  });

  it('needs a counterpart for every round', () => {
    expect(() => ratio([1, 2], [1])).toThrow(RangeError);
  });
});
