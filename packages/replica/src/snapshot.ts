/**
 * The format of a replica's snapshot: a header, then the machine's own chunks.
 *
 *      0  u32  magic         "QRep"
 *      4  u8   version       1
 *      5  u48  index         last entry that it covers
 *     11  u48  time          the machine's clock: part of the state, since commands see it
 *     17  u32  sessionBytes  length of the session table that follows; 0 in version 1
 *     21       the machine's chunks, to the end
 *
 * The chunks that come back on restoring are cut anywhere, so the header is gathered first; not more
 * is ever held than the header and one chunk.
 */
import {
  ByteReader,
  ByteWriter,
  concatBytes,
  type LogIndex,
  MalformedError,
  type StateMachine,
} from '@quorate/core';

const magic = 0x51_52_65_70;
const version = 1;

/** Length of the fixed part. */
export const headerBytes = 21;

/** The part of a machine that snapshots are about. */
export type Restorable = Pick<StateMachine<never, unknown, never, unknown>, 'snapshot' | 'restore'>;

/** The state of `machine` as of this call, in chunks. */
export function takeSnapshot(
  machine: Restorable,
  index: LogIndex,
  time: number,
): AsyncIterable<Uint8Array> {
  const header = new ByteWriter(headerBytes).u32(magic).u8(version).u48(index).u48(time).u32(0);
  const chunks = machine.snapshot()[Symbol.asyncIterator]();
  // An async generator does nothing before its first `next()`. Asking now makes it look at the state
  // as of this call; asking later, it would silently hand out a state that is ahead of `index`.
  const first = chunks.next();
  first.catch(() => undefined);
  return withHeader(header.take(), first, chunks);
}

/**
 * Puts a snapshot in the place of the machine's state, and returns the machine's clock.
 *
 * @throws MalformedError if it is none, or not the one at `index`; the machine is untouched then.
 */
export async function restoreSnapshot(
  machine: Restorable,
  index: LogIndex,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const source = chunks[Symbol.asyncIterator]();
  try {
    const start = await readStart(source);
    const time = decodeHeader(start, index);
    await machine.restore(continued(start.subarray(headerBytes), source));
    return time;
  } finally {
    await source.return?.();
  }
}

async function* withHeader(
  header: Uint8Array,
  first: Promise<IteratorResult<Uint8Array, unknown>>,
  chunks: AsyncIterator<Uint8Array, unknown>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield header;
    for (let item = await first; item.done !== true; item = await chunks.next()) yield item.value;
  } finally {
    await chunks.return?.();
  }
}

/** Reads chunks until they hold the header. */
async function readStart(source: AsyncIterator<Uint8Array, unknown>): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < headerBytes) {
    const item = await source.next();
    if (item.done === true) {
      throw new MalformedError(`a snapshot of ${start.length} bytes is too short for its header`);
    }
    start = start.length === 0 ? item.value : concatBytes([start, item.value]);
  }
  return start;
}

function decodeHeader(start: Uint8Array, expectedIndex: LogIndex): number {
  const reader = new ByteReader(start);
  if (reader.u32() !== magic) throw new MalformedError('not a snapshot of a replica');
  const foundVersion = reader.u8();
  if (foundVersion !== version) {
    throw new MalformedError(
      `a snapshot of version ${foundVersion}; this program reads version ${version}: upgrade it first`,
    );
  }
  const index = reader.u48();
  if (index !== expectedIndex) {
    throw new MalformedError(`a snapshot at index ${index} came as the one at ${expectedIndex}`);
  }
  const time = reader.u48();
  const sessionBytes = reader.u32();
  // Leaving a part of the state out would make this replica differ from the others.
  if (sessionBytes !== 0) {
    throw new MalformedError(
      `a session table of ${sessionBytes} bytes, which version ${version} has not`,
    );
  }
  return time;
}

async function* continued(
  rest: Uint8Array,
  source: AsyncIterator<Uint8Array, unknown>,
): AsyncGenerator<Uint8Array, void> {
  if (rest.length > 0) yield rest;
  for (let item = await source.next(); item.done !== true; item = await source.next()) {
    yield item.value;
  }
}
