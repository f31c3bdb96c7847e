/**
 * What a server answers, many messages in a frame:
 *
 *     u8 kind, u32 id, then
 *     answered     1  u32 length, bytes: the reply to a command (core's reply.ts), or an answer
 *     unconfirmed  2  u48 index, u32 length, reply: applied there, but not known to be by every voter
 *     refused      3  u32 length, code; u32 length, message; u32 length, name of a node or nothing
 *     events       4  u32 count; for each u32 length, event; u32 length, the request that goes on behind them
 *     leader       5  u32 length, name or nothing; the id means nothing
 *     withheld     6  u32 bytes: the reply or answer is there, and over what the client takes
 */
import { ProtocolError } from '@quorate/connections';
import {
  ByteReader,
  type FrameWriter,
  isName,
  type LogIndex,
  MalformedError,
  maxNameLength,
  type NodeId,
  NotLeaderError,
  type QuorateError,
  type RequestId,
} from '@quorate/core';
import { errorOf } from './errors.ts';

const kind = {
  answered: 1,
  unconfirmed: 2,
  refused: 3,
  events: 4,
  leader: 5,
  withheld: 6,
} as const;

/** What a message takes besides the bytes in it, at most. */
export const replyOverheadBytes: number = 1 + 4 + 6 + 4;

const maxCodeBytes = 64;

/** Longest message of an error, in bytes of UTF-8; what is longer is cut. */
const maxMessageCharacters = 1000;
const maxMessageBytes: number = 3 * maxMessageCharacters;

/**
 * Whoever takes replies. Bytes are views of the frame; a reader ends where the reply does, and is the handler's until
 * it returns.
 */
export interface ReplyHandler {
  answered(id: RequestId, reply: ByteReader): void;
  unconfirmed(id: RequestId, reply: ByteReader, index: LogIndex): void;
  refused(id: RequestId, error: QuorateError): void;
  events(id: RequestId, events: readonly Uint8Array[], rest: Uint8Array): void;
  leader(leader: NodeId | undefined): void;
  withheld(id: RequestId, bytes: number): void;
}

/** Writes the reply to a command, or an answer. */
export function writeAnswered(writer: FrameWriter, id: RequestId, bytes: Uint8Array): void {
  writer.fields.u8(kind.answered).u32(id);
  writer.bytes(bytes);
}

/** Writes the reply to a command that not every voter is known to have applied. */
export function writeUnconfirmed(
  writer: FrameWriter,
  id: RequestId,
  reply: Uint8Array,
  index: LogIndex,
): void {
  writer.fields.u8(kind.unconfirmed).u32(id).u48(index);
  writer.bytes(reply);
}

/** Writes a refusal. */
export function writeRefused(writer: FrameWriter, id: RequestId, error: QuorateError): void {
  const leader = error instanceof NotLeaderError ? (error.leader ?? '') : '';
  writer.fields
    .u8(kind.refused)
    .u32(id)
    .string(error.code)
    .string(error.message.slice(0, maxMessageCharacters))
    .string(leader);
}

/** Writes events of a watch. */
export function writeEvents(
  writer: FrameWriter,
  id: RequestId,
  events: readonly Uint8Array[],
  rest: Uint8Array,
): void {
  writer.fields.u8(kind.events).u32(id).u32(events.length);
  for (const event of events) writer.bytes(event);
  writer.bytes(rest);
}

/** Writes who leads now. */
export function writeLeader(writer: FrameWriter, leader: NodeId | undefined): void {
  writer.fields
    .u8(kind.leader)
    .u32(0)
    .string(leader ?? '');
}

/** Writes that there is a reply, of so many bytes, which the client does not take. */
export function writeWithheld(writer: FrameWriter, id: RequestId, bytes: number): void {
  writer.fields.u8(kind.withheld).u32(id).u32(bytes);
}

/**
 * Reads all replies of a frame.
 *
 * @throws ProtocolError if the bytes are none; those before have been handed over by then.
 */
export function readReplies(frame: Uint8Array, handler: ReplyHandler): void {
  const reader = new ByteReader(frame);
  try {
    while (reader.left > 0) readMessage(reader, frame.length, handler);
  } catch (error) {
    if (error instanceof MalformedError) throw new ProtocolError('MALFORMED', error.message);
    throw error;
  }
}

function readMessage(reader: ByteReader, frameEnd: number, handler: ReplyHandler): void {
  const found = reader.u8();
  const id = reader.u32();
  switch (found) {
    case kind.answered: {
      const end = narrow(reader);
      handler.answered(id, reader);
      reader.moveTo(end, frameEnd);
      return;
    }
    case kind.unconfirmed: {
      const index = reader.u48();
      const end = narrow(reader);
      handler.unconfirmed(id, reader, index);
      reader.moveTo(end, frameEnd);
      return;
    }
    case kind.refused: {
      const code = reader.string(maxCodeBytes);
      const message = reader.string(maxMessageBytes);
      handler.refused(id, errorOf(code, message, readNode(reader)));
      return;
    }
    case kind.events: {
      const events = Array.from({ length: reader.count(4) }, () => reader.bytes());
      handler.events(id, events, reader.bytes());
      return;
    }
    case kind.leader:
      handler.leader(readNode(reader));
      return;
    case kind.withheld:
      handler.withheld(id, reader.u32());
      return;
    default:
      throw new MalformedError(`unknown kind of reply ${String(found)}`);
  }
}

/** Leaves nothing in front of the reader but the byte string that begins here. @returns where that ends. */
function narrow(reader: ByteReader): number {
  const length = reader.u32();
  const end = reader.offset + length;
  reader.moveTo(reader.offset, end);
  return end;
}

function readNode(reader: ByteReader): NodeId | undefined {
  const name = reader.string(maxNameLength);
  if (name === '') return undefined;
  if (!isName(name)) throw new MalformedError('a name that can name nothing');
  return name;
}
