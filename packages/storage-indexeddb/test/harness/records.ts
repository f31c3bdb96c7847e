/** What tests write. */
import type { LogIndex, StorageOp, StorageOwner } from '@quorate/core';
import type { IndexedDbStorage } from '../../src/index.ts';

export const owner: StorageOwner = { cluster: 'test', node: 'n1', algorithm: 'raft' };

export function put(index: LogIndex, length: number = 8): StorageOp {
  return { type: 'put', index, record: new Uint8Array(length).fill(index) };
}

/** Puts of all indexes from the first to the last. */
export function puts(first: LogIndex, last: LogIndex): readonly StorageOp[] {
  return Array.from({ length: last - first + 1 }, (_, at) => put(first + at));
}

export function state(value: number): StorageOp {
  return { type: 'state', bytes: Uint8Array.of(value) };
}

/** Indexes of all records. */
export async function indexes(storage: IndexedDbStorage): Promise<readonly LogIndex[]> {
  return (await storage.read(0, 2 ** 48 - 1, 2 ** 30)).map(({ index }) => index);
}

/** Publishes a snapshot of so many bytes. @returns its id. */
export async function publish(
  storage: IndexedDbStorage,
  index: LogIndex,
  bytes: number,
): Promise<string> {
  const writer = await storage.snapshots.stage();
  await writer.write(new Uint8Array(bytes).fill(index));
  await writer.finish();
  await storage.write([{ type: 'snapshot', id: writer.id, index, context: new Uint8Array() }]);
  return writer.id;
}
