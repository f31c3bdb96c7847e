/** What a recorder takes for a rule, unless an algorithm says otherwise. */
import { type Membership, membershipOf } from '@quorate/core';
import { type Decision, haveCommonQuorums, raftRules } from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';

const group = (...ids: readonly string[]): Membership => membershipOf(ids.map((id) => ({ id })));

describe('the rules of Raft', () => {
  const decision = (holders: readonly string[], ...inForce: Membership[]): Decision => ({
    index: 5,
    decided: [],
    inForce,
    holds: (id) => holders.includes(id),
  });

  it('let a majority decide, of each set of voters while there are two', () => {
    const three = group('a', 'b', 'c');
    const joint = { ...group('c', 'd', 'e'), outgoing: three.voters };
    expect(raftRules.decides(decision(['a', 'b'], three))).toBe(true);
    expect(raftRules.decides(decision(['a', 'd', 'e'], three))).toBe(false);
    expect(raftRules.decides(decision(['a', 'b'], joint))).toBe(false);
    expect(raftRules.decides(decision(['a', 'b', 'd', 'e'], joint))).toBe(true);
    // The change came in this turn, and the entry was decided before it or after it.
    expect(raftRules.decides(decision(['a', 'b'], three, joint))).toBe(true);
  });

  it.each([
    ['one voter more', group('a', 'b', 'c'), group('a', 'b', 'c', 'd'), true],
    ['two voters more', group('a', 'b', 'c'), group('a', 'b', 'c', 'd', 'e'), false],
    ['others', group('a'), group('b'), false],
    ['others, by way of both', group('a'), { ...group('b'), outgoing: group('a').voters }, true],
  ])('take %s for quorums that meet: %j, %j', (_what, before, after, meet) => {
    expect(haveCommonQuorums(before, after)).toBe(meet);
  });
});
