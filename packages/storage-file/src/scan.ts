/**
 * Reads a segment from its beginning, batch by batch, and says how it ends.
 *
 * A batch counts when all of its records are there up to the one with the commit mark. What follows
 * the last batch that counts is one of three things: nothing, the torn end of a write that nobody
 * was told about, or damage. They are told apart by what stands further behind: a batch is begun
 * only after the one before it was synced, so any record of a later batch proves that the one in
 * front of it had been acknowledged.
 */
import type { File } from '@quorate/files';
import { headerAt, isEnd, payloadPasses, type RecordHeader, recordHeaderBytes } from './record.ts';
import { segmentHeadBytes } from './segment-file.ts';
import { Window } from './window.ts';

/** A record of a batch that counts. */
export interface ScannedRecord {
  readonly header: RecordHeader;
  /** Of its header, in the segment. */
  readonly position: number;
  /** For the kinds whose payload was asked for; empty otherwise. */
  readonly payload: Uint8Array;
}

/** A batch that counts. */
export interface ScannedBatch {
  readonly records: readonly ScannedRecord[];
  /** Where it begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

/** How a segment ends. */
export interface ScanEnd {
  /** Where the last batch that counts ends. */
  readonly end: number;
  /** Whether something stands there, or is left further behind, that is no batch: a write was begun. */
  readonly torn: boolean;
  /** Where a record of a later batch stands, which proves that the torn one was acknowledged. */
  readonly laterAt: number | undefined;
}

/** What a scan is about. */
export interface ScanSetup {
  readonly file: File;
  /** Of the segment's checksums. */
  readonly seed: number;
  /** Kinds whose payloads are handed out. A put's is only checked. */
  readonly wanted: (header: RecordHeader) => boolean;
  readonly onBatch: (batch: ScannedBatch) => void;
}

const windowBytes = 1024 * 1024;
const nothing = new Uint8Array();

/** Reads a segment to its end. */
export async function scanSegment({ file, seed, wanted, onBatch }: ScanSetup): Promise<ScanEnd> {
  const bytes = await file.size();
  const window = new Window(file, bytes, windowBytes);
  let start = segmentHeadBytes;
  let position = start;
  let records: ScannedRecord[] = [];
  for (;;) {
    if (!window.has(position, recordHeaderBytes)) {
      if (!(await window.move(position, recordHeaderBytes))) break;
    }
    const header = headerAt(window.bytes, window.view, position - window.start, seed, position);
    if (header?.batch !== start) break;
    const from = position + recordHeaderBytes;
    const { length } = header;
    if (!window.has(from, length) && !(await window.move(from, length))) break;
    const payload = window.bytes.subarray(from - window.start, from - window.start + length);
    if (!payloadPasses(header, payload)) break;
    const kept = length > 0 && wanted(header) ? payload.slice() : nothing;
    records.push({ header, position, payload: kept });
    position = from + length;
    if (!header.last) continue;
    onBatch({ records, start, end: position });
    start = position;
    records = [];
  }
  const torn = await isTorn(window, start, bytes);
  const { left, laterAt } = await lookBehind(window, start, bytes, seed);
  return { end: start, torn: torn || left, laterAt };
}

/** Whether a write was begun here. */
async function isTorn(window: Window, end: number, bytes: number): Promise<boolean> {
  if (end >= bytes) return false;
  const length = Math.min(recordHeaderBytes, bytes - end);
  await window.move(end, length);
  const rest = window.bytes.subarray(end - window.start, end - window.start + length);
  return length < recordHeaderBytes ? rest.some((byte) => byte !== 0) : !isEnd(rest, 0);
}

/**
 * Looks behind the end for a record, wherever it may begin: of the batch that was begun there, whose
 * first sectors may be the ones that are lost, or of a later one.
 */
async function lookBehind(
  window: Window,
  end: number,
  bytes: number,
  seed: number,
): Promise<{ readonly left: boolean; readonly laterAt: number | undefined }> {
  let left = false;
  for (let position = end + 1; position + recordHeaderBytes <= bytes; ) {
    if (!(await window.move(position, recordHeaderBytes))) break;
    const { bytes: seen, start, view } = window;
    const last = start + seen.length - recordHeaderBytes;
    for (; position <= last; position++) {
      // Nearly every place is ruled out by one byte; the rest by a checksum over the header alone.
      if (seen[position - start + 12] === 0) continue;
      const header = headerAt(seen, view, position - start, seed, position);
      if (header === undefined) continue;
      if (header.batch > end) return { left: true, laterAt: position };
      left ||= header.batch === end;
    }
  }
  return { left, laterAt: undefined };
}
