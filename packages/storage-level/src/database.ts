/**
 * LevelDB as this package uses it: keys and values are bytes, and its errors are told as ours.
 */
import {
  CorruptError,
  describeError,
  LockedError,
  QuorateError,
  StorageFailedError,
} from '@quorate/core';
import { hasCode } from '@quorate/files';
import { type ChainedBatch, ClassicLevel } from 'classic-level';
import { unseal } from './format.ts';

export type Database = ClassicLevel<Uint8Array, Uint8Array>;
export type Batch = ChainedBatch<Database, Uint8Array, Uint8Array>;

/** Makes a batch durable. Tests put a failing disk in its place. */
export type Commit = (batch: Batch) => Promise<void>;

export const commitSynced: Commit = (batch) => batch.write({ sync: true });

/** Memory that LevelDB may use. */
export interface Memory {
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
}

/**
 * Opens the database of a folder.
 *
 * @throws LockedError if another process, or another storage of this one, has it open.
 * @throws CorruptError if LevelDB finds it damaged, or if it is gone and may not be made.
 */
export async function openDatabase(
  location: string,
  mayCreate: boolean,
  memory: Memory,
): Promise<Database> {
  const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
    createIfMissing: mayCreate,
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: memory.cacheBytes,
    writeBufferSize: memory.writeBufferBytes,
  });
  try {
    await database.open();
    return database;
  } catch (error) {
    await database.close().catch(() => undefined);
    throw translateOpen(location, error);
  }
}

/** The content under a key; `undefined` where there is none. */
export async function load(database: Database, key: Uint8Array): Promise<Uint8Array | undefined> {
  const value = await database.get(key);
  return value === undefined ? undefined : unseal(key, value);
}

/** An error of LevelDB as one of ours; ours stay as they are. */
export function translate(error: unknown): QuorateError {
  if (error instanceof QuorateError) return error;
  const detail = describeError(error);
  return hasCode(error, 'LEVEL_CORRUPTION')
    ? new CorruptError(
        `LevelDB finds its files damaged: ${detail}; restore this node from its peers`,
        {
          cause: error,
        },
      )
    : new StorageFailedError(`LevelDB failed: ${detail}; mend the disk and restart`, {
        cause: error,
      });
}

function translateOpen(location: string, error: unknown): QuorateError {
  // The outer error only says that it is not open; why stands in its cause.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (hasCode(cause, 'LEVEL_LOCKED')) {
    return new LockedError(
      `${location} is open in another process (or twice in this one); stop that one first`,
      { cause },
    );
  }
  const detail = describeError(cause);
  if (hasCode(cause, 'LEVEL_CORRUPTION') || detail.includes('does not exist')) {
    return new CorruptError(
      `the database at ${location} is damaged or gone: ${detail}; restore this node from its peers`,
      { cause },
    );
  }
  return new StorageFailedError(`cannot open ${location}: ${detail}; mend it and restart`, {
    cause,
  });
}
