/**
 * Parts of what engines leave in a storage, as plain values for people and tools.
 */
import { decodeEntry } from '../entry.ts';
import type { PlainFields } from '../engine.ts';
import type { Member, Membership } from '../membership.ts';
import { membershipIn } from './membership-record.ts';

/** A membership as JSON shows it. */
export function explainMembership({ learners, outgoing, voters }: Membership): PlainFields {
  return {
    voters: voters.map(explainMember),
    ...(outgoing.length > 0 && { outgoing: outgoing.map(explainMember) }),
    ...(learners.length > 0 && { learners: learners.map(explainMember) }),
  };
}

/**
 * The entry in a record, as JSON shows it; of its commands only how many there are, and when they were
 * proposed (ms since 1970).
 *
 * @throws MalformedError if there is none.
 */
export function explainEntry(record: Uint8Array, headerBytes: number): PlainFields {
  const { kind, payloads, time } = decodeEntry(record, headerBytes);
  if (kind === 'membership') {
    return { entry: kind, membership: explainMembership(membershipIn(record, headerBytes)) };
  }
  if (kind === 'noop') return { entry: kind };
  return { entry: kind, time, commands: payloads.length };
}

function explainMember({ address, id }: Member): string {
  return address === undefined ? id : `${id}=${address}`;
}
