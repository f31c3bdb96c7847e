/**
 * One node as a process of its own.
 *
 * It runs in a session of its own, so that a Ctrl-C in the terminal reaches the demo alone, which then ends
 * its nodes in good order. Should the demo be killed, the channel between the two closes, and the node ends by
 * itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BankError } from '../errors.ts';
import { nodeMessageOf } from '../node/supervision.ts';
import type { PlannedNode } from './plan.ts';

/** The program that runs a node: the one that runs. */
const program = process.argv[1] ?? '';

/** How long a node has to hand over and close before it is killed. */
const stopTimeoutMs = 10_000;

/** A node that runs as a child. */
export class NodeProcess {
  readonly plan: PlannedNode;
  readonly pid: number;
  /** Resolves when the node serves; rejects with what it says when it cannot. */
  readonly serving: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(plan: PlannedNode) {
    this.plan = plan;
    const child = fork(program, [...plan.args, '--supervised'], {
      detached: true,
      // What the node logs belongs on the demo's stderr; stdout is the demo's own.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.serving = new Promise((resolve, reject) => {
      const fail = (code: string, what: string): void => {
        reject(new BankError(code, `${plan.node} does not serve: ${what}`));
      };
      child.on('message', (value) => {
        const message = nodeMessageOf(value);
        if (message.type === 'serving') resolve();
        else fail(message.code, message.message);
      });
      void this.#ended.then(() => fail('DEMO_FAILED', 'its process ended'));
    });
    // Whoever waits for it sees the failure; nobody waits once the node has served.
    this.serving.catch(() => undefined);
  }

  /** Ends it without a word, by its own handle: never another process that got the same number later. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const inTime = await Promise.race([
      this.#ended.then(() => true),
      sleep(stopTimeoutMs, false, { ref: false }),
    ]);
    if (!inTime) await this.kill();
  }
}
