import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId } from '../src/ids.ts';
import {
  beginChange,
  completeChange,
  emptyMembership,
  type Membership,
  membershipOf,
  voterIds,
} from '../src/membership.ts';
import { isQuorum, majorityOf, pollResult, quorumValue } from '../src/quorum.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

function group(...ids: readonly NodeId[]): Membership {
  return membershipOf(ids.map((id) => ({ id })));
}

const anyVoters = fc.subarray(names, { minLength: 1 }).map((ids) => ids.map((id) => ({ id })));

/** With and without a change under way, and with learners, who never count. */
const anyMembership: fc.Arbitrary<Membership> = fc
  .tuple(anyVoters, fc.option(anyVoters, { nil: [] }))
  .map(([voters, outgoing]) => ({ voters, outgoing, learners: [{ id: 'y' }, { id: 'z' }] }));

/** All subsets: every way in which some of them can agree. */
function subsets(ids: readonly NodeId[]): readonly ReadonlySet<NodeId>[] {
  return ids.reduce<ReadonlySet<NodeId>[]>(
    (found, id) => [...found, ...found.map((subset) => new Set([...subset, id]))],
    [new Set()],
  );
}

function quorumsOf(membership: Membership): readonly ReadonlySet<NodeId>[] {
  return subsets(voterIds(membership)).filter((some) => isQuorum(membership, (id) => some.has(id)));
}

/** Straight from the definition: more than half of the new voters, and of the old ones if there are. */
function naiveIsQuorum(membership: Membership, agrees: (id: NodeId) => boolean): boolean {
  const most = (ids: readonly { id: NodeId }[]): boolean => {
    let balance = 0;
    for (const { id } of ids) balance += agrees(id) ? 1 : -1;
    return balance > 0;
  };
  const { voters, outgoing } = membership;
  return most(voters) && (outgoing.length === 0 || most(outgoing));
}

describe('a majority', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])('of %i is %i', (voters, majority) => {
    expect(majorityOf(voters)).toBe(majority);
  });
});

describe('a quorum', () => {
  it('is more than half of the voters, of the new and the old ones separately', () => {
    fc.assert(
      fc.property(anyMembership, (membership) => {
        for (const some of subsets([...names, 'y', 'z'])) {
          const agrees = (id: NodeId): boolean => some.has(id);
          expect(isQuorum(membership, agrees)).toBe(naiveIsQuorum(membership, agrees));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is never nobody', () => {
    expect(isQuorum(emptyMembership, () => true)).toBe(false);
    expect(isQuorum({ ...emptyMembership, learners: [{ id: 'a' }] }, () => true)).toBe(false);
  });

  it('shares a node with every other quorum of its membership', () => {
    fc.assert(
      fc.property(anyMembership, (membership) => {
        const quorums = quorumsOf(membership);
        expect(quorums.length).toBeGreaterThan(0);
        for (const one of quorums) {
          for (const other of quorums) {
            expect([...one].some((id) => other.has(id))).toBe(true);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('shares a node with every quorum of the step before and after it in a change', () => {
    // What joint consensus is for: never can two sides of a change decide without each other.
    fc.assert(
      fc.property(anyVoters, anyVoters, (before, after) => {
        const old = group(...before.map(({ id }) => id));
        const removed = before.filter(({ id }) => !after.some((member) => member.id === id));
        const added = after.filter(({ id }) => !before.some((member) => member.id === id));
        fc.pre(removed.length + added.length > 0);
        const joint = beginChange(old, [
          ...added.map((member) => ({ type: 'add-voter', member }) as const),
          ...removed.map(({ id }) => ({ type: 'remove', id }) as const),
        ]);
        const final = completeChange(joint);
        for (const [left, right] of [
          [old, joint],
          [joint, final],
        ] as const) {
          for (const one of quorumsOf(left)) {
            for (const other of quorumsOf(right)) {
              expect([...one].some((id) => other.has(id))).toBe(true);
            }
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a poll', () => {
  it('is won where the rest cannot lose it, lost where the rest cannot win it, otherwise open', () => {
    const anyVotes = fc
      .dictionary(fc.constantFrom(...names, 'y'), fc.boolean(), { noNullPrototype: true })
      .map((votes) => new Map(Object.entries(votes)));
    fc.assert(
      fc.property(anyMembership, anyVotes, (membership, votes) => {
        const silent = voterIds(membership).filter((id) => !votes.has(id));
        const ends = subsets(silent).map((yes) =>
          naiveIsQuorum(membership, (id) => votes.get(id) ?? yes.has(id)),
        );
        const naive = ends.every((won) => won) ? 'won' : ends.some((won) => won) ? 'open' : 'lost';
        expect(pollResult(membership, votes)).toBe(naive);
      }),
    );
  });

  it('among nobody is lost', () => {
    expect(pollResult(emptyMembership, new Map([['a', true]]))).toBe('lost');
  });

  it('needs both sides of a joint membership', () => {
    const joint: Membership = { ...group('a', 'b', 'c'), outgoing: [{ id: 'd' }] };
    const yes = (...ids: string[]): Map<string, boolean> => new Map(ids.map((id) => [id, true]));
    expect(pollResult(joint, yes('a', 'b', 'c'))).toBe('open');
    expect(pollResult(joint, yes('a', 'b', 'd'))).toBe('won');
    expect(pollResult(joint, yes('a', 'b', 'c').set('d', false))).toBe('lost');
  });
});

describe('the value that a quorum has reached', () => {
  it.each([
    [[5], 5],
    [[5, 3], 3],
    [[5, 3, 9], 5],
    [[5, 3, 9, 4], 4],
    [[7, 7, 7, 1, 1], 7],
    [[9, 8, undefined, undefined, undefined], Number.NEGATIVE_INFINITY],
    [[9, 8, 0, undefined, undefined], 0],
  ])('of %j is %d', (values, expected) => {
    const membership = group(...names.slice(0, values.length));
    expect(quorumValue(membership, (id) => values[names.indexOf(id)])).toBe(expected);
  });

  it('is the largest for which those who have reached it are a quorum', () => {
    const anyReached = fc.dictionary(
      fc.constantFrom(...names, 'y'),
      fc.oneof(fc.nat({ max: 9 }), fc.double({ noNaN: true })),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(anyMembership, anyReached, (membership, values) => {
        const reached = new Map(Object.entries(values));
        const naive = [...reached.values()]
          .filter((value) =>
            naiveIsQuorum(
              membership,
              (id) => (reached.get(id) ?? Number.NEGATIVE_INFINITY) >= value,
            ),
          )
          .reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
        // Both zeros are the same index.
        expect(quorumValue(membership, (id) => reached.get(id)) + 0).toBe(naive + 0);
      }),
      { numRuns: 500 },
    );
  });

  it('is nothing at all without voters', () => {
    expect(quorumValue(emptyMembership, () => 7)).toBe(Number.NEGATIVE_INFINITY);
  });
});
