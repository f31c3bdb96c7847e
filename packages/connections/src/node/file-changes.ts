/**
 * Notices that files were replaced, for what is used on without a restart: certificates and tokens. Looked at when
 * they matter, not watched: that works on every file system, and costs nothing while nobody connects.
 */
import { statSync } from 'node:fs';
import type { Runtime } from '@quorate/core';

/** One look after the other at the same files. */
export class FileChanges {
  readonly #paths: readonly string[];
  readonly #intervalMs: number;
  readonly #runtime: Runtime;
  #stamp: string;
  #lookedAt: number;

  /** Takes its first look; to be made before the files are read. */
  constructor(paths: readonly string[], intervalMs: number, runtime: Runtime) {
    this.#paths = paths;
    this.#intervalMs = intervalMs;
    this.#runtime = runtime;
    this.#stamp = this.#readStamp();
    this.#lookedAt = runtime.now();
  }

  /** Whether the last look is an interval ago. */
  get isDue(): boolean {
    return this.#runtime.now() - this.#lookedAt >= this.#intervalMs;
  }

  /** Looks now. @returns whether they are others than at the last look. */
  look(): boolean {
    this.#lookedAt = this.#runtime.now();
    const stamp = this.#readStamp();
    if (stamp === this.#stamp) return false;
    this.#stamp = stamp;
    return true;
  }

  /** Tells one version of the files from the next. */
  #readStamp(): string {
    return this.#paths
      .map((path) => {
        const { mtimeMs, ctimeMs, size, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
        return `${mtimeMs ?? 0}/${ctimeMs ?? 0}/${size ?? 0}/${ino ?? 0}`;
      })
      .join(' ');
  }
}
