/**
 * Durable storage in a folder: a segmented append-only log made for consensus.
 *
 * @packageDocumentation
 */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Runtime, systemRuntime } from '@quorate/core';
import { type FileSystem, nodeFileSystem } from '@quorate/files';
import { recordHeaderBytes } from './record.ts';
import { segmentHeadBytes } from './segment-file.ts';
import { type FileStorage, makeStorage } from './storage.ts';

export type { FileCounters, FileStorage } from './storage.ts';

/** Options of {@link fileStorage}. */
export interface FileStorageOptions {
  /** The folder of this node, made where it is missing. One node, one folder. */
  readonly directory: string;
  /** Largest record, state or context. @default 64 MiB */
  readonly maxRecordBytes?: number;
  /** Waiting writes are joined into one batch up to this size. @default 4 MiB */
  readonly maxBatchBytes?: number;
  /** Size of a segment, filled in advance. Head truncation goes by whole segments. @default 16 MiB */
  readonly segmentBytes?: number;
  /** Files of former segments that are kept to be used again: those of a log of 128 MiB. @default 8 */
  readonly maxSpareSegments?: number;
  /** How many published snapshots are kept, the current one included. @default 1 */
  readonly retainSnapshots?: number;
  /** @default nodeFileSystem */
  readonly files?: FileSystem;
  /** For turns of the event loop, and the number that a new log draws for itself. @default systemRuntime */
  readonly runtime?: Runtime;
}

const mebibyte = 2 ** 20;
const leastSegmentBytes = segmentHeadBytes + 8 * recordHeaderBytes;

/**
 * Makes a storage in a folder.
 *
 * @throws InvalidArgumentError if an option has a value that cannot work.
 */
export function fileStorage(options: FileStorageOptions): FileStorage {
  const {
    directory,
    maxRecordBytes = 64 * mebibyte,
    maxBatchBytes = 4 * mebibyte,
    segmentBytes = 16 * mebibyte,
    maxSpareSegments = 8,
    retainSnapshots = 1,
    files = nodeFileSystem,
    runtime = systemRuntime,
  } = options;
  if (directory === '') throw new InvalidArgumentError('directory must name a folder');
  const bounds: readonly (readonly [string, number, number, number])[] = [
    ['maxRecordBytes', maxRecordBytes, 1, 2 ** 30],
    ['maxBatchBytes', maxBatchBytes, 1, 2 ** 30],
    ['segmentBytes', segmentBytes, leastSegmentBytes, 2 ** 30],
    ['maxSpareSegments', maxSpareSegments, 0, 1000],
    ['retainSnapshots', retainSnapshots, 1, 1000],
  ];
  for (const [name, value, least, most] of bounds) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    throw new InvalidArgumentError(
      `${name} must be from ${String(least)} to ${String(most)}, got ${String(value)}`,
    );
  }
  return makeStorage({
    directory: resolve(directory),
    files,
    runtime,
    maxRecordBytes,
    maxBatchBytes,
    segmentBytes,
    maxSpareSegments,
    retainSnapshots,
  });
}
