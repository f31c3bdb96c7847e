/**
 * Three nodes as three processes on this machine, started, watched and ended together.
 *
 * A node that dies is not started again: to see what the group does without it, and to bring it back
 * by hand, is what a demo is for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, NodeProcess } from '@quorate/program/node';
import { serviceError } from '../errors.ts';
import { HttpKvClient } from '../http-client/client.ts';
import type { DemoPlan, PlannedNode } from './plan.ts';
import { askNode, type NodeReport, watchNodes } from './watch.ts';

/** What a demo tells while it runs. */
export type DemoEvent =
  | { readonly type: 'serving'; readonly plan: PlannedNode; readonly pid: number }
  | { readonly type: 'ready'; readonly leader: string }
  | { readonly type: 'leader'; readonly leader: string; readonly epoch: number }
  | { readonly type: 'gone'; readonly plan: PlannedNode; readonly pid: number; readonly exit: Exit }
  | { readonly type: 'back'; readonly plan: PlannedNode; readonly pid: number };

/** How long the nodes have to start and elect a leader. */
const readyTimeoutMs = 60_000;
/** How long a node that was started by hand has to hand over and close before it is killed. */
const stopTimeoutMs = 10_000;
const pollMs = 50;

/** A demo that runs. */
export class Demo {
  readonly plan: DemoPlan;
  readonly #tell: (event: DemoEvent) => void;
  readonly #client: HttpKvClient;
  readonly #children = new Map<string, NodeProcess>();
  /** Processes that somebody else started for nodes of this demo. */
  readonly #adopted = new Map<string, number>();
  readonly #stopping = new AbortController();

  constructor(plan: DemoPlan, tell: (event: DemoEvent) => void) {
    this.plan = plan;
    this.#tell = tell;
    this.#client = new HttpKvClient({
      endpoints: plan.nodes.map(({ http }) => http),
      timeoutMs: readyTimeoutMs,
      attemptTimeoutMs: 2_000,
    });
  }

  /**
   * Starts the nodes; resolves when a leader is elected and a linearizable read has worked.
   *
   * @throws ServiceError with the code of the node that could not start. Nothing runs then.
   */
  async start(extraArgs: readonly string[]): Promise<void> {
    let first: NodeReport;
    try {
      await Promise.all(this.plan.nodes.map((plan) => this.#startNode(plan, extraArgs)));
      first = await this.#waitForLeader();
      this.#tell({ type: 'ready', leader: first.node });
    } catch (error) {
      await this.stop();
      throw error;
    }
    void watchNodes(
      this.#client,
      this.plan,
      first,
      (node) => this.#adopted.get(node) ?? this.#children.get(node)?.pid,
      (sighting) => {
        if (sighting.type === 'back') this.#adopted.set(sighting.plan.node, sighting.pid);
        this.#tell(sighting);
      },
      this.#stopping.signal,
    );
  }

  /** Ends every node in good order, by its process id, those started again by hand too. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const adopted = await this.#verifiedAdopted();
    for (const pid of adopted) signalProcess(pid, 'SIGTERM');
    await Promise.all([
      ...[...this.#children.values()].map((child) => child.stop()),
      ...adopted.map(endOf),
    ]);
  }

  /** Ends every node at once. What they have acknowledged is on disk. */
  kill(): void {
    this.#stopping.abort();
    for (const child of this.#children.values()) void child.kill();
    for (const pid of this.#adopted.values()) signalProcess(pid, 'SIGKILL');
  }

  async #startNode(plan: PlannedNode, extraArgs: readonly string[]): Promise<void> {
    const child = new NodeProcess(plan.node, [...plan.args, ...extraArgs]);
    this.#children.set(plan.node, child);
    await child.serving;
    const { pid } = child;
    this.#tell({ type: 'serving', plan, pid });
    void child.exited.then((exit) => {
      if (!this.#stopping.signal.aborted) this.#tell({ type: 'gone', plan, pid, exit });
    });
  }

  async #waitForLeader(): Promise<NodeReport> {
    await this.#client.send(
      { method: 'GET', path: '/v1/kv?limit=1&keysOnly=true&timeoutMs=1000' },
      { repeatable: true, signal: this.#stopping.signal },
    );
    for (const deadline = performance.now() + readyTimeoutMs; performance.now() < deadline; ) {
      for (const plan of this.plan.nodes) {
        const report = await askNode(this.#client, plan, this.plan.cluster);
        if (report?.role === 'leader') return report;
      }
      await sleep(pollMs, undefined, { signal: this.#stopping.signal });
    }
    throw serviceError('UNAVAILABLE', 'the nodes found no leader; see what they log');
  }

  /**
   * A process id is only a number: before one that is not a child gets a signal, whoever answers at
   * the node's address must confirm that it is his.
   */
  async #verifiedAdopted(): Promise<readonly number[]> {
    await Promise.all(
      this.plan.nodes.map(async (plan) => {
        const pid = this.#adopted.get(plan.node);
        if (pid === undefined) return;
        const report = await askNode(this.#client, plan, this.plan.cluster);
        if (report?.pid !== pid) this.#adopted.delete(plan.node);
      }),
    );
    return [...this.#adopted.values()];
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Waits until it has ended, and ends it where that takes too long. */
async function endOf(pid: number): Promise<void> {
  const deadline = performance.now() + stopTimeoutMs;
  for (let isKilled = false; isAlive(pid); ) {
    await sleep(pollMs);
    if (isKilled || performance.now() < deadline) continue;
    isKilled = true;
    signalProcess(pid, 'SIGKILL');
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
