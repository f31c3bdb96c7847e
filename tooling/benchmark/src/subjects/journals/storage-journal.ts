/** One of our storages as a journal: a write is a row of puts. */
import type { StorageOp } from '@quorate/core';
import { owner, storageNamed } from '../../storages.ts';
import type { Journal } from './journal.ts';

/** Opens the storage in an empty folder. */
export async function openStorageJournal(name: string, directory: string): Promise<Journal> {
  const storage = await storageNamed(name, directory);
  await storage.open(owner);
  return {
    prepare({ first, entries, dropBefore }) {
      const ops: StorageOp[] = entries.map((record, at) => ({
        type: 'put',
        index: first + at,
        record,
      }));
      // A step of the same write, as engines have it.
      if (dropBefore !== undefined) ops.push({ type: 'dropBefore', index: dropBefore });
      return () => storage.write(ops);
    },
    get syncs() {
      return storage.counters.syncs;
    },
    close: () => storage.close(),
  };
}
