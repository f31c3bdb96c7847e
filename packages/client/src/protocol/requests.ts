/**
 * What a client asks, many messages in a frame:
 *
 *     u8 kind, u32 id, then
 *     command  1  u8 acknowledge, u32 timeoutMs, u32 length, payload (core's envelope.ts)
 *     query    2  u8 consistency, u32 timeoutMs, u32 length, query
 *     watch    3  u32 window, u32 length, request
 *     more     4  u32 bytes: so many of a watch's events were consumed
 *     cancel   5  nobody waits for the answers of that id any more
 *
 * A frame holds at most 4096 messages, and one of more than 512 KiB holds one.
 */
import { ProtocolError } from '@quorate/connections';
import {
  type Acknowledge,
  ByteReader,
  type Consistency,
  type Envelope,
  type FrameWriter,
  MalformedError,
  type RequestId,
  writeEnvelope,
} from '@quorate/core';
import { gatheredBytes, gatheredMessages } from './batch.ts';

const kind = { command: 1, query: 2, watch: 3, more: 4, cancel: 5 } as const;

const acknowledges = ['quorum', 'all'] as const satisfies readonly Acknowledge[];
const consistencies = ['linearizable', 'lease', 'local'] as const satisfies readonly Consistency[];

/** What a message takes besides the bytes in it, at most. */
export const requestOverheadBytes: number = 1 + 4 + 1 + 4 + 4;

/** Whoever takes requests. The bytes are views of the frame. */
export interface RequestHandler {
  command(id: RequestId, acknowledge: Acknowledge, timeoutMs: number, payload: Uint8Array): void;
  query(id: RequestId, consistency: Consistency, timeoutMs: number, query: Uint8Array): void;
  watch(id: RequestId, window: number, request: Uint8Array): void;
  more(id: RequestId, bytes: number): void;
  cancel(id: RequestId): void;
}

/** Writes a command in its envelope. */
export function writeCommand(
  writer: FrameWriter,
  id: RequestId,
  acknowledge: Acknowledge,
  timeoutMs: number,
  envelope: Envelope,
  command: Uint8Array,
): void {
  const { fields } = writer;
  fields.u8(kind.command).u32(id).u8(acknowledges.indexOf(acknowledge)).u32(timeoutMs);
  const lengthAt = fields.length;
  fields.u32(0);
  const envelopeAt = fields.length;
  writeEnvelope(envelope, fields);
  fields.setU32(lengthAt, fields.length - envelopeAt + command.length);
  writer.raw(command);
}

/** Writes a query. */
export function writeQuery(
  writer: FrameWriter,
  id: RequestId,
  consistency: Consistency,
  timeoutMs: number,
  query: Uint8Array,
): void {
  writer.fields.u8(kind.query).u32(id).u8(consistencies.indexOf(consistency)).u32(timeoutMs);
  writer.bytes(query);
}

/** Writes the beginning of a watch. */
export function writeWatch(
  writer: FrameWriter,
  id: RequestId,
  window: number,
  request: Uint8Array,
): void {
  writer.fields.u8(kind.watch).u32(id).u32(window);
  writer.bytes(request);
}

/** Writes that room for so many bytes of events is free again. */
export function writeMore(writer: FrameWriter, id: RequestId, bytes: number): void {
  writer.fields.u8(kind.more).u32(id).u32(bytes);
}

/** Writes that nobody waits any more. */
export function writeCancel(writer: FrameWriter, id: RequestId): void {
  writer.fields.u8(kind.cancel).u32(id);
}

/**
 * Reads all requests of a frame.
 *
 * @throws ProtocolError if the bytes are none; those before have been handed over by then.
 */
export function readRequests(frame: Uint8Array, handler: RequestHandler): void {
  const reader = new ByteReader(frame);
  try {
    // Whoever could put half a million small requests into one frame would have them all dealt with in one turn.
    const most = frame.length > gatheredBytes ? 1 : gatheredMessages;
    for (let count = 0; reader.left > 0; count++) {
      if (count === most) {
        throw new MalformedError(
          `over ${String(most)} requests in a frame of ${String(frame.length)} bytes`,
        );
      }
      readRequest(reader, handler);
    }
  } catch (error) {
    if (error instanceof MalformedError) throw new ProtocolError('MALFORMED', error.message);
    throw error;
  }
}

function readRequest(reader: ByteReader, handler: RequestHandler): void {
  const found = reader.u8();
  const id = reader.u32();
  switch (found) {
    case kind.command:
      handler.command(id, one(acknowledges, reader.u8()), reader.u32(), reader.bytes());
      return;
    case kind.query:
      handler.query(id, one(consistencies, reader.u8()), reader.u32(), reader.bytes());
      return;
    case kind.watch:
      handler.watch(id, reader.u32(), reader.bytes());
      return;
    case kind.more:
      handler.more(id, reader.u32());
      return;
    case kind.cancel:
      handler.cancel(id);
      return;
    default:
      throw new MalformedError(`unknown kind of request ${String(found)}`);
  }
}

function one<T>(words: readonly T[], at: number): T {
  const word = words[at];
  if (word === undefined) throw new MalformedError(`unknown number ${String(at)} in a request`);
  return word;
}
