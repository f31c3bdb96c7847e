/**
 * Snapshots: the journal, as far as it had come.
 *
 *     preamble   'QLGS', u16 format
 *     header     u48 number of records, 32 bytes head of the hash chain over them
 *     records    each u16 length, so many bytes; nothing may follow the last
 *
 * Restoring does every event again by the rules that allowed it first. So accounts, indexes and hashes
 * come out as they were, there is no second description of them that could differ, and a snapshot that
 * was tampered with comes out with another head.
 */
import { ByteWriter } from '@quorate/core';
import type { Journal } from './journal.ts';

/** First bytes of every snapshot. */
export const magic = 0x514c_4753;
export const format = 1;
export const preambleBytes = 6;
export const headerBytes = 38;
export const lengthBytes = 2;

/** Writes the state as of the call, although what it writes is read later: the journal only grows. */
export function writeSnapshot(journal: Journal): AsyncIterable<Uint8Array> {
  const { length, head } = journal;
  return chunksOf(journal, length, head);
}

async function* chunksOf(
  journal: Journal,
  length: number,
  head: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const writer = new ByteWriter(preambleBytes + headerBytes);
  yield writer.u32(magic).u16(format).u48(length).raw(head).take();
  yield* journal.pieces(length);
}
