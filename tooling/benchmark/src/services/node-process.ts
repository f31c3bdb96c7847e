/** The process of a node: known by its handle, and gone when the benchmark is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { diesWithParent } from './dies-with-parent.ts';
import { type CommandLine, fieldOf } from './program.ts';

const shownBytes = 2000;

/** A node that was started. */
export class NodeProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #running = true;
  #trouble = '';

  constructor({ words, supervised }: CommandLine) {
    // One that is paused would not notice the channel.
    const [file = '', ...args] = [...diesWithParent(), ...words];
    const child = spawn(file, args, {
      stdio: ['ignore', 'ignore', 'pipe', ...(supervised ? (['ipc'] as const) : [])],
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#trouble = (this.#trouble + text).slice(-shownBytes);
    });
    // One that cannot start says so there, and nowhere else.
    child.on('message', (message) => {
      const text = fieldOf(message, 'message');
      if (typeof text === 'string') this.#trouble += text;
    });
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#running = false;
        resolve();
      };
      child.once('exit', end);
      child.once('error', (error) => {
        this.#trouble += error.message;
        if (child.pid === undefined) end();
      });
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** The end of what it said on stderr. */
  get trouble(): string {
    return this.#trouble.trim();
  }

  /** Takes the processors from it, or gives them back. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#running) this.#child.kill(name);
  }

  /** Ends it at once. By its handle, so never another process that got the same number later. */
  kill(): void {
    if (this.#running) this.#child.kill('SIGKILL');
  }

  /** Ends it at once, and waits until it has ended. */
  async close(): Promise<void> {
    this.kill();
    await this.#ended;
  }
}
