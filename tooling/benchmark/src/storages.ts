/** The storages that are measured. Another one is one line here. */
import type { Storage, StorageOwner } from '@quorate/core';

/** A storage that counts what it makes durable. */
export interface CountingStorage extends Storage {
  readonly counters: { readonly syncs: number };
}

type Make = (directory: string) => Promise<CountingStorage>;

/** Only what is used is loaded. */
const storages: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['file', async (directory) => (await import('@quorate/storage-file')).fileStorage({ directory })],
  [
    'level',
    async (directory) => (await import('@quorate/storage-level')).levelStorage({ directory }),
  ],
  ['memory', async () => (await import('@quorate/storage-memory')).memoryStorage()],
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
export async function storageNamed(name: string, directory: string): Promise<CountingStorage> {
  const make = storages.get(name);
  if (make === undefined) throw new RangeError(`unknown storage ${name}`);
  return make(directory);
}
