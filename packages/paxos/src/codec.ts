/**
 * Messages as bytes, and back. What comes in is not to be believed before it is checked.
 *
 *     u8 kind (hexadecimal), then; a ballot is u48 round, string node; transfer
 *     is u8, then if it is 1: ballot; a list of records is u32 count, each:
 *     u48 slot, u32 length, bytes
 *     41 survey          u32 agreement, f64 asked at
 *     42 survey reply    f64 asked at, u8 lost, u48 round
 *     43 prepare         u32 agreement, ballot, transfer, u48 from
 *     44 promise         ballot, u48 chosen, u48 first index, u48 from, u48 next, records
 *     45 refuse          ballot, promised ballot
 *     46 accept          u32 agreement, ballot, transfer, u48 chosen, u48 round, f64 sent at, u8 notice,
 *                        records
 *     47 accepted        ballot, u48 match, u48 seen, u48 chosen, u48 known, u48 last, u48 round,
 *                        f64 sent at, u32 count, each: u48 from, u48 to
 *     48 learn           u48 from
 *     49 learned         u48 from, u48 chosen, ballot, u8 more, u32 count, each: u32 length, bytes
 *     4a take over       ballot
 *     4b inquire         u32 agreement, u48 inquiry
 *     4c inquire reply   u48 inquiry, u48 last
 */
import {
  type ByteReader,
  type ByteWriter,
  type FrameWriter,
  isName,
  MalformedError,
  maxNameLength,
  maxU48,
  type MessageCodec,
  unreachable,
} from '@quorate/core';
import { type Ballot, noBallot } from './ballot.ts';
import { maxRanges, placedOverheadBytes } from './limits.ts';
import type { Accepted, PaxosMessage, Placed, SlotRange } from './messages.ts';
import { ballotOf, checkRecord, hasHeader, headerOf, minRecordBytes } from './record.ts';

/** Disjoint from those of other algorithms: a node that was started with another one understands nothing. */
const kinds = {
  survey: 0x41,
  surveyReply: 0x42,
  prepare: 0x43,
  promise: 0x44,
  refuse: 0x45,
  accept: 0x46,
  accepted: 0x47,
  learn: 0x48,
  learned: 0x49,
  takeOver: 0x4a,
  inquire: 0x4b,
  inquireReply: 0x4c,
} as const;

const rangeBytes = 12;

/** Bytes of a message besides its records and their places, rounded up. */
export const messageOverheadBytes = 2048;

/** The codec of all messages of Multi-Paxos. */
export const codec: MessageCodec<PaxosMessage> = {
  encode(message: PaxosMessage, frame: FrameWriter): void {
    const { fields } = frame;
    switch (message.type) {
      case 'survey':
        fields.u8(kinds.survey).u32(message.agreement).f64(message.askedAt);
        return;
      case 'survey-reply':
        fields.u8(kinds.surveyReply).f64(message.askedAt).boolean(message.lost).u48(message.round);
        return;
      case 'prepare':
        putBallot(fields.u8(kinds.prepare).u32(message.agreement), message.ballot);
        putTransfer(fields, message.transfer);
        fields.u48(message.from);
        return;
      case 'promise':
        putBallot(fields.u8(kinds.promise), message.ballot);
        fields.u48(message.chosen).u48(message.firstIndex).u48(message.from).u48(message.next);
        putRecords(frame, message.votes);
        return;
      case 'refuse':
        putBallot(fields.u8(kinds.refuse), message.ballot);
        putBallot(fields, message.promised);
        return;
      case 'accept':
        putBallot(fields.u8(kinds.accept).u32(message.agreement), message.ballot);
        putTransfer(fields, message.transfer);
        fields.u48(message.chosen).u48(message.round).f64(message.sentAt).boolean(message.notice);
        putRecords(frame, message.proposals);
        return;
      case 'accepted':
        putAccepted(fields, message);
        return;
      case 'learn':
        fields.u8(kinds.learn).u48(message.from);
        return;
      case 'learned':
        fields.u8(kinds.learned).u48(message.from).u48(message.chosen);
        putBallot(fields, message.knownIn);
        fields.boolean(message.more);
        fields.u32(message.records.length);
        for (const record of message.records) frame.bytes(record);
        return;
      case 'take-over':
        putBallot(fields.u8(kinds.takeOver), message.ballot);
        return;
      case 'inquire':
        fields.u8(kinds.inquire).u32(message.agreement).u48(message.inquiry);
        return;
      case 'inquire-reply':
        fields.u8(kinds.inquireReply).u48(message.inquiry).u48(message.last);
        return;
      default:
        unreachable(message);
    }
  },

  decode(reader: ByteReader): PaxosMessage {
    const message = decodeKind(reader.u8(), reader);
    reader.end();
    return message;
  },
};

function putBallot(fields: ByteWriter, { round, node }: Ballot): void {
  fields.u48(round).string(node);
}

function putTransfer(fields: ByteWriter, transfer: Ballot | undefined): void {
  fields.boolean(transfer !== undefined);
  if (transfer !== undefined) putBallot(fields, transfer);
}

function putRecords(frame: FrameWriter, records: readonly Placed[]): void {
  frame.fields.u32(records.length);
  for (const { slot, record } of records) {
    frame.fields.u48(slot);
    frame.bytes(record);
  }
}

function putAccepted(fields: ByteWriter, message: Accepted): void {
  putBallot(fields.u8(kinds.accepted), message.ballot);
  fields
    .u48(message.match)
    .u48(message.seen)
    .u48(message.chosen)
    .u48(message.known)
    .u48(message.last);
  fields.u48(message.round).f64(message.sentAt).u32(message.beyond.length);
  for (const { from, to } of message.beyond) fields.u48(from).u48(to);
}

function decodeKind(kind: number, reader: ByteReader): PaxosMessage {
  switch (kind) {
    case kinds.survey:
      return { type: 'survey', agreement: reader.u32(), askedAt: timeOf(reader) };
    case kinds.surveyReply:
      return {
        type: 'survey-reply',
        askedAt: timeOf(reader),
        lost: reader.boolean(),
        round: reader.u48(),
      };
    case kinds.prepare:
      return {
        type: 'prepare',
        agreement: reader.u32(),
        ballot: ballotFrom(reader),
        transfer: transferFrom(reader),
        from: slotFrom(reader),
      };
    case kinds.promise:
      return decodePromise(reader);
    case kinds.refuse:
      return { type: 'refuse', ballot: ballotFrom(reader), promised: ballotFrom(reader) };
    case kinds.accept:
      return decodeAccept(reader);
    case kinds.accepted:
      return decodeAccepted(reader);
    case kinds.learn:
      return { type: 'learn', from: slotFrom(reader) };
    case kinds.learned:
      return decodeLearned(reader);
    case kinds.takeOver:
      return { type: 'take-over', ballot: ballotFrom(reader) };
    case kinds.inquire:
      return { type: 'inquire', agreement: reader.u32(), inquiry: reader.u48() };
    case kinds.inquireReply:
      return { type: 'inquire-reply', inquiry: reader.u48(), last: indexFrom(reader) };
    default:
      throw new MalformedError(`unknown kind of message ${String(kind)}`);
  }
}

function decodePromise(reader: ByteReader): PaxosMessage {
  const ballot = ballotFrom(reader);
  const chosen = indexFrom(reader);
  const firstIndex = slotFrom(reader);
  const from = slotFrom(reader);
  const next = indexFrom(reader);
  if (firstIndex > chosen + 1) throw new MalformedError('trimmed past what is chosen');
  const votes = recordsFrom(reader, Math.max(from, chosen + 1));
  for (const { record } of votes) ballotOf(record);
  const last = votes[votes.length - 1]?.slot ?? from - 1;
  if (next !== 0 && next <= last) throw new MalformedError('a page that leads back');
  if (next !== 0 && votes.length === 0) throw new MalformedError('an empty page before others');
  return { type: 'promise', ballot, chosen, firstIndex, from, votes, next };
}

function decodeAccept(reader: ByteReader): PaxosMessage {
  const agreement = reader.u32();
  const ballot = ballotFrom(reader);
  const transfer = transferFrom(reader);
  const chosen = indexFrom(reader);
  const round = reader.u48();
  const sentAt = timeOf(reader);
  const notice = reader.boolean();
  const proposals = recordsFrom(reader, 1);
  if (proposals.length > 0) {
    const header = headerOf(ballot);
    for (const { record } of proposals) {
      if (!hasHeader(record, header)) throw new MalformedError('a proposal of another ballot');
    }
  }
  return {
    type: 'accept',
    agreement,
    ballot,
    transfer,
    chosen,
    round,
    sentAt,
    notice,
    proposals,
  };
}

function decodeAccepted(reader: ByteReader): PaxosMessage {
  const ballot = ballotFrom(reader);
  const match = indexFrom(reader);
  const seen = indexFrom(reader);
  const chosen = indexFrom(reader);
  const known = indexFrom(reader);
  const last = indexFrom(reader);
  const round = reader.u48();
  const sentAt = timeOf(reader);
  const count = reader.count(rangeBytes);
  if (count > maxRanges) throw new MalformedError(`${String(count)} ranges are too many`);
  const beyond: SlotRange[] = [];
  let least = match + 1;
  for (let left = count; left > 0; left--) {
    const range = { from: slotFrom(reader), to: slotFrom(reader) };
    if (range.from < least || range.to < range.from) {
      throw new MalformedError('ranges of slots out of order');
    }
    beyond.push(range);
    least = range.to + 1;
  }
  if (seen < match || last < match || known > chosen)
    throw new MalformedError('more durable than there is');
  return { type: 'accepted', ballot, match, beyond, seen, chosen, known, last, round, sentAt };
}

function decodeLearned(reader: ByteReader): PaxosMessage {
  const from = slotFrom(reader);
  const chosen = indexFrom(reader);
  const round = reader.u48();
  const node = reader.string(maxNameLength);
  const knownIn = round === 0 && node === '' ? noBallot : checkBallot({ round, node });
  const more = reader.boolean();
  const records: Uint8Array[] = [];
  for (let left = reader.count(minRecordBytes + 4); left > 0; left--) {
    const record = reader.bytes();
    checkRecord(record);
    ballotOf(record);
    records.push(record);
  }
  if (from + records.length - 1 > chosen) throw new MalformedError('more values than are chosen');
  return { type: 'learned', from, records, more, chosen, knownIn };
}

function recordsFrom(reader: ByteReader, leastSlot: number): readonly Placed[] {
  const placed: Placed[] = [];
  let least = leastSlot;
  for (let left = reader.count(minRecordBytes + placedOverheadBytes); left > 0; left--) {
    const slot = slotFrom(reader);
    if (slot < least) throw new MalformedError('slots out of order');
    const record = reader.bytes();
    checkRecord(record);
    placed.push({ slot, record });
    least = slot + 1;
  }
  return placed;
}

function slotFrom(reader: ByteReader): number {
  const slot = indexFrom(reader);
  if (slot === 0) throw new MalformedError('no slot has the number 0');
  return slot;
}

/** A slot, or 0 for "before the first". */
function indexFrom(reader: ByteReader): number {
  const index = reader.u48();
  if (index > maxSlot) throw new MalformedError('no slot has so high a number');
  return index;
}

/** Slots are reckoned with, also past the end of what there is. */
const maxSlot = maxU48 - 2 ** 32;

function ballotFrom(reader: ByteReader): Ballot {
  return checkBallot({ round: reader.u48(), node: reader.string(maxNameLength) });
}

function transferFrom(reader: ByteReader): Ballot | undefined {
  return reader.boolean() ? ballotFrom(reader) : undefined;
}

function checkBallot(ballot: Ballot): Ballot {
  if (ballot.round === 0 || !isName(ballot.node)) throw new MalformedError('no such ballot');
  return ballot;
}

function timeOf(reader: ByteReader): number {
  const time = reader.f64();
  if (!Number.isFinite(time)) throw new MalformedError('a time that is none');
  return time;
}
