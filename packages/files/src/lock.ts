/**
 * A lock that the kernel ends together with the process, so that nothing has to be cleaned up after
 * a `kill -9` and no clock or process number has to be believed.
 *
 * Node has no `flock`. On Linux the program of that name locks the open file that it inherits; the
 * lock belongs to the open file, not to the process, so it stays with us when the program ends.
 * Where the program is missing, a socket in the abstract namespace is named after the file: as
 * exclusive and as short-lived, but only seen within one network namespace. macOS and Windows lock
 * while they open.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { LockedError } from '@quorate/core';
import { hasCode } from './file-system.ts';

const { O_CREAT, O_NONBLOCK, O_RDWR } = fs.constants;
/** With `UV_FS_O_EXLOCK` of Windows or `O_EXLOCK` of macOS, which the constants do not name. */
const lockWhileOpening =
  O_RDWR | O_CREAT | (process.platform === 'win32' ? 0x10000000 : O_NONBLOCK | 0x20);
/** What `flock` says when somebody else has the lock. */
const conflictExitCode = 1;

/**
 * Locks a file, made where it is missing.
 *
 * @returns what ends the lock.
 * @throws LockedError if another process has it, or another call in this one.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return lockByOpening(path);
  const handle = await open(path, O_RDWR | O_CREAT, 0o600);
  try {
    const end = (await lockByProgram(path, handle)) ?? (await lockBySocket(path, handle));
    await handle.chmod(0o600);
    return async () => {
      await end();
      await handle.close();
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function lockByOpening(path: string): Promise<() => Promise<void>> {
  try {
    const handle = await open(path, lockWhileOpening, 0o600);
    return () => handle.close();
  } catch (cause) {
    if (['EAGAIN', 'EBUSY', 'EWOULDBLOCK'].some((code) => hasCode(cause, code))) {
      throw locked(path, cause);
    }
    throw cause;
  }
}

/** `undefined` where there is no such program. */
function lockByProgram(
  path: string,
  handle: FileHandle,
): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '-n', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', handle.fd],
    });
    child.once('error', (error) => {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) resolve(undefined);
      else reject(error);
    });
    child.once('exit', (code) => {
      if (code === 0) resolve(() => Promise.resolve());
      else if (code === conflictExitCode) reject(locked(path));
      else resolve(undefined);
    });
  });
}

async function lockBySocket(path: string, handle: FileHandle): Promise<() => Promise<void>> {
  const { dev, ino } = await handle.stat();
  // Whoever connects is let go at once: an open connection would hold up the end of the lock.
  const server = createServer((socket) => socket.destroy()).unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(hasCode(cause, 'EADDRINUSE') ? locked(path, cause) : cause);
    });
    server.listen(`\0quorate-lock-${String(dev)}-${String(ino)}`, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
}

function locked(path: string, cause?: unknown): LockedError {
  return new LockedError(
    `${path} is locked: its folder is open in another process (or twice in this one); stop that one first`,
    cause === undefined ? {} : { cause },
  );
}
