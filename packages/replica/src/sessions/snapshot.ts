/**
 * The table of sessions in a snapshot of a replica.
 *
 *     u48 lastId, u32 number of sessions; for each
 *       u32 length of what follows
 *       u48 id, u32 timeoutMs, u48 activeAt, u48 answered
 *       u32 number of replies; for each u32 length, bytes
 */
import { ByteReader, ByteWriter, MalformedError } from '@quorate/core';
import type { ChunkReader } from '../chunk-reader.ts';
import { maxSessions } from './limits.ts';
import { ReplyQueue, writeReplies } from './reply-queue.ts';
import type { SessionRecord } from './session.ts';
import type { FrozenTable } from './table.ts';

/** A chunk is handed out once it has so many bytes. */
const chunkBytes = 64 * 1024;

const headBytes = 10;

/** Writes the table in chunks. */
export function* writeTable({
  lastId,
  sessions,
}: FrozenTable): Generator<Uint8Array, void, undefined> {
  const writer = new ByteWriter(chunkBytes).u48(lastId).u32(sessions.length);
  for (const session of sessions) {
    writeSession(session, writer);
    if (writer.length >= chunkBytes) yield writer.take();
  }
  if (writer.length > 0) yield writer.take();
}

/**
 * Reads a table, and leaves the reader behind it.
 *
 * @throws MalformedError if there is none.
 */
export async function readTable(reader: ChunkReader): Promise<FrozenTable> {
  const head = new ByteReader(await reader.take(headBytes));
  const lastId = head.u48();
  const count = head.u32();
  if (count > maxSessions) {
    throw new MalformedError(
      `a table of ${String(count)} sessions, of at most ${String(maxSessions)}`,
    );
  }
  const sessions: SessionRecord[] = [];
  for (let at = 0; at < count; at++) {
    // No bound of its own: a session keeps one reply however large. Memory is taken as the bytes come, and no more.
    const length = new ByteReader(await reader.take(4)).u32();
    sessions.push(readSession(new ByteReader(await reader.take(length))));
  }
  return { lastId, sessions };
}

function writeSession(session: SessionRecord, writer: ByteWriter): void {
  const { id, timeoutMs, activeAt, answered, replies } = session;
  writer.u32(6 + 4 + 6 + 6 + 4 + replies.encodedBytes);
  writer.u48(id).u32(timeoutMs).u48(activeAt).u48(answered).u32(replies.count);
  writeReplies(replies, writer);
}

function readSession(reader: ByteReader): SessionRecord {
  const id = reader.u48();
  const timeoutMs = reader.u32();
  const activeAt = reader.u48();
  const answered = reader.u48();
  const replies = new ReplyQueue();
  for (let left = reader.count(4); left > 0; left--) replies.keep(reader.bytes());
  reader.end();
  return { id, timeoutMs, activeAt, answered, replies: replies.freeze() };
}
