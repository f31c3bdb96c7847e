import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ballot, compareBallots, noBallot } from '../src/ballot.ts';
import { highestVote, mayAccept, mayPromise, type Vote } from '../src/rules.ts';

const anyBallot: fc.Arbitrary<Ballot> = fc.record({
  round: fc.integer({ min: 1, max: 4 }),
  node: fc.constantFrom('a', 'b', 'c'),
});

const lower: Ballot = { round: 3, node: 'a' };
const middle: Ballot = { round: 3, node: 'b' };
const higher: Ballot = { round: 4, node: 'a' };

describe('an acceptor', () => {
  it.each([
    ['may promise', mayPromise],
    ['may accept', mayAccept],
  ])('%s what is not below its promise', (_, may) => {
    expect(may(noBallot, lower)).toBe(true);
    expect(may(middle, higher)).toBe(true);
    // A prepare or a proposal that comes again is answered again.
    expect(may(middle, middle)).toBe(true);
    expect(may(middle, lower)).toBe(false);
    expect(may(higher, middle)).toBe(false);
  });
});

describe('the highest vote', () => {
  /** One value in a ballot: that is what the rules keep up. */
  const voteIn = (ballot: Ballot): Vote<string> => ({
    ballot,
    value: `of ${String(ballot.round)} ${ballot.node}`,
  });
  const anyVotes = fc.array(fc.option(anyBallot.map(voteIn), { nil: undefined }));

  it('is one of the votes, and none is above it', () => {
    fc.assert(
      fc.property(anyVotes, (votes) => {
        const highest = highestVote(votes);
        const cast = votes.filter((vote) => vote !== undefined);
        if (highest === undefined) {
          expect(cast).toEqual([]);
          return;
        }
        expect(cast).toContain(highest);
        for (const vote of cast) {
          expect(compareBallots(vote.ballot, highest.ballot)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  it('does not depend on who is heard first', () => {
    fc.assert(
      fc.property(anyVotes, (votes) => {
        expect(highestVote([...votes].reverse())).toEqual(highestVote(votes));
      }),
    );
  });
});
