/**
 * Integers of any size as bytes. Each has one form only, so that equal states have equal snapshots.
 *
 *     u8       how many words
 *     boolean  whether it is negative
 *     u32 …    the words of its magnitude, the lowest first; the highest is not 0
 */
import { type ByteReader, type ByteWriter, MalformedError } from '@quorate/core';
import { maxValueBits } from './limits.ts';

const wordBits = 32n;
const wordMask = 0xffff_ffffn;
const maxWords = maxValueBits / 32;

/** Writes an integer of at most `maxValueBits`. */
export function writeInteger(value: bigint, writer: ByteWriter): void {
  const words: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= wordBits) {
    words.push(Number(rest & wordMask));
  }
  writer.u8(words.length).boolean(value < 0n);
  for (const word of words) writer.u32(word);
}

/** @throws MalformedError if there is none, or it has another form than {@link writeInteger} gives it. */
export function readInteger(reader: ByteReader): bigint {
  const count = reader.u8();
  if (count > maxWords) throw new MalformedError(`${String(count)} words are too many for a value`);
  const isNegative = reader.boolean();
  let magnitude = 0n;
  let highest = isNegative ? 0 : 1;
  for (let at = 0; at < count; at++) {
    highest = reader.u32();
    magnitude |= BigInt(highest) << (BigInt(at) * wordBits);
  }
  if (highest === 0) throw new MalformedError('a value has a zero in front, or is a negative 0');
  return isNegative ? -magnitude : magnitude;
}
