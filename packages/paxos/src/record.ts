/**
 * The engine's part of a record: 72 bytes in front of the entry.
 *
 *     u48 round, u8 flags, u8 length of the node's name, 64 bytes name    the ballot of the vote
 *
 * The ballot is part of the record because a vote is a ballot and a value, and both must reach the
 * disk as one. It stands in full: whatever stands for a name in fewer bytes must be equal on all nodes
 * for ever, and then two ballots could be mistaken for each other. A record holds a batch of commands,
 * so the bytes are few.
 *
 * The flag *chosen* says that this node was told that the value is chosen, and did not vote for it.
 * Such a record counts as a vote in the highest ballot that there can be: were it kept under the ballot
 * of whoever sent it, a higher vote that stood in this slot before would be forgotten, and a later
 * proposer could miss what it had helped to choose.
 */
import {
  ByteReader,
  CorruptError,
  decodeEntry,
  encodeEntry,
  entryKind,
  entryOverheadBytes,
  equalBytes,
  fromUtf8,
  isName,
  MalformedError,
  maxNameLength,
  type Membership,
  noopRecord,
  utf8,
} from '@quorate/core';
import { membershipIn as readMembership } from '@quorate/core/engines';
import type { Ballot } from './ballot.ts';

/** Bytes in front of each entry. */
export const headerBytes: number = 8 + maxNameLength;

/** The shortest record there is: a no-op. */
export const minRecordBytes: number = headerBytes + entryOverheadBytes;

const flagsOffset = 6;
const lengthOffset = 7;
const nameOffset = 8;
const chosenFlag = 1;

/** The header of every vote in a ballot. */
export function headerOf({ round, node }: Ballot): Uint8Array {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint16(0, Math.floor(round / 2 ** 32));
  view.setUint32(2, round % 2 ** 32);
  const name = utf8(node);
  header[lengthOffset] = name.length;
  header.set(name, nameOffset);
  return header;
}

/** Puts a header into a record in place. */
export function stampHeader(record: Uint8Array, header: Uint8Array): void {
  record.set(header);
}

/** A copy of a record under another header: the bytes of the old one may be on their way somewhere. */
export function withHeader(record: Uint8Array, header: Uint8Array): Uint8Array {
  const copy = record.slice();
  copy.set(header);
  return copy;
}

/** A copy of a record that says that its value is chosen. */
export function markedChosen(record: Uint8Array): Uint8Array {
  if (isMarkedChosen(record)) return record;
  const copy = record.slice();
  copy[flagsOffset] = chosenFlag;
  return copy;
}

/** Whether the record says that its value is chosen. */
export function isMarkedChosen(record: Uint8Array): boolean {
  return record[flagsOffset] === chosenFlag;
}

/** Whether a record stands under exactly this header. */
export function hasHeader(record: Uint8Array, header: Uint8Array): boolean {
  for (let at = 0; at < headerBytes; at++) if (record[at] !== header[at]) return false;
  return true;
}

/**
 * The ballot in which a record was accepted.
 *
 * @throws MalformedError if there is none.
 */
export function ballotOf(record: Uint8Array): Ballot {
  const reader = new ByteReader(record);
  const round = reader.u48();
  const flags = reader.u8();
  const length = reader.u8();
  if (flags > chosenFlag) throw new MalformedError('unknown flags in the header of a record');
  if (length > maxNameLength) throw new MalformedError('a node’s name that is too long');
  const node = fromUtf8(reader.raw(length));
  if (round === 0 || !isName(node)) throw new MalformedError('a record of no ballot');
  return { round, node };
}

/** Whether two records hold the same value, under whatever ballots. */
export function sameValue(left: Uint8Array, right: Uint8Array): boolean {
  return equalBytes(left.subarray(headerBytes), right.subarray(headerBytes));
}

/**
 * Checks what can be checked of a record from elsewhere, so that nothing later stumbles over it.
 *
 * @throws MalformedError if it is no record.
 */
export function checkRecord(record: Uint8Array): void {
  if (record.length < minRecordBytes) throw new MalformedError('a record too short for an entry');
  const kind = entryKind(record, headerBytes);
  if (kind === 'membership') membershipIn(record);
  else if (kind === 'noop') settledRoundIn(record);
}

/** Whether the record's entry is a membership. */
export function holdsMembership(record: Uint8Array): boolean {
  return record[headerBytes] === membershipKind;
}

/** Kind bytes of entries (see `entry.ts` of the core). */
const noopKind = 0;
const membershipKind = 2;

/**
 * The membership in a record.
 *
 * @throws MalformedError if it cannot be read.
 */
export function membershipIn(record: Uint8Array): Membership {
  return readMembership(record, headerBytes);
}

/** A no-op, its ballot still open: what fills a slot that nobody needs. */
export function fillerRecord(): Uint8Array {
  return noopRecord(headerBytes);
}

/**
 * A no-op that says that everything ever proposed in a lower round is decided at or before its slot, or
 * never will be (see `proposer.ts`).
 */
export function settledRecord(round: number): Uint8Array {
  const payload = new Uint8Array(6);
  const view = new DataView(payload.buffer);
  view.setUint16(0, Math.floor(round / 2 ** 32));
  view.setUint32(2, round % 2 ** 32);
  return encodeEntry(
    { kind: 'noop', time: 0, incarnation: 0, ticket: 0, payloads: [payload] },
    headerBytes,
  );
}

/**
 * The round that a record settles; 0 where it says nothing of the kind.
 *
 * @throws MalformedError if a no-op holds anything else.
 */
export function settledRoundIn(record: Uint8Array): number {
  if (record[headerBytes] !== noopKind || record.length === minRecordBytes) return 0;
  const [payload, ...more] = decodeEntry(record, headerBytes).payloads;
  if (payload === undefined || payload.length !== 6 || more.length > 0) {
    throw new MalformedError('a no-op that holds something');
  }
  return new ByteReader(payload).u48();
}

/** Runs a reader over a record of the own disk, where nothing malformed may be. */
export function trusted<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new CorruptError(`a record of the own log cannot be read: ${cause.message}`, { cause });
  }
}
