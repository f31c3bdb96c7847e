/**
 * What became of a command that was applied, in bytes: as the table of sessions keeps it, and as a client
 * gets it.
 *
 *     0  u8  kind
 *     result    0  the machine's result
 *     rejected  1  the reason, UTF-8 to the end
 *     skipped   2  nothing: the command was taken back before it could happen
 *     session   3  u48, the session that was opened
 *     done      4  nothing: a session was kept or closed
 */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { fromUtf8, utf8 } from './bytes.ts';
import type { SessionId } from './envelope.ts';
import { MalformedError } from './errors.ts';

/** A reply but for the machine's result, which stands behind it. */
export type Reply =
  | { readonly type: 'result' }
  | { readonly type: 'rejected'; readonly reason: string }
  | { readonly type: 'skipped' }
  | { readonly type: 'session'; readonly session: SessionId }
  | { readonly type: 'done' };

const kinds = [
  'result',
  'rejected',
  'skipped',
  'session',
  'done',
] as const satisfies readonly Reply['type'][];

/** Writes a reply; a result has to be written behind it. */
export function writeReply(reply: Reply, writer: ByteWriter): void {
  writer.u8(kinds.indexOf(reply.type));
  switch (reply.type) {
    case 'rejected':
      writer.raw(utf8(reply.reason));
      return;
    case 'session':
      writer.u48(reply.session);
      return;
    case 'result':
    case 'skipped':
    case 'done':
      return;
  }
}

/**
 * Reads a reply, and leaves the reader in front of the result if it is one.
 *
 * @throws MalformedError if there is none.
 */
export function readReply(reader: ByteReader): Reply {
  const kind = reader.u8();
  const type = kinds[kind];
  if (type === undefined) throw new MalformedError(`unknown kind of reply ${String(kind)}`);
  switch (type) {
    case 'result':
      return { type };
    case 'rejected':
      return { type, reason: fromUtf8(reader.raw(reader.left)) };
    case 'session': {
      const session = reader.u48();
      reader.end();
      return { type, session };
    }
    case 'skipped':
    case 'done':
      reader.end();
      return { type };
  }
}
