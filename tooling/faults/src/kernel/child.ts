/** A process that was started here: it has a deadline, and is ended by its own handle. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How a process is started. */
export interface ChildSetup {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Takes each whole line of its output. */
  readonly onLine?: (line: string) => void;
  /** It is killed when it takes longer. */
  readonly timeoutMs: number;
}

/** How it ended. */
export interface Ended {
  /** `null`: by a signal. */
  readonly code: number | null;
  /** What it said last on stderr. */
  readonly stderr: string;
  /** Whether it was killed because it took too long. */
  readonly late: boolean;
}

const mostStderr = 16 * 1024;

/** A process. */
export class Child {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #running = true;
  #killed = false;
  #stderr = '';

  constructor({ command, environment, onLine, timeoutMs }: ChildSetup) {
    const [program = '', ...words] = command;
    this.#child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#child.stdin.on('error', () => undefined);
    let rest = '';
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-mostStderr);
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.kill();
    }, timeoutMs);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null): void => {
        clearTimeout(timer);
        this.#running = false;
        resolve({ code, stderr: this.#stderr, late });
      };
      this.#child.once('error', (error) => {
        this.#stderr += error.message;
        if (this.#child.pid === undefined) end(127);
      });
      // Not `exit`: what it has written is all read by now.
      this.#child.once('close', end);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Whether it was killed from here. */
  get killed(): boolean {
    return this.#killed;
  }

  /** What it said on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Ends it at once. What it has started notices the closed pipe. */
  kill(): void {
    if (!this.#running) return;
    this.#killed = true;
    this.#child.kill('SIGKILL');
    this.#child.stdin.destroy();
  }

  /** Asks it to end. */
  terminate(): void {
    if (this.#running) this.#child.kill('SIGTERM');
  }
}

/**
 * Runs a command to its end.
 *
 * @returns its output.
 * @throws Error if it does not succeed.
 */
export async function run(command: readonly string[], timeoutMs: number = 30_000): Promise<string> {
  const lines: string[] = [];
  const child = new Child({ command, timeoutMs, onLine: (line) => lines.push(line) });
  const { code, stderr, late } = await child.ended;
  if (code === 0) return lines.join('\n');
  throw new Error(
    `${command.join(' ')} ${late ? 'took too long' : `ended with ${String(code)}`}: ${stderr.trim()}`,
  );
}
