/**
 * Records that hold a membership, the same for every engine but for the header in front.
 */
import { ByteReader } from '../byte-reader.ts';
import { decodeEntry, encodeEntry } from '../entry.ts';
import { MalformedError } from '../errors.ts';
import { decodeMembership, type Membership, membershipBytes } from '../membership.ts';

/** A record that holds a membership, the engine's header still open. */
export function membershipRecord(membership: Membership, headerBytes: number): Uint8Array {
  return encodeEntry(
    {
      kind: 'membership',
      time: 0,
      incarnation: 0,
      ticket: 0,
      payloads: [membershipBytes(membership)],
    },
    headerBytes,
  );
}

/**
 * The membership in a record.
 *
 * @throws MalformedError if it cannot be read.
 */
export function membershipIn(record: Uint8Array, headerBytes: number): Membership {
  const [payload, ...more] = decodeEntry(record, headerBytes).payloads;
  if (payload === undefined || more.length > 0) {
    throw new MalformedError('a membership entry has exactly one payload');
  }
  const reader = new ByteReader(payload);
  const membership = decodeMembership(reader);
  reader.end();
  if (membership.voters.length === 0) {
    throw new MalformedError('a membership entry without voters');
  }
  return membership;
}
