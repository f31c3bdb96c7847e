/**
 * Durable storage in a folder, on LevelDB through classic-level.
 *
 * @packageDocumentation
 */
import { InvalidArgumentError } from '@quorate/core';
import { nodeFileSystem } from '@quorate/files';
import { commitSynced } from './database.ts';
import { type LevelStorage, makeStorage } from './storage.ts';

export type { LevelCounters, LevelStorage } from './storage.ts';

/** Options of {@link levelStorage}. */
export interface LevelStorageOptions {
  /** The folder of this node, made where it is missing. One node, one folder. */
  readonly directory: string;
  /** Largest record, state or context. @default 64 MiB */
  readonly maxRecordBytes?: number;
  /** Waiting writes are joined into one batch up to this size. @default 4 MiB */
  readonly maxBatchBytes?: number;
  /** Memory for blocks that were read. @default 8 MiB */
  readonly cacheBytes?: number;
  /** Records that LevelDB gathers in memory and in its log before it sorts them into a table. @default 4 MiB */
  readonly writeBufferBytes?: number;
  /** How many published snapshots are kept, the current one included. @default 1 */
  readonly retainSnapshots?: number;
  /**
   * Whether an open checks every block of LevelDB's tables, which LevelDB itself does not do: one
   * or two seconds for each GiB. Without it only what is read is checked. @default true
   */
  readonly checkTables?: boolean;
}

const mebibyte = 2 ** 20;
/** Their list is one value of the database. */
const maxRetained = 1000;

/**
 * Makes a storage in a folder.
 *
 * @throws InvalidArgumentError if an option has a value that cannot work.
 */
export function levelStorage(options: LevelStorageOptions): LevelStorage {
  const {
    directory,
    maxRecordBytes = 64 * mebibyte,
    maxBatchBytes = 4 * mebibyte,
    cacheBytes = 8 * mebibyte,
    writeBufferBytes = 4 * mebibyte,
    retainSnapshots = 1,
    checkTables = true,
  } = options;
  if (directory === '') throw new InvalidArgumentError('directory must name a folder');
  const sizes = { maxRecordBytes, maxBatchBytes, cacheBytes, writeBufferBytes };
  for (const [name, bytes] of Object.entries(sizes)) {
    if (Number.isSafeInteger(bytes) && bytes > 0 && bytes < 2 ** 32) continue;
    throw new InvalidArgumentError(`${name} must be 1 or more bytes, got ${String(bytes)}`);
  }
  if (!Number.isInteger(retainSnapshots) || retainSnapshots < 1 || retainSnapshots > maxRetained) {
    throw new InvalidArgumentError(
      `retainSnapshots must be 1 to ${String(maxRetained)}, got ${String(retainSnapshots)}`,
    );
  }
  return makeStorage(
    { directory, ...sizes, retainSnapshots, checkTables },
    { files: nodeFileSystem, commit: commitSynced },
  );
}
