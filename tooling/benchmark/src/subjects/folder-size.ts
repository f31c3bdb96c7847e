/** What a folder takes on the disk, as `du` counts it. */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Sizes of all files, and the blocks that they and their folders occupy. */
export interface FolderSize {
  /** Sum of the sizes that files say they have. */
  readonly bytes: number;
  /** What the file system has set aside for them. */
  readonly blockBytes: number;
}

/** The unit in which systems count blocks, whatever those of the file system are. */
const unitBytes = 512;

/** Sizes of a folder. What goes while it is looked at counts nothing. */
export async function folderSize(folder: string): Promise<FolderSize> {
  const total = { bytes: 0, blockBytes: 0 };
  const visit = async (path: string): Promise<void> => {
    const stats = await statsOf(path);
    if (stats === undefined) return;
    total.blockBytes += stats.blocks * unitBytes;
    if (stats.isFile()) total.bytes += stats.size;
    if (!stats.isDirectory()) return;
    for (const name of await readdir(path)) await visit(join(path, name));
  };
  await visit(folder);
  return total;
}

/** What it comes to for each entry, and beside an entry with 32 bytes more. */
export function sizeFigures(
  { bytes, blockBytes }: FolderSize,
  entries: number,
  valueBytes: number,
): Readonly<Record<string, number>> {
  return {
    diskBytesPerEntry: bytes / entries,
    blockBytesPerEntry: blockBytes / entries,
    blocksOfValueAnd32: blockBytes / entries / (valueBytes + 32),
  };
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
