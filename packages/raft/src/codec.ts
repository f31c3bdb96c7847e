/**
 * Messages as bytes, and back. What comes in is not to be believed before it is checked.
 *
 *     u8 kind, u48 term, then
 *     1 vote request    u48 last index, u48 last term, u8 flags (1 pre-vote, 2 transfer)
 *     2 vote reply      u8 flags (1 pre-vote, 2 granted)
 *     3 append          u48 previous index, u48 previous term, u48 commit, u48 round, f64 sent at,
 *                       u8 notice, u32 count, each record: u32 length, bytes
 *     4 append reply    u48 match, u48 verified, u48 round, f64 sent at,
 *                       u8 rejected, then if so: u48 previous index, u48 hint index, u48 hint term
 *     5 timeout now     nothing
 */
import {
  type ByteReader,
  entryKind,
  type FrameWriter,
  MalformedError,
  maxU48,
  type MessageCodec,
  unreachable,
} from '@quorate/core';
import type { Append, AppendReply, RaftMessage } from './messages.ts';
import {
  headerBytes,
  holdsMembership,
  membershipIn,
  minRecordBytes,
  recordTerm,
} from './record.ts';

const kinds = { voteRequest: 1, voteReply: 2, append: 3, appendReply: 4, timeoutNow: 5 } as const;

/** Bytes of a message besides its records and their lengths, rounded up. */
export const messageOverheadBytes = 64;

/** The codec of all messages of Raft. */
export const codec: MessageCodec<RaftMessage> = {
  encode(message: RaftMessage, frame: FrameWriter): void {
    const { fields } = frame;
    switch (message.type) {
      case 'vote-request':
        fields.u8(kinds.voteRequest).u48(message.term).u48(message.lastIndex);
        fields.u48(message.lastTerm).u8((message.pre ? 1 : 0) | (message.transfer ? 2 : 0));
        return;
      case 'vote-reply':
        fields.u8(kinds.voteReply).u48(message.term);
        fields.u8((message.pre ? 1 : 0) | (message.granted ? 2 : 0));
        return;
      case 'append':
        fields.u8(kinds.append).u48(message.term).u48(message.previousIndex);
        fields.u48(message.previousTerm).u48(message.commit).u48(message.round);
        fields.f64(message.sentAt).boolean(message.notice).u32(message.records.length);
        for (const record of message.records) frame.bytes(record);
        return;
      case 'append-reply':
        fields.u8(kinds.appendReply).u48(message.term).u48(message.match).u48(message.verified);
        fields
          .u48(message.round)
          .f64(message.sentAt)
          .boolean(message.rejected !== undefined);
        if (message.rejected === undefined) return;
        fields.u48(message.rejected.previousIndex).u48(message.rejected.hintIndex);
        fields.u48(message.rejected.hintTerm);
        return;
      case 'timeout-now':
        fields.u8(kinds.timeoutNow).u48(message.term);
        return;
      default:
        unreachable(message);
    }
  },

  decode(reader: ByteReader): RaftMessage {
    const kind = reader.u8();
    const term = reader.u48();
    if (term === 0 && kind !== kinds.voteReply && kind !== kinds.appendReply) {
      throw new MalformedError('no message is of term 0');
    }
    const message = decodeKind(kind, term, reader);
    reader.end();
    return message;
  },
};

function decodeKind(kind: number, term: number, reader: ByteReader): RaftMessage {
  switch (kind) {
    case kinds.voteRequest: {
      const lastIndex = reader.u48();
      const lastTerm = reader.u48();
      const flags = flagsOf(reader);
      if (lastTerm >= term)
        throw new MalformedError('an election in a term that the log already has');
      return {
        type: 'vote-request',
        term,
        lastIndex,
        lastTerm,
        pre: (flags & 1) !== 0,
        transfer: (flags & 2) !== 0,
      };
    }
    case kinds.voteReply: {
      const flags = flagsOf(reader);
      return { type: 'vote-reply', term, pre: (flags & 1) !== 0, granted: (flags & 2) !== 0 };
    }
    case kinds.append:
      return decodeAppend(term, reader);
    case kinds.appendReply:
      return decodeAppendReply(term, reader);
    case kinds.timeoutNow:
      return { type: 'timeout-now', term };
    default:
      throw new MalformedError(`unknown kind of message ${String(kind)}`);
  }
}

function decodeAppend(term: number, reader: ByteReader): Append {
  const previousIndex = reader.u48();
  const previousTerm = reader.u48();
  const commit = reader.u48();
  const round = reader.u48();
  const sentAt = timeOf(reader);
  const notice = reader.boolean();
  const count = reader.count(minRecordBytes + 4);
  if ((previousIndex === 0) !== (previousTerm === 0) || previousIndex + count > maxU48) {
    throw new MalformedError('an append at an impossible place');
  }
  const records: Uint8Array[] = [];
  let least = Math.max(previousTerm, 1);
  for (let left = count; left > 0; left--) {
    const record = reader.bytes();
    least = checkRecord(record, least);
    records.push(record);
  }
  if (least > term) throw new MalformedError('an append of entries from a later term than its own');
  return {
    type: 'append',
    term,
    previousIndex,
    previousTerm,
    commit,
    round,
    sentAt,
    notice,
    records,
  };
}

/** Checks a record of an append; returns its term, the least that the next one may have. */
function checkRecord(record: Uint8Array, leastTerm: number): number {
  if (record.length < minRecordBytes) throw new MalformedError('a record too short for an entry');
  entryKind(record, headerBytes);
  if (holdsMembership(record)) membershipIn(record);
  const term = recordTerm(record);
  if (term < leastTerm) throw new MalformedError('terms fall along the records of an append');
  return term;
}

function decodeAppendReply(term: number, reader: ByteReader): AppendReply {
  const match = reader.u48();
  const verified = reader.u48();
  const round = reader.u48();
  const sentAt = timeOf(reader);
  const rejected = reader.boolean()
    ? { previousIndex: reader.u48(), hintIndex: reader.u48(), hintTerm: reader.u48() }
    : undefined;
  return { type: 'append-reply', term, match, verified, round, sentAt, rejected };
}

function flagsOf(reader: ByteReader): number {
  const flags = reader.u8();
  if (flags > 3) throw new MalformedError('unknown flags');
  return flags;
}

function timeOf(reader: ByteReader): number {
  const time = reader.f64();
  if (!Number.isFinite(time)) throw new MalformedError('a time that is none');
  return time;
}
