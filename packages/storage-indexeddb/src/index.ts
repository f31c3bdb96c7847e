/**
 * Durable storage of one node in a browser, on IndexedDB.
 *
 * @packageDocumentation
 */
import { InvalidArgumentError } from '@quorate/core';
import { type IdbFactory, type IdbKeyRanges, surroundings, type WebLocks } from './browser.ts';
import { type IndexedDbStorage, makeStorage } from './storage.ts';

export type {
  IdbCursor,
  IdbDatabase,
  IdbFactory,
  IdbHandler,
  IdbKey,
  IdbKeyRange,
  IdbKeyRanges,
  IdbObjectStore,
  IdbOpenRequest,
  IdbRequest,
  IdbTransaction,
  WebLocks,
} from './browser.ts';
export type { IndexedDbAbilities, IndexedDbCounters, IndexedDbStorage } from './storage.ts';

/** Where a storage lies, and its bounds. */
export interface IndexedDbStorageOptions {
  /** Name of the database; made where it is missing. One node, one name. */
  readonly name: string;
  /** Largest record, state or snapshot context. @default 64 MiB */
  readonly maxRecordBytes?: number;
  /** Waiting writes are joined into one transaction up to this size. @default 4 MiB */
  readonly maxBatchBytes?: number;
  /** How many published snapshots are kept, the current one included. @default 1 */
  readonly retainSnapshots?: number;
  /**
   * Whether a database that is not there is `CORRUPT`, instead of being made. For a node that has been
   * a member before: a browser may delete everything that a site has stored. @default false
   */
  readonly mustExist?: boolean;
  /** Where databases come from. @default globalThis.indexedDB */
  readonly indexedDB?: IdbFactory;
  /** Ranges of keys that go with it. @default globalThis.IDBKeyRange */
  readonly keyRanges?: IdbKeyRanges;
  /** Locks between tabs and workers. @default navigator.locks where there is one */
  readonly locks?: WebLocks | 'none';
}

const mebibyte = 1024 * 1024;

/**
 * Makes a storage, closed at first, in a page or a worker.
 *
 * @throws InvalidArgumentError if an option cannot work, or there is no IndexedDB.
 */
export function indexedDbStorage(options: IndexedDbStorageOptions): IndexedDbStorage {
  const found = surroundings();
  const { indexedDB: factory = found.factory, keyRanges = found.keyRanges } = options;
  const { name, locks = found.locks, mustExist = false } = options;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError('name is missing; give the database one of its own');
  }
  if (factory === undefined || keyRanges === undefined) {
    throw new InvalidArgumentError(
      'there is no IndexedDB here; hand one in as `indexedDB` with its `keyRanges`',
    );
  }
  return makeStorage({
    name,
    maxRecordBytes: positive('maxRecordBytes', options.maxRecordBytes, 64 * mebibyte),
    maxBatchBytes: positive('maxBatchBytes', options.maxBatchBytes, 4 * mebibyte),
    retainSnapshots: positive('retainSnapshots', options.retainSnapshots, 1),
    mustExist,
    factory,
    keyRanges,
    locks: locks === 'none' ? undefined : locks,
  });
}

function positive(option: string, value: number | undefined, preset: number): number {
  const chosen = value ?? preset;
  if (Number.isInteger(chosen) && chosen >= 1) return chosen;
  throw new InvalidArgumentError(`${option} must be an integer from 1 on, got ${String(chosen)}`);
}
