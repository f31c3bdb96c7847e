/** Looks whether the content of a published snapshot is what was published; for tools. */
import { CorruptError, type SnapshotInfo } from '@quorate/core';
import { crc32 } from '../checksum.ts';
import { type FileSystem, hasCode } from '../file-system.ts';
import { fileName } from './file-names.ts';
import { blockBytes, fileBytes, SnapshotFileReader } from './snapshot-file.ts';

/**
 * What is wrong with the file of a snapshot; `undefined`: nothing.
 *
 * @param readContent reads it through, in the place of looking at its size alone.
 */
export async function snapshotFlaw(
  files: FileSystem,
  folder: string,
  { bytes, checksum, id }: SnapshotInfo,
  readContent: boolean,
): Promise<string | undefined> {
  const path = `${folder}/${fileName(id)}`;
  try {
    const size = await sizeOf(files, path);
    if (size !== fileBytes(bytes)) {
      return `it has ${String(size)} bytes, not ${String(fileBytes(bytes))}`;
    }
    if (!readContent) return undefined;
    const reader = await SnapshotFileReader.open(files, path, id, bytes);
    try {
      let found = 0;
      for (let at = 0; at < bytes; ) {
        const piece = await reader.read(at, blockBytes);
        found = crc32(piece, found);
        at += piece.length;
      }
      return found === checksum ? undefined : 'its content is not the one that was published';
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'it is gone';
    if (error instanceof CorruptError) return error.message;
    throw error;
  }
}

async function sizeOf(files: FileSystem, path: string): Promise<number> {
  const file = await files.open(path, 'read');
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}
