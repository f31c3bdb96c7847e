/**
 * Nodes as processes of their own, supervised by the program that has started them, as in a demo; and what such a
 * node tells, over the channel between the two.
 *
 * Each runs in a session of its own, so that a Ctrl-C in the terminal reaches the supervisor alone, which then ends
 * its nodes in good order. Should the supervisor be killed, the channel closes, and the node ends by itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProgramError } from '../errors.ts';

/** Message of a node to its supervisor. */
export type NodeMessage =
  | { readonly type: 'serving' }
  /** It cannot start, or not go on; it ends by itself after that. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The program that runs a node: the one that runs. */
const ownProgram = process.argv[1] ?? '';

/** How long a node has to hand over and close before it is killed. */
const stopTimeoutMs = 10_000;

/** Sends to the supervisor, and waits until it is sent; does nothing without one. */
export function tellSupervisor(message: NodeMessage): Promise<void> {
  return new Promise((resolve) => {
    // A supervisor that is gone is noticed by the closed channel, not here.
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

/** A node that runs as a child. */
export class NodeProcess {
  readonly node: string;
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Resolves when the node serves; rejects with what it says when it cannot. */
  readonly serving: Promise<void>;
  readonly #child: ChildProcess;
  #running = true;

  /** @param args of this program: the command that runs the node. It gets `--supervised`, too. */
  constructor(node: string, args: readonly string[]) {
    this.node = node;
    const child = fork(ownProgram, [...args, '--supervised'], {
      detached: true,
      // What the node logs belongs on the supervisor's stderr; stdout is the supervisor's own.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#running = false;
        resolve({ code, signal });
      };
      child.once('exit', end);
      child.once('error', () => end(null, null));
    });
    this.serving = new Promise((resolve, reject) => {
      const fail = (code: string, what: string): void => {
        reject(new ProgramError(code, `${node} does not serve: ${what}`));
      };
      child.on('message', (value) => {
        const message = messageOf(value);
        if (message.type === 'serving') resolve();
        else fail(message.code, message.message);
      });
      void this.exited.then(({ code, signal }) => {
        fail('UNKNOWN', `its process ended with ${signal ?? `code ${String(code)}`}`);
      });
    });
    // Whoever waits for it sees the failure; nobody waits once the node has served.
    this.serving.catch(() => undefined);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Ends it without a word, by its own handle: never another process that got the same number later. */
  async kill(): Promise<void> {
    if (this.#running) this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Ends it in good order, or after ten seconds without. */
  async stop(): Promise<void> {
    if (this.#running) this.#child.kill('SIGTERM');
    const inTime = await Promise.race([
      this.exited,
      sleep(stopTimeoutMs, undefined, { ref: false }),
    ]);
    if (inTime === undefined) await this.kill();
  }
}

/** Reads a message of a node; whatever is none says that the node has failed. */
function messageOf(value: unknown): NodeMessage {
  const { type, code, message } = Object(value) as Readonly<Record<string, unknown>>;
  if (type === 'serving') return { type };
  return typeof code === 'string' && typeof message === 'string'
    ? { type: 'failed', code, message }
    : { type: 'failed', code: 'UNKNOWN', message: 'it said what this version does not know' };
}
