/** What the tests of the simulated disk share. */
import { type Random, seededRandom } from '@quorate/core';
import { type File, type FileSystem, readUpTo, writeAll } from '../../src/index.ts';
import {
  type SimulatedDisk,
  simulatedDisk,
  type SimulatedDiskOptions,
} from '../../src/simulated/index.ts';
import { contentOf } from '../grounds.ts';

export const sectorBytes = 512;

/** So many bytes of one value: what it was made of can be told from any of them. */
export function filled(value: number, bytes: number = sectorBytes): Uint8Array {
  return new Uint8Array(bytes).fill(value);
}

/** A disk with the folder `/data`. */
export async function makeDisk(
  options: SimulatedDiskOptions = {},
): Promise<{ readonly disk: SimulatedDisk; readonly files: FileSystem }> {
  const disk = simulatedDisk({ sectorBytes, ...options });
  const files = disk.files();
  await files.makeFolder('/data');
  return { disk, files };
}

/** A file that is durable, with its name, and open for writing. */
export async function durableFile(
  files: FileSystem,
  path: string,
  content: Uint8Array,
): Promise<File> {
  const file = await files.open(path, 'create');
  await writeAll(file, [content], 0);
  await file.sync();
  await files.syncFolder(path.slice(0, path.lastIndexOf('/')));
  return file;
}

/** What a new process reads. */
export async function found(disk: SimulatedDisk, path: string): Promise<Uint8Array | undefined> {
  return contentOf(disk.files(), path);
}

/** Names that a new process finds, in order. */
export async function namesIn(disk: SimulatedDisk, folder: string): Promise<readonly string[]> {
  return [...(await disk.files().list(folder))].sort();
}

/** Runs the same scene under many seeds. @returns what came out of each. */
export async function underSeeds<Outcome>(
  count: number,
  scene: (random: Random, seed: number) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= count; seed++) {
    try {
      outcomes.push(await scene(seededRandom(seed), seed));
    } catch (cause) {
      throw new Error(`seed ${String(seed)}`, { cause });
    }
  }
  return outcomes;
}

/** The value that a sector is filled with; `undefined` if it is not of one value. */
export function valueOf(content: Uint8Array, sector: number): number | undefined {
  const bytes = content.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  const [first] = bytes;
  return bytes.every((byte) => byte === first) ? first : undefined;
}

export async function readAll(file: File): Promise<Uint8Array> {
  return readUpTo(file, await file.size(), 0);
}

/** Whether a promise has settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  // An operation takes some turns of the microtask queue.
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  return settled;
}
