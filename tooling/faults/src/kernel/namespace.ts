/**
 * A mount namespace: disks that are mounted in it are seen by nobody else, and are gone with the
 * process that holds it, however this program ends.
 */
import { join } from 'node:path';
import { Child, run } from './child.ts';

const dayMs = 24 * 3600 * 1000;
const startMs = 10_000;

/** A namespace, held by a process that waits. */
export class Namespace {
  /** Words before a command that run it inside. */
  readonly enter: readonly string[];
  readonly #holder: Child;

  private constructor(holder: Child) {
    this.#holder = holder;
    this.enter = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, '--'];
  }

  /** @throws Error where that is not allowed. */
  static async open(): Promise<Namespace> {
    let ready: () => void = () => undefined;
    const readyLine = new Promise<void>((resolve) => (ready = resolve));
    // `cat` ends with the pipe, and that with this program.
    const holder = new Child({
      command: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', 'echo .; exec cat'],
      onLine: ready,
      timeoutMs: dayMs,
    });
    const timer = setTimeout(() => holder.kill(), startMs);
    const failed = holder.ended.then(({ stderr }) => {
      throw new Error(`no mount namespace can be made: ${stderr.trim()}`);
    });
    try {
      await Promise.race([readyLine, failed]);
    } finally {
      clearTimeout(timer);
      failed.catch(() => undefined);
    }
    return new Namespace(holder);
  }

  /** Runs a command inside to its end. */
  run(...command: readonly string[]): Promise<string> {
    return run([...this.enter, ...command]);
  }

  /** Where a path of the inside is seen from outside. */
  outside(path: string): string {
    return join(`/proc/${this.#holder.pid}/root`, path);
  }

  async close(): Promise<void> {
    this.#holder.kill();
    await this.#holder.ended;
  }
}
