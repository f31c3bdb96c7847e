/** The fields that LevelDB's files are made of. */
import { type ByteReader, MalformedError } from '@quorate/core';

/** An integer in groups of seven bits, the lowest first. */
export function varint(reader: ByteReader): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
    const byte = reader.u8();
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
  throw new MalformedError('a number in a file of LevelDB is too long');
}

/** A length, then so many bytes, as a view. */
export function lengthAndBytes(reader: ByteReader): Uint8Array {
  return reader.raw(varint(reader));
}

/** Name of a file with a number. */
export function numbered(number: number, extension: string): string {
  return `${String(number).padStart(6, '0')}.${extension}`;
}
