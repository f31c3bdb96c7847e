/** The storages that can be put to the test, by name. Another one is a few lines here. */
import type { Storage } from '@quorate/core';

const kibibyte = 1024;

/** Makes a storage, closed at first. */
export type CreateStorage = (directory: string) => Storage;

/**
 * Each is made in a folder of its own. Their files are small, so that they begin new ones, move on
 * and clean up all the time: that is where a fault finds the most to break. Only what is chosen is
 * loaded: a process is started for every fault.
 */
const storages: Readonly<Record<string, () => Promise<CreateStorage>>> = {
  file: async () => {
    const { fileStorage } = await import('@quorate/storage-file');
    const sizes = { segmentBytes: 256 * kibibyte, retainSnapshots: 2 };
    return (directory) => fileStorage({ directory, ...sizes });
  },
  level: async () => {
    const { levelStorage } = await import('@quorate/storage-level');
    const sizes = { writeBufferBytes: 128 * kibibyte, retainSnapshots: 2 };
    return (directory) => levelStorage({ directory, ...sizes });
  },
};

/** In the order in which they are listed. */
export const storageNames: readonly string[] = Object.keys(storages);

/**
 * Loads what makes storages of that name.
 *
 * @throws TypeError if there is none.
 */
export function storageNamed(name: string): Promise<CreateStorage> {
  const load = Object.hasOwn(storages, name) ? storages[name] : undefined;
  if (load === undefined) throw new TypeError(`no storage is called '${name}'`);
  return load();
}
