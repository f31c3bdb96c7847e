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

/** Where the log stood when a segment was begun. */
export interface Checkpoint {
  /** The segment before, and where its last batch ends; 0 and 0 for the first one. */
  readonly previous: { readonly segment: number; readonly end: number };
  readonly state: Uint8Array | undefined;
  /** Published snapshots, newest first. */
  readonly snapshots: readonly SnapshotInfo[];
}

export function encodeCheckpoint({ previous, state, snapshots }: Checkpoint): Uint8Array {
  const writer = new ByteWriter().u48(previous.segment).u32(previous.end);
  writer.boolean(state !== undefined);
  if (state !== undefined) writer.bytes(state);
  writer.u16(snapshots.length);
  for (const info of snapshots) putSnapshot(writer, info);
  return writer.take();
}

/** @throws CorruptError if it is none. */
export function decodeCheckpoint(payload: Uint8Array): Checkpoint {
  return decoded('checkpoint', payload, (reader) => {
    const previous = { segment: reader.u48(), end: reader.u32() };
    const state = reader.u8() === 1 ? reader.bytes() : undefined;
    const snapshots = Array.from({ length: reader.u16() }, () => snapshotFrom(reader));
    return { previous, state, snapshots };
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
