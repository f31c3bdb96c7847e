/** Failures that a test asks for: which operation, which time, with which code. */
import { InvalidArgumentError } from '@quorate/core';
import type { SystemErrorCode } from './errors.ts';

/** What a file system is asked to do. `create`: an open that makes a file. */
export type DiskOperation =
  | 'open'
  | 'create'
  | 'read'
  | 'size'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'list'
  | 'makeFolder'
  | 'syncFolder'
  | 'lock';

/** A failure to come. */
export interface Failure {
  readonly operation: DiskOperation;
  /** @default 'EIO' */
  readonly code?: SystemErrorCode;
  /** Which of the operations from now on fails, 1: the next. @default 1 */
  readonly nth?: number;
  /** How many in a row fail; `Infinity`: all, until `heal()` or a power loss. @default 1 */
  readonly times?: number;
  /** Only operations on paths that end like this count. @default all */
  readonly path?: string;
}

interface Armed {
  readonly failure: Failure;
  /** So many go well. */
  spared: number;
  left: number;
}

/** The failures that are still to come. */
export class Faults {
  #armed: Armed[] = [];

  /**
   * @returns what takes it back.
   * @throws InvalidArgumentError if it can never happen.
   */
  add(failure: Failure): () => void {
    const { nth = 1, times = 1 } = failure;
    if (!(nth >= 1) || !(times >= 1)) {
      throw new InvalidArgumentError(
        `nth and times count from 1, got ${String(nth)} and ${String(times)}`,
      );
    }
    const armed = { failure, spared: nth - 1, left: times };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((other) => other !== armed);
    };
  }

  /** The code with which this operation fails; `undefined`: it does not. */
  next(operation: DiskOperation, path: string): SystemErrorCode | undefined {
    let code: SystemErrorCode | undefined;
    for (const armed of this.#armed) {
      const { failure } = armed;
      if (failure.operation !== operation || !path.endsWith(failure.path ?? '')) continue;
      if (armed.spared > 0) armed.spared--;
      else if (code === undefined) {
        armed.left--;
        code = failure.code ?? 'EIO';
      }
    }
    if (code !== undefined) this.#armed = this.#armed.filter(({ left }) => left > 0);
    return code;
  }

  clear(): void {
    this.#armed = [];
  }
}
