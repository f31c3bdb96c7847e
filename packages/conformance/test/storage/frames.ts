/**
 * The journal of the storages that are wrong on purpose: frames, each a checksum over its place and
 * its payload. The last one of a journal that was closed in good order is a seal.
 */
import {
  ByteReader,
  ByteWriter,
  crc32,
  type SnapshotInfo,
  type StorageOp,
  type StorageOwner,
  unreachable,
} from '@quorate/core';

/** A step, with what a journal must know of a snapshot besides. */
export type Step = Exclude<StorageOp, { type: 'snapshot' }> | SnapshotStep;
export type SnapshotStep = { readonly type: 'snapshot' } & SnapshotInfo;

export type Payload =
  | { readonly type: 'owner'; readonly owner: StorageOwner }
  | { readonly type: 'steps'; readonly steps: readonly Step[] }
  | { readonly type: 'seal' };

const headerBytes = 8;
/** Size of a frame that holds a seal. */
export const sealBytes = headerBytes + 1;

/** How a journal is read; a sound one has all of it. */
export interface FrameChecks {
  readonly checksums: boolean;
  /** Lengths are checked before anything is allocated. */
  readonly lengths: boolean;
}

export interface Frame {
  readonly payload: Payload;
  readonly end: number;
}

export function encodeFrame(payload: Payload, at: number): Uint8Array {
  const writer = new ByteWriter();
  switch (payload.type) {
    case 'owner': {
      const { cluster, node, algorithm } = payload.owner;
      writer.u8(0).string(cluster).string(node).string(algorithm);
      break;
    }
    case 'steps':
      writer.u8(1).u32(payload.steps.length);
      for (const step of payload.steps) encodeStep(writer, step);
      break;
    case 'seal':
      writer.u8(2);
      break;
    default:
      unreachable(payload);
  }
  const bytes = writer.take();
  return new ByteWriter().u32(bytes.length).u32(checksum(bytes, at)).raw(bytes).take();
}

/** The frame at a place; `undefined` where there is none that is whole. */
export function frameAt(journal: Uint8Array, at: number, checks: FrameChecks): Frame | undefined {
  if (at + headerBytes > journal.length) return undefined;
  const header = new ByteReader(journal, at);
  const length = header.u32();
  const expected = header.u32();
  const end = at + headerBytes + length;
  const slab = checks.lengths ? undefined : new Uint8Array(length);
  if (end > journal.length) return undefined;
  const bytes = slab ?? new Uint8Array(length);
  bytes.set(journal.subarray(at + headerBytes, end));
  if (checks.checksums && checksum(bytes, at) !== expected) return undefined;
  return { payload: decode(new ByteReader(bytes)), end };
}

function decode(reader: ByteReader): Payload {
  switch (reader.u8()) {
    case 0: {
      const [cluster, node, algorithm] = [reader.string(), reader.string(), reader.string()];
      return { type: 'owner', owner: { cluster, node, algorithm } };
    }
    case 1: {
      const steps = Array.from({ length: reader.u32() }, () => decodeStep(reader));
      return { type: 'steps', steps };
    }
    default:
      return { type: 'seal' };
  }
}

function encodeStep(writer: ByteWriter, step: Step): void {
  switch (step.type) {
    case 'put':
      writer.u8(0).u48(step.index).bytes(step.record);
      return;
    case 'state':
      writer.u8(1).bytes(step.bytes);
      return;
    case 'dropAfter':
      writer.u8(2).u48(step.index);
      return;
    case 'dropBefore':
      writer.u8(3).u48(step.index);
      return;
    case 'snapshot':
      writer.u8(4).string(step.id).u48(step.index).bytes(step.context);
      writer.u48(step.bytes).u32(step.checksum);
      return;
    default:
      unreachable(step);
  }
}

function decodeStep(reader: ByteReader): Step {
  switch (reader.u8()) {
    case 0:
      return { type: 'put', index: reader.u48(), record: reader.bytes() };
    case 1:
      return { type: 'state', bytes: reader.bytes() };
    case 2:
      return { type: 'dropAfter', index: reader.u48() };
    case 3:
      return { type: 'dropBefore', index: reader.u48() };
    default: {
      const [id, index, context] = [reader.string(), reader.u48(), reader.bytes()];
      return { type: 'snapshot', id, index, context, bytes: reader.u48(), checksum: reader.u32() };
    }
  }
}

/** Over the place, too: a frame from elsewhere is none. */
function checksum(bytes: Uint8Array, at: number): number {
  return crc32(bytes, crc32(new ByteWriter().u48(at).take()));
}
