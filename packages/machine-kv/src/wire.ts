/**
 * What all messages share. Each starts with a byte for its type. Flag bytes have room: a bit that is
 * not known is malformed, so a later version can add fields that this one will refuse and not misread.
 */
import { type ByteReader, type ByteWriter, MalformedError } from '@quorate/core';

/** First byte of a command, query, result or answer. */
export const tag = {
  put: 1,
  delete: 2,
  get: 3,
  range: 4,
  txn: 5,
  compact: 6,
  retain: 7,
  info: 8,
  compacted: 9,
  future: 10,
  'lease-grant': 11,
  'lease-keep-alive': 12,
  'lease-revoke': 13,
  'lease-info': 14,
  'lease-list': 15,
  watch: 16,
} as const;

/** Flags as a byte, the first in the lowest bit. */
export function writeFlags(writer: ByteWriter, ...flags: readonly boolean[]): void {
  writer.u8(flags.reduce((bits, flag, at) => bits | (flag ? 1 << at : 0), 0));
}

/** A byte of flags of which only the lowest `known` may be set. */
export function readFlags(reader: ByteReader, known: number): number {
  const bits = reader.u8();
  if (bits >> known !== 0) throw new MalformedError(`unknown flags ${String(bits)}`);
  return bits;
}

/** A list whose count is checked against its bound, and against what is left, before it is believed. */
export function readList<Item>(
  reader: ByteReader,
  maxItems: number,
  minItemBytes: number,
  read: (reader: ByteReader) => Item,
): readonly Item[] {
  const count = reader.count(minItemBytes);
  if (count > maxItems) {
    throw new MalformedError(`${String(count)} items are more than ${String(maxItems)}`);
  }
  return Array.from({ length: count }, () => read(reader));
}
