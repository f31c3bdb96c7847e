/**
 * The few things that must be done right with files: whole writes, durable names, private modes.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Readable and writable for the owner alone. */
export const privateFile = 0o600;
/** The same for a folder. */
export const privateFolder = 0o700;

/** The part of a file handle that {@link writeAll} uses. */
export interface Writable {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
}

/** Writes all of the bytes at a position: one call may write less than it was asked to. */
export async function writeAll(file: Writable, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    if (bytesWritten === 0) throw new Error('the file takes no more bytes');
    at += bytesWritten;
  }
}

/** Reads `length` bytes at a position, or what there is up to the end of the file. */
export async function readUpTo(
  file: FileHandle,
  length: number,
  position: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Makes the names in a folder durable: a synced file is lost with its name if the folder is not. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and journals their entries itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and those above it, durably. */
export async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true, mode: privateFolder });
  if (firstMade === undefined) return;
  for (let at = folder; at.length >= firstMade.length; at = dirname(at)) {
    await syncFolder(dirname(at));
  }
}

/** Writes a file that is there as a whole or not at all. */
export async function writeWholeFile(path: string, bytes: Uint8Array): Promise<void> {
  const staged = `${path}.tmp`;
  const handle = await open(staged, 'w', privateFile);
  try {
    await writeAll(handle, bytes, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(staged, path);
  await syncFolder(dirname(path));
}

/** Reads a file that is not larger than it may be. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const bytes = await readUpTo(file, maxBytes + 1, 0);
    if (bytes.length > maxBytes) throw new Error(`it is larger than ${String(maxBytes)} bytes`);
    return bytes;
  } finally {
    await file.close();
  }
}

/** Names in a folder; none where there is no folder. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Removes every file of a folder but those to keep. */
export async function removeOthers(folder: string, keep: ReadonlySet<string>): Promise<number> {
  const others = (await readdir(folder)).filter((name) => !keep.has(name));
  for (const name of others) await rm(join(folder, name), { recursive: true, force: true });
  return others.length;
}

/** Whether an error of Node or of LevelDB carries this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
