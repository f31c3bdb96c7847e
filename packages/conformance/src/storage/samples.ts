/**
 * What the tests write and read: bytes that tell where they belong, and steps made of them.
 */
import type {
  LogIndex,
  LogRecord,
  SnapshotId,
  Storage,
  StorageOp,
  StorageOwner,
} from '@quorate/core';

/** Whose data the tests write. */
export const owner: StorageOwner = { cluster: 'conformance', node: 'n1', algorithm: 'raft' };

/** Bytes that tell which number they were made from; of any length. */
export function sample(seed: number, length: number = 16): Uint8Array {
  const bytes = new Uint8Array(length);
  let word = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  for (let at = 0; at < length; at++) {
    word = (Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + at) >>> 0;
    bytes[at] = word >>> 24;
  }
  return bytes;
}

export function put(index: LogIndex, record: Uint8Array = sample(index)): StorageOp {
  return { type: 'put', index, record };
}

/** Puts of samples from `from` to `to`, both included. */
export function puts(from: LogIndex, to: LogIndex, length?: number): StorageOp[] {
  return range(from, to).map((index) => put(index, sample(index, length)));
}

export function dropAfter(index: LogIndex): StorageOp {
  return { type: 'dropAfter', index };
}

export function dropBefore(index: LogIndex): StorageOp {
  return { type: 'dropBefore', index };
}

export function state(seed: number): StorageOp {
  return { type: 'state', bytes: sample(seed) };
}

export function publish(id: SnapshotId, index: LogIndex): StorageOp {
  return { type: 'snapshot', id, index, context: sample(index, 5) };
}

/** The integers from `from` to `to`, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, at) => from + at);
}

/** Every record that a storage has, read in pieces of so many bytes. */
export async function readAll(
  storage: Storage,
  pieceBytes: number = 200,
): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = [];
  const end = 2 ** 48 - 1;
  for (let from = 0; ; ) {
    const records = await storage.read(from, end, pieceBytes);
    const last = records.at(-1);
    if (last === undefined) return all;
    all.push(...records);
    from = last.index + 1;
  }
}

/** Indexes of every record that a storage has. */
export async function indexes(storage: Storage): Promise<readonly LogIndex[]> {
  return (await readAll(storage)).map(({ index }) => index);
}

/** Stages and finishes a snapshot. */
export async function stage(storage: Storage, content: Uint8Array): Promise<SnapshotId> {
  const writer = await storage.snapshots.stage();
  await writer.write(content);
  await writer.finish();
  return writer.id;
}

/** The whole content of a snapshot. */
export async function readSnapshot(
  storage: Storage,
  id: SnapshotId,
  pieceBytes: number = 10_000,
): Promise<Uint8Array> {
  const reader = await storage.snapshots.read(id);
  try {
    const content = new Uint8Array(reader.info.bytes);
    for (let at = 0; ; ) {
      const piece = await reader.read(at, pieceBytes);
      if (piece.length === 0) return content.subarray(0, at);
      content.set(piece, at);
      at += piece.length;
    }
  } finally {
    await reader.close();
  }
}
