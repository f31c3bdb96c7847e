/**
 * Storage in memory, for tests and for groups that may forget.
 *
 * {@link memoryStorage} is all that an application needs. {@link memoryDisk} is for tests: a disk
 * that outlives the storages on it, loses power, stalls and fails on demand.
 *
 * @packageDocumentation
 */
import { memoryDisk, type MemoryDiskOptions } from './disk.ts';
import type { MemoryStorage } from './storage.ts';

export {
  type CrashOptions,
  memoryDisk,
  type MemoryDisk,
  type MemoryDiskOptions,
  type MemoryStorageOptions,
} from './disk.ts';
export type { Loss } from './power.ts';
export type { MemoryCounters, MemoryStorage } from './storage.ts';

/** Makes a storage on a disk of its own; what was written is gone once it is dropped. */
export function memoryStorage(options: MemoryDiskOptions = {}): MemoryStorage {
  return memoryDisk(options).storage();
}
