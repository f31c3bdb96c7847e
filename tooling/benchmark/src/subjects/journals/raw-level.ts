/** LevelDB by itself: classic-level's array batch with `sync`, under keys that ascend. */
import { ClassicLevel } from 'classic-level';
import type { Journal } from './journal.ts';

const keyBytes = 8;

/** Opens a database in an empty folder, with the options that everybody gets. */
export async function openRawLevel(directory: string): Promise<Journal> {
  const database = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await database.open();
  /** The last removal: in the background, as those of `storage-level` are. */
  let clearing: Promise<void> = Promise.resolve();
  return {
    prepare({ first, entries, dropBefore }) {
      const keys = keysFrom(first, entries.length);
      const batch = entries.map((value, at) => ({
        type: 'put' as const,
        key: keys.subarray(at * keyBytes, (at + 1) * keyBytes),
        value,
      }));
      return async () => {
        if (dropBefore !== undefined) {
          clearing = clearing.then(() => database.clear({ lt: keysFrom(dropBefore, 1) }));
          // Whoever closes it hears of a failure.
          clearing.catch(() => undefined);
        }
        await database.batch(batch, { sync: true });
      };
    },
    // Each write is one by definition, and it does not count them.
    syncs: undefined,
    async close() {
      await clearing;
      await database.close();
    },
  };
}

/** Keys of indexes in a row, one behind the other. */
function keysFrom(first: number, count: number): Uint8Array {
  const keys = new Uint8Array(count * keyBytes);
  const view = new DataView(keys.buffer);
  for (let at = 0; at < count; at++) view.setBigUint64(at * keyBytes, BigInt(first + at));
  return keys;
}
