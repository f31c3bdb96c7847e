/**
 * Payloads that are not the engine's: what is known of snapshots, and what held before the first
 * batch of a segment.
 */
import {
  ByteReader,
  ByteWriter,
  CorruptError,
  describeError,
  type SnapshotInfo,
} from '@quorate/core';
import type { LogPosition } from './manifest.ts';

/** Where the log stood when a segment was begun. */
export interface Checkpoint {
  /** Up to where the log before is durable for sure; 0 and 0: there was none. */
  readonly previous: LogPosition;
  /**
   * Whether the segment begins with the last batch before it once more, after a sudden end. Then the
   * log before ends at `previous`, or one batch further: nobody can know whether that is on the disk.
   */
  readonly repeats: boolean;
  readonly state: Uint8Array | undefined;
  /** Published snapshots, newest first. */
  readonly snapshots: readonly SnapshotInfo[];
}

const hasState = 1;
const hasRepeated = 2;

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { previous, repeats, state, snapshots } = checkpoint;
  const writer = new ByteWriter().u48(previous.segment).u32(previous.end);
  writer.u8((state === undefined ? 0 : hasState) + (repeats ? hasRepeated : 0));
  if (state !== undefined) writer.bytes(state);
  writer.u16(snapshots.length);
  for (const info of snapshots) putSnapshot(writer, info);
  return writer.take();
}

/** @throws CorruptError if it is none. */
export function decodeCheckpoint(payload: Uint8Array): Checkpoint {
  return decoded('checkpoint', payload, (reader) => {
    const previous = { segment: reader.u48(), end: reader.u32() };
    const flags = reader.u8();
    if (flags > hasState + hasRepeated) throw new Error(`flags ${String(flags)}`);
    const state = (flags & hasState) === 0 ? undefined : reader.bytes();
    const snapshots = Array.from({ length: reader.u16() }, () => snapshotFrom(reader));
    return { previous, repeats: (flags & hasRepeated) !== 0, state, snapshots };
  });
}

export function encodeSnapshotInfo(info: SnapshotInfo): Uint8Array {
  return putSnapshot(new ByteWriter(), info).take();
}

/** @throws CorruptError if it is none. */
export function decodeSnapshotInfo(payload: Uint8Array): SnapshotInfo {
  return decoded('snapshot', payload, snapshotFrom);
}

function putSnapshot(writer: ByteWriter, info: SnapshotInfo): ByteWriter {
  const { bytes, checksum, context, id, index } = info;
  return writer.string(id).u48(index).u48(bytes).u32(checksum).bytes(context);
}

function snapshotFrom(reader: ByteReader): SnapshotInfo {
  return {
    id: reader.string(),
    index: reader.u48(),
    bytes: reader.u48(),
    checksum: reader.u32(),
    // A small thing that is kept for long must not hold on to the page that it came in.
    context: reader.bytes().slice(),
  };
}

/** What passed its check and still makes no sense is damage, too. */
function decoded<T>(what: string, payload: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(payload);
    const value = read(reader);
    reader.end();
    return value;
  } catch (cause) {
    throw new CorruptError(
      `a ${what} in the log cannot be read: ${describeError(cause)}; restore this node from its peers`,
      { cause },
    );
  }
}
