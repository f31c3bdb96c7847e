/** Errors as an operating system gives them: with a code, and what was being done to which path. */

/** Codes that the simulated file system gives by itself, and those that tests like to ask for. */
export type SystemErrorCode =
  | 'EACCES'
  | 'EBADF'
  | 'EDQUOT'
  | 'EEXIST'
  | 'EIO'
  | 'EISDIR'
  | 'EMFILE'
  | 'ENOENT'
  | 'ENOSPC'
  | 'EROFS';

const meanings: Readonly<Record<SystemErrorCode, string>> = {
  EACCES: 'permission denied',
  EBADF: 'bad file descriptor',
  EDQUOT: 'disk quota exceeded',
  EEXIST: 'file already exists',
  EIO: 'input/output error',
  EISDIR: 'illegal operation on a directory',
  EMFILE: 'too many open files',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
};

/** An error of the operating system. */
export class SimulatedSystemError extends Error {
  readonly code: SystemErrorCode;
  /** What was being done: `write`, `rename`, … */
  readonly syscall: string;
  readonly path: string;

  constructor(code: SystemErrorCode, syscall: string, path: string, why: string = meanings[code]) {
    super(`${code}: ${why}, ${syscall} '${path}' (simulated)`);
    this.name = 'SimulatedSystemError';
    this.code = code;
    this.syscall = syscall;
    this.path = path;
  }
}
