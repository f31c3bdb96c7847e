/**
 * The format of a replica's snapshot: a header, the table of sessions, then the machine's own chunks.
 *
 *      0  u32  magic         "QRep"
 *      4  u8   version       2
 *      5  u48  index         last entry that it covers
 *     11  u48  time          the machine's clock: part of the state, since commands see it
 *     17       the table, see sessions/snapshot.ts
 *              the machine's chunks, to the end
 *
 * The chunks that come back on restoring are cut anywhere. Not more of them is ever held than one chunk and
 * what is read as a whole: the header, one session.
 */
import {
  ByteReader,
  ByteWriter,
  type LogIndex,
  MalformedError,
  type StateMachine,
} from '@quorate/core';
import { ChunkReader } from './chunk-reader.ts';
import { readTable, writeTable } from './sessions/snapshot.ts';
import type { FrozenTable } from './sessions/table.ts';

const magic = 0x51_52_65_70;
const version = 2;

/** Length of the fixed part. */
export const headerBytes = 17;

/** The part of a machine that snapshots are about. */
export type Restorable = Pick<StateMachine<never, unknown, never, unknown>, 'snapshot' | 'restore'>;

/** What a snapshot holds besides the machine's state. */
export interface Surroundings {
  /** The machine's clock. */
  readonly time: number;
  readonly sessions: FrozenTable;
}

/** The state of `machine` as of this call, in chunks. */
export function takeSnapshot(
  machine: Restorable,
  index: LogIndex,
  { time, sessions }: Surroundings,
): AsyncIterable<Uint8Array> {
  const header = new ByteWriter(headerBytes).u32(magic).u8(version).u48(index).u48(time);
  const chunks = machine.snapshot()[Symbol.asyncIterator]();
  // An async generator does nothing before its first `next()`. Asking now makes it look at the state
  // as of this call; asking later, it would silently hand out a state that is ahead of `index`.
  const first = chunks.next();
  first.catch(() => undefined);
  return inFront(header.take(), sessions, first, chunks);
}

/**
 * Puts a snapshot in the place of the machine's state, and returns the rest of what it holds.
 *
 * @throws MalformedError if it is none, or not the one at `index`; the machine is untouched then.
 */
export async function restoreSnapshot(
  machine: Restorable,
  index: LogIndex,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Surroundings> {
  const reader = new ChunkReader(chunks);
  try {
    const time = decodeHeader(await reader.take(headerBytes), index);
    const sessions = await readTable(reader);
    await machine.restore(reader.rest());
    return { time, sessions };
  } finally {
    await reader.close();
  }
}

async function* inFront(
  header: Uint8Array,
  sessions: FrozenTable,
  first: Promise<IteratorResult<Uint8Array, unknown>>,
  chunks: AsyncIterator<Uint8Array, unknown>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield header;
    yield* writeTable(sessions);
    for (let item = await first; item.done !== true; item = await chunks.next()) yield item.value;
  } finally {
    await chunks.return?.();
  }
}

function decodeHeader(header: Uint8Array, expectedIndex: LogIndex): number {
  const reader = new ByteReader(header);
  if (reader.u32() !== magic) throw new MalformedError('not a snapshot of a replica');
  const foundVersion = reader.u8();
  if (foundVersion !== version) {
    throw new MalformedError(
      `a snapshot of version ${foundVersion}, and this program reads version ${version}: use the program that wrote it`,
    );
  }
  const index = reader.u48();
  if (index !== expectedIndex) {
    throw new MalformedError(`a snapshot at index ${index} came as the one at ${expectedIndex}`);
  }
  return reader.u48();
}
