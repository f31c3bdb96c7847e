/**
 * The manifest: which segments there are, and up to where the log must reach at least. It is part of
 * the folder's mark (`quorate.json`), which is replaced as a whole.
 *
 * A segment is in it before the first batch is written to it, and out of it before its file goes. So
 * a file that is missing is noticed, and a file too many is a leftover.
 */
import { CorruptError, type StorageOwner } from '@quorate/core';
import {
  type FileSystem,
  type FolderKind,
  type JsonFields,
  markPath,
  writeMark,
} from '@quorate/files';
import { formatVersion } from './segment-file.ts';

/** What a folder of this storage is known by. */
export const folderKind: FolderKind = {
  storage: 'file',
  format: formatVersion,
  names: ['lock', 'segments', 'snapshots', 'torn'],
};

/** Bytes of the number that a log draws for itself. */
export const logNumberBytes = 8;

/** A place in the log. */
export interface LogPosition {
  readonly segment: number;
  readonly end: number;
}

/** Whether two places are one. */
export function isSame(left: LogPosition, right: LogPosition): boolean {
  return left.segment === right.segment && left.end === right.end;
}

/** What the manifest says. */
export interface Manifest {
  /** The log's own number: part of every checksum. */
  readonly log: Uint8Array;
  /** Segments from `first` to `last` exist; none where `last` is below `first`. */
  readonly first: number;
  readonly last: number;
  /** Batches up to here are known to be durable: the log must reach at least that far. */
  readonly durable: LogPosition;
  /**
   * The segment in which the node began to write after it was opened last; 0: not known. When it did,
   * the log was durable for sure up to `durable`, and no further: a write that was begun from here on
   * proves nothing of what stands between.
   */
  readonly resumed: number;
}

/** Reads the manifest out of the fields of a mark. @throws CorruptError if it is not there. */
export function manifestIn(folder: string, fields: JsonFields): Manifest {
  const { durable, first, last, log, resumed = 0 } = fields;
  if (
    typeof log === 'string' &&
    /^[0-9a-f]{16}$/.test(log) &&
    isCount(first) &&
    isCount(last) &&
    isCount(resumed) &&
    typeof durable === 'object' &&
    durable !== null
  ) {
    const { segment, end } = durable as Readonly<Record<string, unknown>>;
    if (isCount(segment) && isCount(end)) {
      return { log: bytesOfHex(log), first, last, durable: { segment, end }, resumed };
    }
  }
  throw new CorruptError(
    `${markPath(folder)} does not name the segments of the log; restore this node from its peers`,
  );
}

/** Keeps the manifest up to date, one durable change after the other. */
export class ManifestKeeper {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #owner: StorageOwner;
  #manifest: Manifest;
  #work: Promise<void> = Promise.resolve();

  constructor(files: FileSystem, folder: string, owner: StorageOwner, manifest: Manifest) {
    this.#files = files;
    this.#folder = folder;
    this.#owner = owner;
    this.#manifest = manifest;
  }

  /** As it was last called for; durable once the calls have resolved. */
  get current(): Manifest {
    return this.#manifest;
  }

  /** Changes some of it; resolves when that is durable. */
  change(change: Partial<Omit<Manifest, 'log'>>): Promise<void> {
    this.#manifest = { ...this.#manifest, ...change };
    this.#work = this.#work.then(() => {
      const { durable, first, last, log, resumed } = this.#manifest;
      return writeMark(this.#files, this.#folder, folderKind, this.#owner, {
        log: hexOf(log),
        first,
        last,
        durable,
        resumed,
      });
    });
    // A failure is told to whoever waits for this change, and to those of later ones.
    this.#work.catch(() => undefined);
    return this.#work;
  }

  /** Waits until nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#work.catch(() => undefined);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
