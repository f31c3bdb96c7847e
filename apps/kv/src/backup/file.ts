/**
 * Backups in files: read with bounded memory, and written so that a file of that name is a whole one.
 */
import { createReadStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeError, QuorateError } from '@quorate/core';
import { nodeFileSystem } from '@quorate/files';
import { systemCodeOf, usageError } from '@quorate/program';
import { ServiceError, serviceError } from '../errors.ts';
import type { BackupHeader } from './format.ts';
import { type Backup, readBackup } from './reader.ts';

/** How much of a file is read at once. */
const readBytes = 256 * 1024;

/**
 * Opens a backup.
 *
 * @throws ServiceError with the code IO_FAILED if there is no such file.
 * @throws MalformedError | CorruptError see {@link readBackup}.
 */
export async function openBackupFile(path: string): Promise<Backup> {
  return readBackup(piecesOf(path), path);
}

/**
 * Reads all of a backup, for nothing but its checks.
 *
 * @throws CorruptError if one of them fails.
 */
export async function verifyBackup({ header, chunks }: Backup): Promise<BackupHeader> {
  for await (const _chunk of chunks);
  return header;
}

/**
 * Takes the bytes of a backup into a file, checking them on the way. The file is there when it is whole, good
 * and durable, and not before.
 *
 * @param overwrite whether a file of this name may be replaced.
 * @throws CorruptError | MalformedError if the bytes are no good; nothing is left then.
 */
export async function saveBackup(
  source: AsyncIterable<Uint8Array>,
  path: string,
  overwrite: boolean,
): Promise<BackupHeader> {
  const target = resolve(path);
  const draft = `${target}.part`;
  await refuseToOverwrite(target, overwrite);
  try {
    const file = await open(draft, 'w', 0o600);
    let header: BackupHeader;
    try {
      const written = async function* (): AsyncGenerator<Uint8Array, void> {
        for await (const piece of source) {
          await file.writeFile(piece);
          yield piece;
        }
      };
      header = await verifyBackup(await readBackup(written(), 'what the node sends'));
      await file.sync();
    } finally {
      await file.close();
    }
    await refuseToOverwrite(target, overwrite);
    await rename(draft, target);
    await nodeFileSystem.syncFolder(dirname(target));
    return header;
  } catch (error) {
    await rm(draft, { force: true });
    if (systemCodeOf(error) === undefined) throw error;
    const message = `cannot write ${path}: ${describeError(error)}; name another file`;
    throw serviceError('IO_FAILED', message, { cause: error });
  }
}

/** @throws ServiceError with the code USAGE. */
export async function refuseToOverwrite(path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return;
  try {
    await access(path);
  } catch {
    return;
  }
  throw usageError(`${path} is there already; name another file, or pass --force to replace it`);
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: readBytes })) {
      yield piece as Uint8Array;
    }
  } catch (error) {
    if (error instanceof QuorateError || error instanceof ServiceError) throw error;
    const message = `cannot read ${path}: ${describeError(error)}; name a file that can be read`;
    throw serviceError('IO_FAILED', message, { cause: error });
  }
}
