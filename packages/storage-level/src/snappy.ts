/**
 * Snappy, the compression of LevelDB's blocks: unpacking only, of blocks that passed their check.
 *
 * A length, then elements: bytes to be taken as they are, or a copy of bytes that came before. The
 * lower two bits of an element's first byte say which.
 */
import { ByteReader, MalformedError } from '@quorate/core';
import { varint } from './leveldb-fields.ts';

/**
 * Unpacks a block.
 *
 * @throws MalformedError if it is not what Snappy makes, or larger than it may be.
 */
export function unpackSnappy(packed: Uint8Array, maxBytes: number): Uint8Array {
  const reader = new ByteReader(packed);
  const length = varint(reader);
  if (length > maxBytes)
    throw new MalformedError(`a block of ${String(length)} bytes is too large`);
  const unpacked = new Uint8Array(length);
  let at = 0;
  while (reader.left > 0) {
    const tag = reader.u8();
    const upper = tag >> 2;
    switch (tag & 3) {
      case 0: {
        const count = 1 + (upper < 60 ? upper : littleEndian(reader, upper - 59));
        if (count > length - at) throw tooMuch();
        unpacked.set(reader.raw(count), at);
        at += count;
        break;
      }
      case 1:
        at = copy(unpacked, at, ((tag >> 5) << 8) | reader.u8(), 4 + (upper & 7));
        break;
      case 2:
        at = copy(unpacked, at, littleEndian(reader, 2), 1 + upper);
        break;
      default:
        at = copy(unpacked, at, littleEndian(reader, 4), 1 + upper);
    }
  }
  if (at < length) throw new MalformedError('a block is shorter than it says');
  return unpacked;
}

/** Copies bytes from further up, which may overlap with those that are made. */
function copy(bytes: Uint8Array, at: number, back: number, count: number): number {
  if (back < 1 || back > at || count > bytes.length - at) throw tooMuch();
  for (let done = 0; done < count; done++) bytes[at + done] = bytes[at + done - back] ?? 0;
  return at + count;
}

function littleEndian(reader: ByteReader, bytes: number): number {
  let value = 0;
  for (let at = 0; at < bytes; at++) value += reader.u8() * 256 ** at;
  return value;
}

function tooMuch(): MalformedError {
  return new MalformedError('a block refers to bytes that it does not have');
}
