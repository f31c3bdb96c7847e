import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../src/byte-reader.ts';
import { ByteWriter } from '../src/byte-writer.ts';
import { InvalidArgumentError, MalformedError } from '../src/errors.ts';
import type { NodeId } from '../src/ids.ts';
import {
  allMembers,
  beginChange,
  completeChange,
  decodeMembership,
  emptyMembership,
  encodeMembership,
  equalMemberships,
  isJoint,
  isMember,
  isVoter,
  maxAddressBytes,
  maxMembers,
  type Member,
  type MemberChange,
  memberIds,
  type Membership,
  membershipBytes,
  membershipOf,
  voterIds,
} from '../src/membership.ts';
import { decodedOrRefused } from './malformed.ts';

const a: Member = { id: 'a', address: 'host-a:1' };
const b: Member = { id: 'b', address: 'host-b:1' };
const c: Member = { id: 'c', address: 'host-c:1' };
const d: Member = { id: 'd', address: 'host-d:1' };
const trio = membershipOf([a, b, c]);
const withLearner = beginChange(trio, [{ type: 'add-learner', member: d }]);

const anyAddress = fc.option(
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 20,
  }),
  { nil: undefined },
);

function memberOf(id: NodeId, address: string | undefined): Member {
  return address === undefined ? { id } : { id, address };
}

const anyId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'B', '10', '9');
const anyMember = fc.tuple(anyId, anyAddress).map(([id, address]) => memberOf(id, address));

const anyStep: fc.Arbitrary<MemberChange> = fc.oneof(
  anyMember.map((member) => ({ type: 'add-voter', member }) as const),
  anyMember.map((member) => ({ type: 'add-learner', member }) as const),
  anyMember.map((member) => ({ type: 'move', member }) as const),
  anyId.map((id) => ({ type: 'remove', id }) as const),
);

const anySettled: fc.Arbitrary<Membership> = fc
  .tuple(fc.uniqueArray(anyMember, { selector: ({ id }) => id, minLength: 1 }), fc.nat({ max: 8 }))
  .map(([members, learners]) => {
    const sorted = [...members].sort((left, right) => (left.id < right.id ? -1 : 1));
    const voters = Math.max(1, sorted.length - learners);
    return { voters: sorted.slice(0, voters), outgoing: [], learners: sorted.slice(voters) };
  });

/** A change that makes sense, or nothing. */
function tryChange(from: Membership, change: readonly MemberChange[]): Membership | undefined {
  try {
    return beginChange(from, change);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

const anyMembership: fc.Arbitrary<Membership> = fc
  .tuple(anySettled, fc.array(anyStep, { maxLength: 5 }))
  .map(([from, change]) => tryChange(from, change) ?? from);

describe('a membership', () => {
  it('sorts its voters', () => {
    expect(membershipOf([c, a, b])).toEqual({ voters: [a, b, c], outgoing: [], learners: [] });
  });

  it('knows who votes and who belongs', () => {
    expect(isVoter(withLearner, 'a')).toBe(true);
    expect(isVoter(withLearner, 'd')).toBe(false);
    expect(isMember(withLearner, 'd')).toBe(true);
    expect(isMember(withLearner, 'e')).toBe(false);
    expect(voterIds(withLearner)).toEqual(['a', 'b', 'c']);
    expect(memberIds(withLearner)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('counts the votes of both sets while a change is under way', () => {
    const joint = beginChange(trio, [
      { type: 'add-voter', member: d },
      { type: 'remove', id: 'a' },
    ]);
    expect(voterIds(joint)).toEqual(['a', 'b', 'c', 'd']);
    expect(isVoter(joint, 'a')).toBe(true);
    expect(isVoter(completeChange(joint), 'a')).toBe(false);
  });

  it('knows each member once, by the newer address', () => {
    const moved: Member = { id: 'a', address: 'elsewhere:2' };
    const joint = beginChange(trio, [
      { type: 'add-learner', member: moved },
      { type: 'remove', id: 'c' },
    ]);
    expect(joint.outgoing).toEqual([a, b, c]);
    expect(allMembers(joint)).toEqual([moved, b, c]);
  });

  it('is equal to another in every field or not at all', () => {
    expect(equalMemberships(trio, membershipOf([c, b, a]))).toBe(true);
    expect(equalMemberships(emptyMembership, emptyMembership)).toBe(true);
    for (const other of [
      membershipOf([a, b]),
      membershipOf([a, b, d]),
      membershipOf([a, b, { id: 'c' }]),
      { ...trio, outgoing: [a] },
      { ...trio, learners: [d] },
    ]) {
      expect(equalMemberships(trio, other)).toBe(false);
      expect(equalMemberships(other, trio)).toBe(false);
    }
  });

  it.each<[string, readonly Member[]]>([
    ['nobody', []],
    ['the same node twice', [a, b, { id: 'a' }]],
    ['an id that is no name', [{ id: 'a b' }]],
    ['an empty address', [{ id: 'a', address: '' }]],
    ['an address with a space', [{ id: 'a', address: 'a b' }]],
    ['an address outside of ASCII', [{ id: 'a', address: 'höst:1' }]],
    ['an address that is too long', [{ id: 'a', address: 'x'.repeat(maxAddressBytes + 1) }]],
    ['too many', Array.from({ length: maxMembers + 1 }, (_, at) => ({ id: String(at) }))],
  ])('is not made of %s', (_, voters) => {
    expect(() => membershipOf(voters)).toThrow(InvalidArgumentError);
  });
});

describe('a change', () => {
  it('of the voters passes through a joint membership', () => {
    const joint = beginChange(trio, [{ type: 'add-voter', member: d }]);
    expect(isJoint(joint)).toBe(true);
    expect(joint).toEqual({ voters: [a, b, c, d], outgoing: [a, b, c], learners: [] });
    expect(completeChange(joint)).toEqual(membershipOf([a, b, c, d]));
  });

  it('that leaves the set of voters as it is takes effect at once', () => {
    expect(withLearner).toEqual({ voters: [a, b, c], outgoing: [], learners: [d] });
    const without = beginChange(withLearner, [{ type: 'remove', id: 'd' }]);
    expect(without).toEqual(trio);
    const moved = beginChange(trio, [{ type: 'move', member: { id: 'a', address: 'new:2' } }]);
    expect(moved).toEqual(membershipOf([{ id: 'a', address: 'new:2' }, b, c]));
  });

  it('takes the first voters of an empty membership at once: there is nobody to ask', () => {
    expect(beginChange(emptyMembership, [{ type: 'add-voter', member: a }])).toEqual(
      membershipOf([a]),
    );
  });

  it('promotes a learner, which keeps its address', () => {
    const joint = beginChange(withLearner, [{ type: 'add-voter', member: { id: 'd' } }]);
    expect(joint).toEqual({ voters: [a, b, c, d], outgoing: [a, b, c], learners: [] });
  });

  it('promotes a learner to another address, where one is given', () => {
    const elsewhere: Member = { id: 'd', address: 'new:2' };
    const joint = beginChange(withLearner, [{ type: 'add-voter', member: elsewhere }]);
    expect(joint.voters).toEqual([a, b, c, elsewhere]);
  });

  it('demotes a voter, which keeps its address, and its vote until the end', () => {
    const joint = beginChange(trio, [{ type: 'add-learner', member: { id: 'c' } }]);
    expect(joint).toEqual({ voters: [a, b], outgoing: [a, b, c], learners: [c] });
    expect(isVoter(joint, 'c')).toBe(true);
    expect(memberIds(joint)).toEqual(['a', 'b', 'c']);
    const final = completeChange(joint);
    expect(final).toEqual({ voters: [a, b], outgoing: [], learners: [c] });
    expect(isVoter(final, 'c')).toBe(false);
  });

  it('takes its steps in order and as a whole', () => {
    const joint = beginChange(trio, [
      { type: 'add-voter', member: d },
      { type: 'remove', id: 'a' },
      { type: 'move', member: { id: 'd', address: 'new:2' } },
    ]);
    expect(joint.voters).toEqual([b, c, { id: 'd', address: 'new:2' }]);
    // The unknown node at the end undoes everything before it.
    expect(() =>
      beginChange(trio, [
        { type: 'add-voter', member: d },
        { type: 'remove', id: 'x' },
      ]),
    ).toThrow(/x is not a member/);
  });

  it('replaces every voter at once', () => {
    const joint = beginChange(membershipOf([a, b]), [
      { type: 'add-voter', member: c },
      { type: 'add-voter', member: d },
      { type: 'remove', id: 'a' },
      { type: 'remove', id: 'b' },
    ]);
    expect(joint).toEqual({ voters: [c, d], outgoing: [a, b], learners: [] });
  });

  it.each<[string, Membership, readonly MemberChange[]]>([
    ['has no steps', trio, []],
    ['changes nothing', trio, [{ type: 'add-voter', member: a }]],
    [
      'undoes itself',
      trio,
      [
        { type: 'add-voter', member: d },
        { type: 'remove', id: 'd' },
      ],
    ],
    ['removes an unknown node', trio, [{ type: 'remove', id: 'x' }]],
    ['moves an unknown node', trio, [{ type: 'move', member: { id: 'x', address: 'new:2' } }]],
    ['removes the last voter', membershipOf([a]), [{ type: 'remove', id: 'a' }]],
    ['demotes the last voter', membershipOf([a]), [{ type: 'add-learner', member: a }]],
    ['adds an id that is no name', trio, [{ type: 'add-voter', member: { id: '../x' } }]],
    [
      'adds an unusable address',
      trio,
      [{ type: 'add-learner', member: { id: 'x', address: ' ' } }],
    ],
    [
      'comes while another is under way',
      { ...trio, outgoing: [a] },
      [{ type: 'add-voter', member: d }],
    ],
  ])('is refused where it %s', (_, from, change) => {
    expect(() => beginChange(from, change)).toThrow(InvalidArgumentError);
  });

  it('has room for as many members as a membership may have, those who leave included', () => {
    const numbered = (from: number, to: number): Member[] =>
      Array.from({ length: to - from }, (_, at) => ({ id: `n${String(from + at)}` }));
    const replaceOne: readonly MemberChange[] = [
      { type: 'remove', id: 'n0' },
      { type: 'add-voter', member: { id: 'new' } },
    ];
    const almostFull = membershipOf(numbered(0, maxMembers - 1));
    const joint = beginChange(almostFull, replaceOne);
    expect(memberIds(joint)).toHaveLength(maxMembers);
    expect(decodeMembership(new ByteReader(membershipBytes(joint)))).toEqual(joint);
    // 64 before and 64 after, but 65 on the way: an entry with it could be written and never read.
    const full = membershipOf(numbered(0, maxMembers));
    expect(() => beginChange(full, replaceOne)).toThrow(/at most 64/);
  });

  it('does to a table of roles what its steps say', () => {
    type Role = { readonly role: 'voter' | 'learner'; readonly member: Member };
    const target = (from: Membership, change: readonly MemberChange[]): Membership | undefined => {
      const roles = new Map<NodeId, Role>();
      for (const member of from.voters) roles.set(member.id, { role: 'voter', member });
      for (const member of from.learners) roles.set(member.id, { role: 'learner', member });
      for (const step of change) {
        if (step.type === 'remove') {
          if (!roles.delete(step.id)) return undefined;
          continue;
        }
        const { id, address } = step.member;
        const before = roles.get(id);
        if (step.type === 'move') {
          if (before === undefined) return undefined;
          roles.set(id, { role: before.role, member: step.member });
        } else {
          const member = memberOf(id, address ?? before?.member.address);
          roles.set(id, { role: step.type === 'add-voter' ? 'voter' : 'learner', member });
        }
      }
      const of = (role: Role['role']): Member[] =>
        [...roles.values()]
          .filter((entry) => entry.role === role)
          .map((entry) => entry.member)
          .sort((left, right) => (left.id < right.id ? -1 : 1));
      return { voters: of('voter'), outgoing: [], learners: of('learner') };
    };
    fc.assert(
      fc.property(anySettled, fc.array(anyStep, { maxLength: 6 }), (from, change) => {
        const expected = target(from, change);
        const next = tryChange(from, change);
        if (
          expected === undefined ||
          expected.voters.length === 0 ||
          equalMemberships(from, expected)
        ) {
          expect(next).toBeUndefined();
          return;
        }
        const sameVoters = voterIds(from).join() === voterIds(expected).join();
        expect(next).toEqual({ ...expected, outgoing: sameVoters ? [] : from.voters });
        expect(completeChange(next ?? emptyMembership)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the encoding of a membership', () => {
  it('gives it back, joint or not', () => {
    fc.assert(
      fc.property(anyMembership, (membership) => {
        const reader = new ByteReader(membershipBytes(membership));
        expect(decodeMembership(reader)).toEqual(membership);
        reader.end();
      }),
      { numRuns: 500 },
    );
  });

  it('knows nobody too', () => {
    expect(decodeMembership(new ByteReader(membershipBytes(emptyMembership)))).toEqual(
      emptyMembership,
    );
  });

  it('stands between other fields', () => {
    const writer = new ByteWriter().u8(1);
    encodeMembership(withLearner, writer);
    const reader = new ByteReader(writer.u8(2).take());
    expect(reader.u8()).toBe(1);
    expect(decodeMembership(reader)).toEqual(withLearner);
    expect(reader.u8()).toBe(2);
  });

  it('is refused where it is cut short anywhere', () => {
    const bytes = membershipBytes({ ...withLearner, outgoing: [a, b] });
    for (let length = 0; length < bytes.length; length++) {
      const reader = new ByteReader(bytes.subarray(0, length));
      expect(() => decodeMembership(reader)).toThrow(MalformedError);
    }
  });

  it.each<[string, Membership]>([
    ['unsorted', { ...trio, voters: [b, a] }],
    ['with one node twice', { ...trio, voters: [a, a] }],
    ['with unsorted old voters', { ...trio, outgoing: [b, a] }],
    ['with old voters only', { ...emptyMembership, outgoing: [a] }],
    ['with learners only', { ...emptyMembership, learners: [a] }],
    ['with a node that votes and learns', { ...trio, learners: [a] }],
    ['with an id that is no name', { ...trio, voters: [{ id: 'a b' }] }],
    ['with an address outside of ASCII', { ...trio, voters: [{ id: 'a', address: 'é' }] }],
    [
      'with an address that is too long',
      { ...trio, voters: [{ id: 'a', address: 'x'.repeat(maxAddressBytes + 1) }] },
    ],
    [
      'with too many members',
      { ...trio, learners: Array.from({ length: 62 }, (_, at) => ({ id: `d${String(at + 10)}` })) },
    ],
  ])('is refused where it is %s', (_, membership) => {
    const reader = new ByteReader(membershipBytes(membership));
    expect(() => decodeMembership(reader)).toThrow(MalformedError);
  });

  it('is refused where it announces too many members, before they are looked for', () => {
    const reader = new ByteReader(
      new ByteWriter()
        .u16(maxMembers + 1)
        .skip(1000)
        .take(),
    );
    expect(() => decodeMembership(reader)).toThrow(/too many/);
  });

  it('gives a membership or a MalformedError for any bytes, and has one form', () => {
    const damaged = fc
      .tuple(anyMembership, fc.nat(), fc.nat({ max: 255 }))
      .map(([membership, at, byte]) => {
        const bytes = Uint8Array.from(membershipBytes(membership));
        bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        const reader = new ByteReader(bytes);
        const membership = decodedOrRefused(() => decodeMembership(reader));
        if (membership !== undefined) {
          expect(membershipBytes(membership)).toEqual(bytes.slice(0, reader.offset));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
