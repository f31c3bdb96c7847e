/**
 * The engine's part of a record: six bytes in front of the entry that hold its term.
 */
import { entryOverheadBytes, type Membership } from '@quorate/core';
import { membershipIn as readMembership } from '@quorate/core/engines';

/** Bytes in front of each entry: its term, u48. */
export const headerBytes = 6;

/** The shortest record there is: a no-op. */
export const minRecordBytes: number = headerBytes + entryOverheadBytes;

/** Kind byte of an entry that holds a membership (see `entry.ts` of the core). */
const membershipKind = 2;

/** Term of a record. */
export function recordTerm(record: Uint8Array): number {
  return u16(record, 0) * 2 ** 32 + u16(record, 2) * 2 ** 16 + u16(record, 4);
}

/** Puts the term into a record that a leader is about to append. */
export function stampTerm(record: Uint8Array, term: number): void {
  const high = Math.floor(term / 2 ** 32);
  record[0] = high >>> 8;
  record[1] = high;
  record[2] = term >>> 24;
  record[3] = term >>> 16;
  record[4] = term >>> 8;
  record[5] = term;
}

/** Whether the record's entry is a membership. */
export function holdsMembership(record: Uint8Array): boolean {
  return record[headerBytes] === membershipKind;
}

/**
 * The membership in a record.
 *
 * @throws MalformedError if it cannot be read.
 */
export function membershipIn(record: Uint8Array): Membership {
  return readMembership(record, headerBytes);
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
