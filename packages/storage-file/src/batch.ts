/**
 * Encodes a batch: the steps of all writes that wait, as one row of records that counts as a whole
 * or not at all.
 */
import type { LogIndex, SnapshotInfo, StorageOp } from '@quorate/core';
import { unreachable } from '@quorate/core';
import type { QueuedWrite } from '@quorate/files';
import { encodeSnapshotInfo } from './checkpoint.ts';
import { putHeader, recordHeaderBytes, type RecordKind } from './record.ts';

/** Payloads from this size on are referred to as they stand, smaller ones copied: a part has a cost too. */
const referFromBytes = 16 * 1024;
const nothing = new Uint8Array();

/** A record to be written. */
export interface Draft {
  readonly kind: RecordKind;
  readonly index: LogIndex;
  readonly payload: Uint8Array;
}

/** The records of a group of writes. Of several states only the last one counts, and is written. */
export function draftsOf(
  group: readonly Pick<QueuedWrite, 'ops'>[],
  describe: (op: StorageOp & { readonly type: 'snapshot' }) => SnapshotInfo,
): Draft[] {
  const drafts: Draft[] = [];
  let state: Uint8Array | undefined;
  for (const { ops } of group) {
    for (const op of ops) {
      switch (op.type) {
        case 'put':
          drafts.push({ kind: 'put', index: op.index, payload: op.record });
          break;
        case 'state':
          state = op.bytes;
          break;
        case 'dropAfter':
        case 'dropBefore':
          drafts.push({ kind: op.type, index: op.index, payload: nothing });
          break;
        case 'snapshot': {
          const payload = encodeSnapshotInfo(describe(op));
          drafts.push({ kind: 'snapshot', index: op.index, payload });
          break;
        }
        default:
          unreachable(op);
      }
    }
  }
  if (state !== undefined) drafts.push({ kind: 'state', index: 0, payload: state });
  return drafts;
}

/** Bytes that records take, without the mark behind them that no batch follows. */
export function bytesOf(drafts: readonly Draft[]): number {
  let bytes = 0;
  for (const { payload } of drafts) bytes += recordHeaderBytes + payload.length;
  return bytes;
}

/** Encodes one batch at a time. */
export class BatchEncoder {
  /** Used again for every batch: only one is on its way to the disk. */
  #slab: Uint8Array = new Uint8Array(64 * 1024);
  #view: DataView = new DataView(this.#slab.buffer);

  /**
   * @param seed of the segment's checksums.
   * @param start where the batch will stand in its segment.
   * @param pause called now and then, so that a large batch does not hold up everything else.
   * @returns parts that are good until the next call.
   */
  async encode(
    drafts: readonly Draft[],
    seed: number,
    start: number,
    pause: (bytes: number) => Promise<void> | undefined,
  ): Promise<readonly Uint8Array[]> {
    this.#reserve(drafts);
    const slab = this.#slab;
    const parts: Uint8Array[] = [];
    const batch = start;
    let position = start;
    /** The slab is written up to here, and handed out up to there. */
    let at = 0;
    let taken = 0;
    for (const [number, { kind, index, payload }] of drafts.entries()) {
      const last = number === drafts.length - 1;
      const fields = { kind, index, batch, last };
      putHeader(this.#view, slab, at, { seed, position }, fields, payload);
      at += recordHeaderBytes;
      if (payload.length < referFromBytes) {
        slab.set(payload, at);
        at += payload.length;
      } else {
        parts.push(slab.subarray(taken, at), payload);
        taken = at;
      }
      position += recordHeaderBytes + payload.length;
      const pausing = pause(recordHeaderBytes + payload.length);
      if (pausing !== undefined) await pausing;
    }
    // No batch follows: a file that is used again has the records of its former life here.
    slab.fill(0, at, at + recordHeaderBytes);
    parts.push(slab.subarray(taken, at + recordHeaderBytes));
    return parts;
  }

  #reserve(drafts: readonly Draft[]): void {
    let bytes = recordHeaderBytes;
    for (const { payload } of drafts) {
      bytes += recordHeaderBytes + (payload.length < referFromBytes ? payload.length : 0);
    }
    if (bytes <= this.#slab.length) return;
    this.#slab = new Uint8Array(Math.ceil(bytes / 65_536) * 65_536);
    this.#view = new DataView(this.#slab.buffer);
  }
}
