/**
 * A folder whose sync failed once is not synced again: like with the pages of a file, the kernel may
 * have forgotten which names it never wrote, and a second sync that succeeds would prove nothing.
 *
 * Where it matters are the snapshots. A failure there ends one of them and not the storage, but the
 * names of others, which were made at the same time, may be lost with it.
 */
import { describeError } from '@quorate/core';
import type { FileSystem } from './file-system.ts';

/** The same file system, for one life of a storage. */
export function withoutSecondSync(files: FileSystem): FileSystem {
  const failures = new Map<string, unknown>();
  const check = (folder: string): void => {
    if (!failures.has(folder)) return;
    const cause = failures.get(folder);
    throw new Error(
      `a sync of ${folder} failed before (${describeError(cause)}); restart the node`,
      { cause },
    );
  };
  return {
    open: (path, mode) => files.open(path, mode),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    list: (folder) => files.list(folder),
    makeFolder: (folder) => files.makeFolder(folder),
    lock: (path) => files.lock(path),
    syncFolder: async (folder) => {
      check(folder);
      try {
        await files.syncFolder(folder);
      } catch (error) {
        failures.set(folder, error);
        throw error;
      }
      // Another one may have failed meanwhile, and taken with it what this one was to make durable.
      check(folder);
    },
  };
}
