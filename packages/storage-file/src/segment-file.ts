/**
 * The file of a segment: a head, then batches of records, then nothing that counts.
 *
 *     u32  magic      "QLOG"
 *     u16  format
 *     8 bytes         the log's own number, drawn when the folder was made
 *     u48  segment    number of the segment
 *     u32  checksum   CRC-32 of all that
 *     8 bytes         0
 *
 * A new file is filled with zeros in advance, because a sync that need not change the file's size or
 * blocks takes half the time. A file that is used again keeps its old content: the segment's number
 * is part of every checksum.
 */
import { ByteReader, ByteWriter } from '@quorate/core';
import { crc32, type File, type FileSystem, readUpTo, writeAll } from '@quorate/files';
import { recordHeaderBytes } from './record.ts';

/** Where the first batch of a segment begins. */
export const segmentHeadBytes = 32;

/** The number of the format of segments and folder. */
export const formatVersion = 1;

const magic = 0x514c4f47;
const checkedBytes = 20;
const zeroBytes = 256 * 1024;
/** So often the zeros of a new file are synced, so that no commit waits behind all of them. */
const syncEveryBytes = 2 * 1024 * 1024;
/** No batch begins behind the head: what a file that is used again had there must not be taken for one. */
const noBatch = new Uint8Array(recordHeaderBytes);

/** Name of a segment's file. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(10, '0')}.segment`;
}

/** Number of the segment in a file of this name; `undefined`: it is none. */
export function segmentIn(name: string): number | undefined {
  const [, digits] = /^(\d{10,15})\.segment$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What is written at the beginning of a segment. */
export function encodeSegmentHead(log: Uint8Array, segment: number): Uint8Array {
  const head = new ByteWriter(segmentHeadBytes)
    .u32(magic)
    .u16(formatVersion)
    .raw(log)
    .u48(segment)
    .take();
  return new ByteWriter(segmentHeadBytes).raw(head).u32(crc32(head)).skip(8).take();
}

/** Whether a file begins as this segment must. */
export async function hasSegmentHead(
  file: File,
  log: Uint8Array,
  segment: number,
): Promise<boolean> {
  const found = await readUpTo(file, segmentHeadBytes, 0);
  const expected = encodeSegmentHead(log, segment);
  return found.length === segmentHeadBytes && found.every((byte, at) => byte === expected[at]);
}

/** Whether a file is a segment of some log, and has been written to; for a folder that lost its mark. */
export async function isUsedSegment(file: File): Promise<boolean> {
  const found = await readUpTo(file, segmentHeadBytes + recordHeaderBytes, 0);
  if (found.length < segmentHeadBytes + recordHeaderBytes) return false;
  const head = found.subarray(0, checkedBytes);
  const reader = new ByteReader(found);
  return (
    reader.u32() === magic &&
    new ByteReader(found, checkedBytes).u32() === crc32(head) &&
    found.subarray(segmentHeadBytes).some((byte) => byte !== 0)
  );
}

/** Makes the file of a segment durable, with its name, and ready to be written to. */
export async function makeSegment(
  files: FileSystem,
  folder: string,
  log: Uint8Array,
  segment: number,
  { bytes, spare }: { readonly bytes: number; readonly spare: string | undefined },
): Promise<File> {
  const path = `${folder}/${segmentName(segment)}`;
  if (spare !== undefined) await files.rename(`${folder}/${spare}`, path);
  const file = await files.open(path, spare === undefined ? 'create' : 'write');
  try {
    if (spare === undefined) await fillWithZeros(file, bytes);
    await writeAll(file, [encodeSegmentHead(log, segment), noBatch], 0);
    await file.sync();
    await files.syncFolder(folder);
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

async function fillWithZeros(file: File, bytes: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(zeroBytes, bytes));
  let unsynced = 0;
  for (let at = 0; at < bytes; at += zeros.length) {
    const part = zeros.subarray(0, Math.min(zeros.length, bytes - at));
    await writeAll(file, [part], at);
    unsynced += part.length;
    if (unsynced < syncEveryBytes) continue;
    unsynced = 0;
    await file.sync();
  }
}
