/**
 * A record as it lies in a segment: 24 bytes in front, then its payload.
 *
 *     u32  head        CRC-32 of the 16 bytes that follow, seeded by the record's place
 *     u32  length      of the payload
 *     u32  batch       position in this segment at which the batch of this record begins
 *     u8   kind        1 put … 6 checkpoint; 0x80 is added to the last record of a batch
 *     u8   0
 *     u48  index       of a put, a drop or a snapshot
 *     u32  checksum    CRC-32 of the payload, seeded by `head`
 *
 * The place is part of every checksum: the log's own number, the segment's and the position. A
 * record that ends up elsewhere, or was left there by a former use of the file, fails its check like
 * a damaged one. `head` is checked before the length is believed, and makes it cheap to look for
 * records behind a damaged place. The batch's position in each of them says whether such a record
 * belongs to the batch that is damaged, or to a later one, which proves that the damaged batch was
 * acknowledged.
 */
import { crc32 as portableCrc32, type LogIndex } from '@quorate/core';
import { crc32 } from '@quorate/files';

/** Bytes in front of each payload. */
export const recordHeaderBytes = 24;

const headBytes = 4;
const coveredBytes = 16;
const lastOfBatch = 0x80;

/** What a record says. */
export type RecordKind =
  | 'put'
  | 'state'
  | 'dropAfter'
  | 'dropBefore'
  /** A snapshot has become the current one. */
  | 'snapshot'
  /** What held before the first batch of a segment, so that earlier segments can go. */
  | 'checkpoint';

const kinds: readonly (RecordKind | undefined)[] = [
  undefined,
  'put',
  'state',
  'dropAfter',
  'dropBefore',
  'snapshot',
  'checkpoint',
];

const codes: Readonly<Record<RecordKind, number>> = {
  put: 1,
  state: 2,
  dropAfter: 3,
  dropBefore: 4,
  snapshot: 5,
  checkpoint: 6,
};

/** The part of a record in front of its payload. */
export interface RecordHeader {
  readonly kind: RecordKind;
  readonly index: LogIndex;
  /** Bytes of the payload. */
  readonly length: number;
  /** Where its batch begins. */
  readonly batch: number;
  /** Whether it is the last of its batch: the commit mark. */
  readonly last: boolean;
  /** Seed of the payload's checksum. */
  readonly head: number;
  readonly checksum: number;
}

/** The fields that a writer decides. */
export type RecordFields = Pick<RecordHeader, 'kind' | 'index' | 'batch' | 'last'>;

/** The part of a place that a segment has in common: `log` is the log's own number, 8 bytes. */
export function segmentSeed(log: Uint8Array, segment: number): number {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(segment));
  return crc32(number, crc32(log));
}

/** Writes a record's header in front of its payload, which need not lie behind it. */
export function putHeader(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  place: { readonly seed: number; readonly position: number },
  { kind, index, batch, last }: RecordFields,
  payload: Uint8Array,
): void {
  view.setUint32(at + 4, payload.length);
  view.setUint32(at + 8, batch);
  view.setUint8(at + 12, codes[kind] | (last ? lastOfBatch : 0));
  view.setUint8(at + 13, 0);
  view.setUint16(at + 14, Math.floor(index / 2 ** 32));
  view.setUint32(at + 16, index >>> 0);
  const head = headChecksum(bytes, at, place.seed, place.position);
  view.setUint32(at, head);
  view.setUint32(at + 20, crc32(payload, head));
}

/**
 * The header at a place, or `undefined` if what stands there is none. The payload is not looked at.
 *
 * @param at where in `bytes` it begins; at least a header's length must follow.
 */
export function headerAt(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  seed: number,
  position: number,
): RecordHeader | undefined {
  const code = view.getUint8(at + 12);
  const kind = kinds[code & ~lastOfBatch];
  if (kind === undefined || view.getUint8(at + 13) !== 0) return undefined;
  const head = view.getUint32(at);
  if (head !== headChecksum(bytes, at, seed, position)) return undefined;
  return {
    kind,
    index: view.getUint16(at + 14) * 2 ** 32 + view.getUint32(at + 16),
    length: view.getUint32(at + 4),
    batch: view.getUint32(at + 8),
    last: code >= lastOfBatch,
    head,
    checksum: view.getUint32(at + 20),
  };
}

/** Whether a payload is the one that its header was written for. */
export function payloadPasses(header: RecordHeader, payload: Uint8Array): boolean {
  return crc32(payload, header.head) === header.checksum;
}

/** Whether no batch begins here: what is written behind every batch, and what a new file holds. */
export function isEnd(bytes: Uint8Array, at: number): boolean {
  for (let byte = at; byte < at + recordHeaderBytes; byte++) {
    if (bytes[byte] !== 0) return false;
  }
  return true;
}

function headChecksum(bytes: Uint8Array, at: number, seed: number, position: number): number {
  // So few bytes are faster checked here than by a call into native code.
  const from = at + headBytes;
  return portableCrc32(bytes.subarray(from, from + coveredBytes), (seed ^ position) >>> 0);
}
