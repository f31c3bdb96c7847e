/** The storages that are measured. Another one is one line here. */
import type { Storage, StorageOwner } from '@quorate/core';
import { fileStorage } from '@quorate/storage-file';
import { levelStorage } from '@quorate/storage-level';
import { memoryStorage } from '@quorate/storage-memory';

/** A storage that counts what it makes durable. */
export interface CountingStorage extends Storage {
  readonly counters: { readonly syncs: number };
}

const storages: ReadonlyMap<string, (directory: string) => CountingStorage> = new Map<
  string,
  (directory: string) => CountingStorage
>([
  ['file', (directory) => fileStorage({ directory })],
  ['level', (directory) => levelStorage({ directory })],
  ['memory', () => memoryStorage()],
]);

/** In the order in which they take turns. */
export const storageNames: readonly string[] = [...storages.keys()];

/** Those that outlive their process. */
export const durableStorageNames: readonly string[] = storageNames.filter(
  (name) => name !== 'memory',
);

/** Whose the data is where a storage is measured alone. */
export const owner: StorageOwner = { cluster: 'benchmark', node: 'n1', algorithm: 'none' };

/**
 * Makes one, closed at first and with the options that everybody gets.
 *
 * @throws RangeError for a name that is not in the table.
 */
export function storageNamed(name: string, directory: string): CountingStorage {
  const make = storages.get(name);
  if (make === undefined) throw new RangeError(`unknown storage ${name}`);
  return make(directory);
}
