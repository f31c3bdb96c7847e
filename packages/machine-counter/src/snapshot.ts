/**
 * Snapshots: the counters that are not 0, in order, in blocks that are checked before they are believed.
 *
 *     "QCnt", u16 format
 *     block:  u32 length, u32 checksum, so many bytes of counters (name, value)
 *     …
 *     a block of length 0: the end; nothing may follow
 *
 * The checksum of a block covers its length and goes on from the block before: a block that is
 * missing, doubled or in another place is found too.
 */
import {
  ByteReader,
  ByteWriter,
  CorruptError,
  crc32,
  ForeignDataError,
  MalformedError,
} from '@quorate/core';
import { ChunkReader } from './chunk-reader.ts';
import type { Counter } from './commands.ts';
import { compareNames, Counters } from './counters.ts';
import { readInteger, writeInteger } from './integers.ts';
import { maxCounters, maxNameBytes, maxValueBits } from './limits.ts';

const magic = 0x51_43_6e_74;
const format = 1;
const preambleBytes = 6;
const headBytes = 8;
/** A block is closed once it has so many bytes; the next one may be written or read in another turn. */
const blockBytes = 16 * 1024;
/** No block is longer: the last counter in it may be a large one. */
const maxBlockBytes = blockBytes + 4 + maxNameBytes + 2 + maxValueBits / 8;

/** Writes counters, given in order, one chunk a block. */
export async function* writeSnapshot(
  counters: Iterable<Counter>,
): AsyncGenerator<Uint8Array, void> {
  const writer = new ByteWriter(blockBytes);
  let checksum = 0;
  const close = (): Uint8Array => {
    const block = writer.take();
    writer.skip(headBytes);
    const body = block.subarray(headBytes);
    checksum = checksumOf(body, checksum);
    const head = new DataView(block.buffer, block.byteOffset, headBytes);
    head.setUint32(0, body.length);
    head.setUint32(4, checksum);
    return block;
  };
  yield writer.u32(magic).u16(format).take();
  writer.skip(headBytes);
  for (const { name, value } of counters) {
    writeInteger(value, writer.string(name));
    if (writer.length >= headBytes + blockBytes) yield close();
  }
  if (writer.length > headBytes) yield close();
  yield close();
}

/**
 * Reads a whole state, beside the one that there is.
 *
 * @throws CorruptError if it is not sound, ForeignDataError if it is no snapshot of counters.
 */
export async function readSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<Counters> {
  const source = new ChunkReader(chunks);
  try {
    checkPreamble(new ByteReader(await source.take(preambleBytes)));
    const counters = new Counters();
    let checksum = 0;
    let last = '';
    for (;;) {
      const head = new ByteReader(await source.take(headBytes));
      const length = head.u32();
      check(length <= maxBlockBytes, 'a block is too long');
      const body = await source.take(length);
      checksum = checksumOf(body, checksum);
      check(head.u32() === checksum, 'a block fails its checksum');
      if (length === 0) break;
      last = readBlock(new ByteReader(body), last, counters);
    }
    check(await source.atEnd(), 'something follows its end');
    return counters;
  } finally {
    await source.close();
  }
}

function checkPreamble(reader: ByteReader): void {
  if (reader.u32() !== magic) throw new ForeignDataError('not a snapshot of counters');
  const found = reader.u16();
  if (found === format) return;
  throw new ForeignDataError(
    `a snapshot has format ${String(found)}, this version reads ${String(format)}; use the version that wrote it`,
  );
}

/**
 * A checksum tells that bytes are those that were written, not that what was written is sound.
 *
 * @returns the name of the last counter
 */
function readBlock(reader: ByteReader, before: string, counters: Counters): string {
  let last = before;
  try {
    while (reader.left > 0) {
      const name = reader.string(maxNameBytes);
      const value = readInteger(reader);
      check(compareNames(last, name) < 0, 'a name is empty, there twice, or in another place');
      check(value !== 0n, 'a counter holds 0');
      check(counters.size < maxCounters, 'there are too many counters');
      counters.set(name, value);
      last = name;
    }
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new CorruptError(`a snapshot is not sound: ${cause.message}`, { cause });
  }
  return last;
}

function checksumOf(body: Uint8Array, before: number): number {
  return crc32(body, crc32(new ByteWriter(4).u32(body.length).take(), before));
}

function check(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new CorruptError(`a snapshot is not sound: ${problem}; fetch it again`);
}
