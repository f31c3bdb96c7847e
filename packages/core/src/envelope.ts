/**
 * What stands around a command on its way through the log: plain, or as one of a session.
 *
 *     0  u8   kind
 *     command            0  the machine's command
 *     session command    1  u48 session, u48 sequence, u48 answered, the machine's command
 *     skip               2  u48 session, u48 sequence, u48 answered
 *     open session       3  u32 timeoutMs
 *     keep session       4  u48 session, u48 answered
 *     close session      5  u48 session
 *     time               6  of the leader: what has to run out by now does
 *     leader             7  of a new leader: whoever has to be heard from in time gets all of it again
 *
 * Sessions make commands happen exactly once though they are handed in again and again (Ongaro's thesis,
 * section 6.3). The commands of a session are numbered from 1 without a gap, and happen in that order;
 * `answered` says up to which one the client has its answers, so that nobody has to keep those.
 */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { MalformedError } from './errors.ts';

/** Names one session of a group: counted up, never used twice. */
export type SessionId = number;

/** Which command of which session. */
export interface SessionPlace {
  readonly session: SessionId;
  /** From 1, without a gap. */
  readonly sequence: number;
  /** The client has the answers of all commands up to here. */
  readonly answered: number;
}

/** What stands in front of a command, or in its place. */
export type Envelope =
  | { readonly type: 'command' }
  | (SessionPlace & { readonly type: 'session-command' })
  /** In the place of a command that nobody wants any more: it either has happened by now or never will. */
  | (SessionPlace & { readonly type: 'skip' })
  | { readonly type: 'open-session'; readonly timeoutMs: number }
  | { readonly type: 'keep-session'; readonly session: SessionId; readonly answered: number }
  | { readonly type: 'close-session'; readonly session: SessionId }
  | { readonly type: 'time' }
  | { readonly type: 'leader' };

/** Most bytes that an envelope adds to a command. */
export const maxEnvelopeBytes = 19;

const kinds = [
  'command',
  'session-command',
  'skip',
  'open-session',
  'keep-session',
  'close-session',
  'time',
  'leader',
] as const satisfies readonly Envelope['type'][];

const plain: Envelope = { type: 'command' };
const time: Envelope = { type: 'time' };
const leader: Envelope = { type: 'leader' };

/** Writes an envelope; where it holds a command, that has to be written behind it. */
export function writeEnvelope(envelope: Envelope, writer: ByteWriter): void {
  writer.u8(kinds.indexOf(envelope.type));
  switch (envelope.type) {
    case 'session-command':
    case 'skip':
      writer.u48(envelope.session).u48(envelope.sequence).u48(envelope.answered);
      return;
    case 'open-session':
      writer.u32(envelope.timeoutMs);
      return;
    case 'keep-session':
      writer.u48(envelope.session).u48(envelope.answered);
      return;
    case 'close-session':
      writer.u48(envelope.session);
      return;
    case 'command':
    case 'time':
    case 'leader':
      return;
  }
}

/**
 * Reads an envelope, and leaves the reader in front of the command. Where there is none, nothing may be left.
 *
 * @throws MalformedError if there is no envelope, or one of an unknown kind.
 */
export function readEnvelope(reader: ByteReader): Envelope {
  if (reader.left === 0) throw new MalformedError('an empty payload');
  const kind = reader.u8();
  const type = kinds[kind];
  if (type === undefined) throw new MalformedError(`unknown kind of payload ${String(kind)}`);
  switch (type) {
    case 'command':
      return plain;
    case 'session-command':
      return placed(type, reader);
    case 'skip':
      return ended(reader, placed(type, reader));
    case 'open-session':
      return ended(reader, { type, timeoutMs: reader.u32() });
    case 'keep-session':
      return ended(reader, { type, session: reader.u48(), answered: reader.u48() });
    case 'close-session':
      return ended(reader, { type, session: reader.u48() });
    case 'time':
      return ended(reader, time);
    case 'leader':
      return ended(reader, leader);
  }
}

/**
 * The type of the envelope in front of a payload. Checks what {@link readEnvelope} checks, and makes nothing: for
 * whoever only passes it on.
 *
 * @throws MalformedError as that does.
 */
export function envelopeType(payload: Uint8Array): Envelope['type'] {
  const [kind] = payload;
  if (kind === undefined) throw new MalformedError('an empty payload');
  const type = kinds[kind];
  if (type === undefined) throw new MalformedError(`unknown kind of payload ${String(kind)}`);
  const bytes = envelopeBytes[type];
  const holdsCommand = type === 'command' || type === 'session-command';
  if (payload.length < bytes || (payload.length > bytes && !holdsCommand)) {
    throw new MalformedError(
      `a payload of kind '${type}' has ${String(bytes)} bytes, not ${String(payload.length)}`,
    );
  }
  return type;
}

const envelopeBytes: { readonly [Type in Envelope['type']]: number } = {
  command: 1,
  'session-command': 19,
  skip: 19,
  'open-session': 5,
  'keep-session': 13,
  'close-session': 7,
  time: 1,
  leader: 1,
};

function placed(type: 'session-command' | 'skip', reader: ByteReader): Envelope {
  return { type, session: reader.u48(), sequence: reader.u48(), answered: reader.u48() };
}

function ended(reader: ByteReader, envelope: Envelope): Envelope {
  reader.end();
  return envelope;
}
