/** Records that hold a membership. */
import { describe, expect, it } from 'vitest';
import { membershipIn, membershipRecord } from '../../src/engines/membership-record.ts';
import {
  concatBytes,
  emptyMembership,
  encodeEntry,
  entryKind,
  MalformedError,
  membershipBytes,
  membershipOf,
} from '../../src/index.ts';

const headerBytes = 5;
const group = membershipOf([{ id: 'a', address: 'host:1' }, { id: 'b' }]);
const joint = { ...group, outgoing: membershipOf([{ id: 'c' }]).voters };

function recordWith(...payloads: readonly Uint8Array[]): Uint8Array {
  return encodeEntry(
    { kind: 'membership', time: 0, incarnation: 0, ticket: 0, payloads },
    headerBytes,
  );
}

describe('a membership record', () => {
  it.each([0, headerBytes])('keeps the membership behind a header of %i bytes', (header) => {
    for (const membership of [group, joint]) {
      expect(membershipIn(membershipRecord(membership, header), header)).toEqual(membership);
    }
  });

  it('is an entry of its own kind', () => {
    expect(entryKind(membershipRecord(group, headerBytes), headerBytes)).toBe('membership');
  });

  it('leaves the header to the engine', () => {
    const record = membershipRecord(group, headerBytes);
    record.fill(255, 0, headerBytes);
    expect(membershipIn(record, headerBytes)).toEqual(group);
  });

  it.each([
    ['none', recordWith()],
    ['two', recordWith(membershipBytes(group), membershipBytes(group))],
    ['one of nobody', recordWith(membershipBytes(emptyMembership))],
    [
      'one with something behind it',
      recordWith(concatBytes([membershipBytes(group), Uint8Array.of(0)])),
    ],
    ['what is none', recordWith(Uint8Array.of(255, 255))],
  ])('is not believed with %s', (_what, record) => {
    expect(() => membershipIn(record, headerBytes)).toThrow(MalformedError);
  });

  it('is not believed when it is cut short', () => {
    const record = membershipRecord(group, headerBytes);
    for (let length = 0; length < record.length; length++) {
      expect(() => membershipIn(record.slice(0, length), headerBytes)).toThrow(MalformedError);
    }
  });
});
