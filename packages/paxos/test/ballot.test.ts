import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Ballot,
  compareBallots,
  describeBallot,
  noBallot,
  sameBallot,
} from '../src/ballot.ts';

/** Few of them, so that equal rounds and equal nodes are common; names of which one begins another. */
const anyBallot: fc.Arbitrary<Ballot> = fc.record({
  round: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 ** 48 - 1 })),
  node: fc.constantFrom('a', 'b', 'B', 'a1', 'a10', 'a9', '-'),
});

describe('the order of ballots', () => {
  it('goes by round first, then by node', () => {
    const ordered: readonly Ballot[] = [
      noBallot,
      { round: 1, node: 'a' },
      { round: 1, node: 'b' },
      { round: 2, node: 'a' },
      { round: 10, node: 'a' },
    ];
    for (const [at, lower] of ordered.entries()) {
      for (const higher of ordered.slice(at + 1)) {
        expect(compareBallots(lower, higher)).toBeLessThan(0);
        expect(compareBallots(higher, lower)).toBeGreaterThan(0);
      }
    }
  });

  it('is total: of two ballots one is higher, or they are the same', () => {
    fc.assert(
      fc.property(anyBallot, anyBallot, (left, right) => {
        const same = left.round === right.round && left.node === right.node;
        expect(sameBallot(left, right)).toBe(same);
        expect(compareBallots(left, right) === 0).toBe(same);
        expect(
          Math.sign(compareBallots(left, right)) + Math.sign(compareBallots(right, left)),
        ).toBe(0);
      }),
    );
  });

  it('is the same for all that sort by it', () => {
    const anyTwoOrders = fc
      .array(anyBallot)
      .chain((ballots) =>
        fc.tuple(
          fc.constant(ballots),
          fc.shuffledSubarray(ballots, { minLength: ballots.length, maxLength: ballots.length }),
        ),
      );
    fc.assert(
      fc.property(anyTwoOrders, ([ballots, shuffled]) => {
        expect([...shuffled].sort(compareBallots)).toEqual([...ballots].sort(compareBallots));
      }),
    );
  });

  it('has nothing below no ballot', () => {
    fc.assert(
      fc.property(anyBallot, (ballot) => {
        expect(compareBallots(noBallot, ballot)).toBeLessThan(0);
      }),
    );
  });
});

describe('a ballot in a message', () => {
  it('shows its round and its node', () => {
    expect(describeBallot({ round: 12, node: 'a' })).toBe('12.a');
  });
});
