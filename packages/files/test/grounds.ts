/** Both file systems, each with an empty folder, for tests that ask the same of the two. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '@quorate/core';
import { expect } from 'vitest';
import { type File, type FileSystem, nodeFileSystem, readUpTo, writeAll } from '../src/index.ts';
import { simulatedDisk } from '../src/simulated/index.ts';

/** A file system with an empty folder on it. */
export interface Ground {
  readonly files: FileSystem;
  readonly folder: string;
  remove(): Promise<void>;
}

export async function realGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-files-'));
  return {
    files: nodeFileSystem,
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function simulatedGround(random: Random = seededRandom(1)): Promise<Ground> {
  const files = simulatedDisk({ random }).files();
  await files.makeFolder('/data');
  return { files, folder: '/data', remove: async () => undefined };
}

export const grounds: readonly (readonly [name: string, make: () => Promise<Ground>])[] = [
  ['the real one', realGround],
  ['the simulated one', simulatedGround],
];

/** Makes a file with this content; nothing is synced. */
export async function put(files: FileSystem, path: string, content: Uint8Array): Promise<void> {
  const file = await files.open(path, 'create');
  await writeAll(file, [content], 0);
  await file.close();
}

/** The whole content of a file; `undefined` where there is none. */
export async function contentOf(files: FileSystem, path: string): Promise<Uint8Array | undefined> {
  let file: File;
  try {
    file = await files.open(path, 'read');
  } catch {
    return undefined;
  }
  const content = await readUpTo(file, await file.size(), 0);
  await file.close();
  return content;
}

/** Compares bytes; `toEqual` alone takes its time over large ones. */
export function expectBytes(actual: Uint8Array | undefined, wanted: Uint8Array): void {
  if (actual === undefined || Buffer.compare(actual, wanted) !== 0) expect(actual).toEqual(wanted);
}

/** Bytes that tell the seed and their place. */
export function sample(seed: number, length: number): Uint8Array {
  const random = seededRandom(seed + 1);
  return Uint8Array.from({ length }, () => 1 + random.below(255));
}
