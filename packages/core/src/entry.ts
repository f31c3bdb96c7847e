/**
 * Entries: what one position of the log holds, and their one encoding.
 *
 * An entry is a *batch*: all commands that one node gathered in one turn share one index, one
 * header, one record and one decision (as with record batches in Kafka). Everything that costs per
 * entry (consensus, bookkeeping, sync) is thereby paid per batch and not per command.
 *
 * An entry is encoded once, on the leader. The same bytes go to its disk, to the wire, and to a
 * follower's disk. A *record* is that encoding with `headerBytes` bytes in front which belong to
 * the engine alone (Raft keeps the term there, Paxos the ballot), left open by {@link encodeEntry}.
 *
 *     offset from the end of the engine's header
 *      0  u8   kind          0 no-op, 1 commands, 2 membership
 *      1  u48  time          the proposer's wall clock, ms since 1970
 *      7  u48  incarnation   random name of one run of the node that proposed it; 0: nobody
 *     13  u48  ticket        number of the batch within that run
 *     19  u32  count         payloads; each: u32 length, bytes
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter, putU48 } from './byte-writer.ts';
import { MalformedError } from './errors.ts';
import type { Ticket } from './ids.ts';
import { Payloads } from './payloads.ts';

/** What an entry is for. */
export type EntryKind = 'noop' | 'commands' | 'membership';

/** An entry, but for its payloads. */
export interface EntryHead {
  readonly kind: EntryKind;
  /** Wall clock of the proposer, in ms since 1970; 0 where nobody looked at a clock. Not monotone. */
  readonly time: number;
  /** Which run of which node proposed it (see {@link drawIncarnation}); 0 for entries of an engine's own. */
  readonly incarnation: number;
  /** Number of the batch within that run. */
  readonly ticket: Ticket;
}

/** A decoded entry. */
export interface Entry extends EntryHead {
  /** Commands, opaque here; or one encoded membership; or nothing. */
  readonly payloads: readonly Uint8Array[];
}

/** An entry whose payloads still lie in its record. */
export interface OpenEntry extends EntryHead {
  readonly payloads: Payloads;
}

/** Bytes of an entry's fixed part, without the engine's header and the payloads. */
export const entryOverheadBytes = 23;

/** Bytes that each payload takes besides its own. */
export const payloadOverheadBytes = 4;

const timeOffset = 1;
const ticketOffset = 13;

const kinds: readonly EntryKind[] = ['noop', 'commands', 'membership'];

/** Encodes an entry into a record whose first `headerBytes` bytes are zero, for the engine to fill. */
export function encodeEntry(
  entry: Entry,
  headerBytes: number,
  writer: ByteWriter = new ByteWriter(headerBytes + encodedEntryBytes(entry.payloads)),
): Uint8Array {
  writeHead(entry, entry.payloads.length, headerBytes, writer);
  for (const payload of entry.payloads) writer.bytes(payload);
  return writer.take();
}

/**
 * Encodes an entry whose payloads were written one by one, each with its length (u32) in front; they are taken from their
 * writer. The record is as by {@link encodeEntry}.
 */
export function encodeWritten(
  head: EntryHead,
  count: number,
  payloads: ByteWriter,
  headerBytes: number,
): Uint8Array {
  const fixedBytes = headerBytes + entryOverheadBytes;
  const record = new Uint8Array(fixedBytes + payloads.length);
  const writer = new ByteWriter(fixedBytes);
  writeHead(head, count, headerBytes, writer);
  writer.moveTo(record, 0);
  payloads.moveTo(record, fixedBytes);
  return record;
}

function writeHead(head: EntryHead, count: number, headerBytes: number, writer: ByteWriter): void {
  writer
    .skip(headerBytes)
    .u8(kinds.indexOf(head.kind))
    .u48(head.time)
    .u48(head.incarnation)
    .u48(head.ticket)
    .u32(count);
}

/** Size of the encoding of an entry with these payloads, without the engine's header. */
export function encodedEntryBytes(payloads: readonly Uint8Array[]): number {
  let bytes = entryOverheadBytes;
  for (const payload of payloads) bytes += payloadOverheadBytes + payload.length;
  return bytes;
}

/**
 * Decodes the entry of a record. Payloads are views on the record.
 *
 * @throws MalformedError if the bytes are not a whole entry.
 */
export function decodeEntry(record: Uint8Array, headerBytes: number): Entry {
  const { payloads, ...head } = openEntry(record, headerBytes);
  return { ...head, payloads: [...payloads] };
}

/**
 * Decodes the entry of a record, and leaves its payloads where they are.
 *
 * @throws MalformedError if the bytes are not a whole entry.
 */
export function openEntry(record: Uint8Array, headerBytes: number): OpenEntry {
  const reader = new ByteReader(record, headerBytes);
  const kind = kindOf(reader.u8());
  const time = reader.u48();
  const incarnation = reader.u48();
  const ticket = reader.u48();
  const count = reader.count(payloadOverheadBytes);
  const payloads = Payloads.readFrom(record, reader, count);
  reader.end();
  return { kind, time, incarnation, ticket, payloads };
}

/**
 * The kind of a record's entry, without decoding the rest.
 *
 * @throws MalformedError if the record is too short or its kind unknown.
 */
export function entryKind(record: Uint8Array, headerBytes: number): EntryKind {
  return kindOf(record[headerBytes]);
}

/**
 * Puts another time into a record in place: the leader's, where another node encoded the entry.
 *
 * @throws MalformedError if the record is too short to hold an entry.
 */
export function stampTime(record: Uint8Array, headerBytes: number, time: number): void {
  stamp(record, headerBytes, timeOffset, time);
}

/**
 * Puts the ticket into a record in place: it is drawn when the record is handed on.
 *
 * @throws MalformedError if the record is too short to hold an entry.
 */
export function stampTicket(record: Uint8Array, headerBytes: number, ticket: Ticket): void {
  stamp(record, headerBytes, ticketOffset, ticket);
}

/** An entry without commands: what a new leader puts into the log to commit what stands before it. */
export function noopRecord(headerBytes: number): Uint8Array {
  return encodeEntry(
    { kind: 'noop', time: 0, incarnation: 0, ticket: 0, payloads: [] },
    headerBytes,
  );
}

/**
 * A name for one run of a node, drawn at random: a restarted node does not take entries of its
 * former life for its own. 48 bits, never 0.
 */
export function drawIncarnation(random: () => number): number {
  return Math.floor(random() * 2 ** 24) * 2 ** 24 + Math.floor(random() * (2 ** 24 - 1)) + 1;
}

function kindOf(byte: number | undefined): EntryKind {
  const kind = byte === undefined ? undefined : kinds[byte];
  if (kind === undefined) {
    throw new MalformedError(
      byte === undefined ? 'an entry without a kind' : `unknown kind of entry ${String(byte)}`,
    );
  }
  return kind;
}

function stamp(record: Uint8Array, headerBytes: number, offset: number, value: number): void {
  // A record is a view on a slab: past its end lie the bytes of its neighbour.
  if (record.length < headerBytes + entryOverheadBytes) {
    throw new MalformedError(
      `a record of ${String(record.length)} bytes is too short for an entry`,
    );
  }
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  putU48(view, headerBytes + offset, value);
}
