/**
 * The port to a file system: the few operations that a durable storage needs, each with what it
 * promises after a power loss.
 *
 * It is as weak as real ones are: a write may be short, nothing is durable before a sync, a sync of
 * a file does not cover its name, and a sync that failed once may succeed the next time without the
 * data. Paths are absolute, with `/` between names.
 */

/** What to do when a file is opened: it must be there, or it must not and is made. */
export type OpenMode = 'read' | 'write' | 'create';

/** An open file. One change at a time: wait for a write before the next write or sync. */
export interface File {
  /** Fills as much of `into` as there is at the position; 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes the parts one after the other; resolves with how many bytes were taken, perhaps fewer. */
  write(parts: readonly Uint8Array[], position: number): Promise<number>;
  /** As `write`, and what was taken is durable when it resolves, as by a `sync`; in one call of the system where it can. */
  writeDurably(parts: readonly Uint8Array[], position: number): Promise<number>;
  /** Makes content and size durable, not the name. After a failure nothing is known any more. */
  sync(): Promise<void>;
  /** Cuts the file, or fills it up with zeros. Durable with the next sync. */
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  /** Waits for what is under way, then lets go; later operations fail with `EBADF`. Idempotent. */
  close(): Promise<void>;
}

/** A file system. Errors carry the code of the operating system (`ENOENT`, `ENOSPC`, `EIO`, …). */
export interface FileSystem {
  /**
   * Opens a file; one that is made is private to its owner (0600), and one that is there is made so.
   * The name of a new file is durable with the next `syncFolder`.
   */
  open(path: string, mode: OpenMode): Promise<File>;
  /** Puts a file in the place of another, or of none, in one step; durable with `syncFolder`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, where there is one; durable with `syncFolder`. */
  remove(path: string): Promise<void>;
  /** Names in a folder, those of folders too, in no order; none where there is no folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes a folder and those above it, durably. A folder that is there is made private (0700). */
  makeFolder(folder: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): Promise<void>;
  /**
   * Locks a file, which is made where it is missing, against every other process and every other
   * call. The end of the process ends it as well.
   *
   * @returns what ends the lock.
   * @throws LockedError if somebody else has it.
   */
  lock(path: string): Promise<() => Promise<void>>;
}

/** Writes all of the parts at a position: one call may write less than it was asked to. */
export async function writeAll(
  file: Pick<File, 'write'>,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = parts.filter((part) => part.length > 0);
  let at = position;
  while (left.length > 0) {
    let taken = await file.write(left, at);
    if (taken <= 0) throw new Error('the file takes no more bytes');
    at += taken;
    let whole = 0;
    for (const part of left) {
      if (part.length > taken) break;
      taken -= part.length;
      whole++;
    }
    left = left.slice(whole);
    const [cut] = left;
    if (taken > 0 && cut !== undefined) left[0] = cut.subarray(taken);
  }
}

/** Writes all of the parts at a position, and makes them durable. */
export function writeAllDurably(
  file: Pick<File, 'writeDurably'>,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  return writeAll({ write: (rest, at) => file.writeDurably(rest, at) }, parts, position);
}

/** Reads `length` bytes at a position, or what there is up to the end of the file. */
export async function readUpTo(
  file: Pick<File, 'read'>,
  length: number,
  position: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const taken = await file.read(at === 0 ? bytes : bytes.subarray(at), position + at);
    if (taken === 0) return bytes.subarray(0, at);
    at += taken;
  }
  return bytes;
}

/** Whether an error carries this code of the operating system. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The folder that a path lies in. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}
