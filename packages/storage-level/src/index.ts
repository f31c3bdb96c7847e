/**
 * Durable storage in a folder, on LevelDB through classic-level.
 *
 * @packageDocumentation
 */
import { InvalidArgumentError } from '@quorate/core';
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
}

const mebibyte = 2 ** 20;

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
  } = options;
  if (directory === '') throw new InvalidArgumentError('directory must name a folder');
  const sizes = { maxRecordBytes, maxBatchBytes, cacheBytes, writeBufferBytes };
  for (const [name, bytes] of Object.entries(sizes)) {
    if (Number.isSafeInteger(bytes) && bytes > 0 && bytes < 2 ** 32) continue;
    throw new InvalidArgumentError(`${name} must be 1 or more bytes, got ${String(bytes)}`);
  }
  return makeStorage({ directory, ...sizes }, commitSynced);
}
