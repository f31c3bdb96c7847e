/**
 * The real file system, through Node.
 *
 * Reads, writes and syncs go through the callbacks of `node:fs`: on the way of every commit, the
 * promises of `FileHandle` cost as much again as the calls themselves.
 */
import * as fs from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import type { File, FileSystem, OpenMode } from './file-system.ts';
import { hasCode } from './file-system.ts';
import { lockFile } from './lock.ts';

/** Readable and writable for the owner alone. */
const privateFile = 0o600;
const privateFolder = 0o700;
const notPrivate = 0o077;
/** Why a folder that somebody else made cannot be synced. */
const unreadable = ['EACCES', 'EPERM', 'EINVAL', 'EROFS'];
const { O_CREAT, O_DSYNC, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;

const flags: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT | O_EXCL,
};

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  open: openFile,
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  list: async (folder) => {
    try {
      return await readdir(folder);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  },
  makeFolder,
  syncFolder,
  lock: lockFile,
};

class NodeFile implements File {
  readonly #descriptor: number;
  /** The same file, opened so that each write is durable when it returns, once there is such a descriptor. */
  #durable: number | undefined;
  #triesDurable = process.platform === 'linux';
  /** Operations under way. */
  #busy = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#run((done) => {
      fs.read(this.#descriptor, into, 0, into.length, position, done);
    });
  }

  write(parts: readonly Uint8Array[], position: number): Promise<number> {
    return this.#writeTo(this.#descriptor, parts, position);
  }

  /**
   * A write and a sync wait for a thread twice, and take 50 µs longer than one call of the system for both: `O_DSYNC`.
   * On other systems than Linux that promises less than a sync, or nothing.
   */
  async writeDurably(parts: readonly Uint8Array[], position: number): Promise<number> {
    if (this.#durable !== undefined) return this.#writeTo(this.#durable, parts, position);
    const taken = await this.write(parts, position);
    if (this.#triesDurable) this.#openDurable();
    await this.sync();
    return taken;
  }

  sync(): Promise<void> {
    return this.#run((done) => {
      fs.fdatasync(this.#descriptor, done);
    });
  }

  truncate(bytes: number): Promise<void> {
    return this.#run((done) => {
      fs.ftruncate(this.#descriptor, bytes, done);
    });
  }

  async size(): Promise<number> {
    const stats = await this.#run<fs.Stats>((done) => {
      fs.fstat(this.#descriptor, done);
    });
    return stats.size;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Goes by the descriptor, since the name may be that of another file by now. Where it fails all stays as it is. */
  #openDurable(): void {
    this.#triesDurable = false;
    const path = `/proc/self/fd/${String(this.#descriptor)}`;
    this.#run<undefined>((done) => {
      fs.open(path, O_WRONLY | O_DSYNC, (error, descriptor) => {
        // Noted before whoever closes the file goes on, so that it is closed as well.
        if (error === null) this.#durable = descriptor;
        done(null, undefined);
      });
    }).catch(() => undefined);
  }

  #writeTo(descriptor: number, parts: readonly Uint8Array[], position: number): Promise<number> {
    return this.#run((done) => {
      const [only] = parts;
      if (parts.length === 1 && only !== undefined) {
        fs.write(descriptor, only, 0, only.length, position, done);
      } else {
        fs.writev(descriptor, parts as Uint8Array[], position, done);
      }
    });
  }

  /**
   * The number of a descriptor that was closed may be another file's the next moment: so nothing is
   * begun on it any more, and it is not closed under an operation.
   */
  #run<Result>(begin: (done: Done<Result>) => void): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      begin((error, result) => {
        if (--this.#busy === 0) this.#idle?.();
        if (error === null) resolve(result);
        else reject(error);
      });
      // Only now: an argument that Node refuses at once begins nothing.
      this.#busy++;
    });
  }

  async #close(): Promise<void> {
    if (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (this.#durable !== undefined) await closeDescriptor(this.#durable);
    await closeDescriptor(this.#descriptor);
  }
}

function closeDescriptor(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.close(descriptor, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

type Done<Result> = (error: NodeJS.ErrnoException | null, result: Result) => void;

function closedError(): Error {
  return Object.assign(new Error('EBADF: the file is closed'), { code: 'EBADF' });
}

function openFile(path: string, mode: OpenMode): Promise<File> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags[mode], privateFile, (openError, descriptor) => {
      if (openError !== null) {
        reject(openError);
        return;
      }
      const file = new NodeFile(descriptor);
      fs.fstat(descriptor, (error, stats) => {
        if (error !== null || (stats.mode & notPrivate) === 0 || process.platform === 'win32') {
          resolve(file);
          return;
        }
        // Made by hand, or by a version that was not strict. A file of somebody else stays as it is.
        fs.fchmod(descriptor, privateFile, () => {
          resolve(file);
        });
      });
    });
  });
}

async function makeFolder(folder: string): Promise<void> {
  const path = resolvePath(folder);
  const firstMade = await mkdir(path, { recursive: true, mode: privateFolder });
  if (firstMade === undefined) await chmod(path, privateFolder);
  // Also where it is there: whoever made it may have been killed before the sync.
  for (let above = dirname(path), at = path; above !== at; at = above, above = dirname(above)) {
    try {
      await syncFolder(above);
    } catch (error) {
      const made = firstMade !== undefined && at.length >= firstMade.length;
      // Of folders that are not ours not every one can be opened.
      if (made || !unreadable.some((code) => hasCode(error, code))) throw error;
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and journals their entries itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
