/**
 * One node as a process of its own.
 *
 * It runs in a session of its own, so that a Ctrl-C in the terminal reaches the demo alone, which
 * then ends its nodes in good order. Should the demo be killed, the channel between the two closes,
 * and the node ends by itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { ServiceError, serviceError } from '../errors.ts';
import { childMessageOf } from '../node/supervision.ts';
import type { PlannedNode } from './plan.ts';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A node that runs as a child. */
export class NodeProcess {
  readonly plan: PlannedNode;
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Resolves when the node serves; rejects with what it says when it cannot. */
  readonly serving: Promise<void>;
  readonly #child: ChildProcess;
  #running = true;

  /** @param program the file to run. */
  constructor(plan: PlannedNode, program: string, args: readonly string[]) {
    this.plan = plan;
    const child = fork(program, [...args, '--supervised'], {
      detached: true,
      // What the node logs belongs on the demo's stderr; stdout is the demo's own.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running = false;
        resolve({ code, signal });
      });
      child.once('error', () => {
        this.#running = false;
        resolve({ code: null, signal: null });
      });
    });
    this.serving = new Promise((resolve, reject) => {
      child.on('message', (value) => {
        const message = childMessageOf(value);
        if (message.type === 'serving') resolve();
        else reject(new ServiceError(message.code, `${plan.node}: ${message.message}`));
      });
      void this.exited.then(({ code, signal }) => {
        const how = signal ?? `code ${String(code)}`;
        reject(serviceError('UNKNOWN', `${plan.node} ended with ${how} before it served`));
      });
    });
    // Whoever waits for it sees the failure; nobody waits once the node has served.
    this.serving.catch(() => undefined);
    this.pid = child.pid ?? 0;
  }

  get running(): boolean {
    return this.#running;
  }

  /** By its own handle, so never another process that got the same number later. */
  kill(signal: NodeJS.Signals): void {
    if (this.#running) this.#child.kill(signal);
  }
}
