/**
 * Clients far away: processes on hosts of their own, each with the production client on simulated links. Several
 * callers may share one. It dies and comes back, with another session, and stands still now and then.
 */
import { type Client, connect } from '@quorate/client';
import { type Random, seededRandom } from '@quorate/core';
import type { Streams } from '../network/links.ts';
import { Life } from '../nodes/life.ts';
import { type Answered, type Called, watchedCodecs } from '../nodes/watched-machine.ts';
import type { SessionPlan } from '../plan.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Clock } from '../world/clock.ts';
import type { Journal } from '../world/journal.ts';
import { makeRuntime } from '../world/runtime.ts';
import type { Schedule } from '../world/schedule.ts';
import type { Door, Entrance } from './entrance.ts';

/** What hosts of clients live in. */
export interface RemoteWorld {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly streams: Streams;
  readonly workload: Workload<unknown, unknown, unknown, unknown>;
  readonly plan: SessionPlan;
  /** Names of the hosts of all nodes. */
  readonly endpoints: readonly string[];
}

type AnyClient = Client<Called<unknown>, unknown, unknown, Answered<unknown>>;

/** How long a turn of such a process takes, at most. */
const turnMs = 0.05;

/** One host. */
export class RemoteClient implements Door {
  readonly name: string;
  readonly #world: RemoteWorld;
  readonly #clock: Clock;
  readonly #random: Random;
  #lives = 0;
  #process: Life | undefined;
  #client: AnyClient | undefined;
  /** Where it was connected when it was last answered. */
  #node: string | undefined;

  constructor(world: RemoteWorld, name: string, clock: Clock, seed: number) {
    this.#world = world;
    this.name = name;
    this.#clock = clock;
    this.#random = seededRandom(seed);
  }

  /** Starts a process, if none runs. */
  start(): void {
    if (this.#process !== undefined) return;
    const { schedule, streams, workload, plan, endpoints, journal } = this.#world;
    const process = new Life(++this.#lives);
    const random = this.#random.fork();
    journal.add(this.name, 'starts', undefined);
    this.#process = process;
    this.#node = undefined;
    this.#client = connect({
      machine: watchedCodecs(workload.machine()),
      links: streams.linksOf(this.name, process),
      endpoints,
      cluster: 'simulation',
      sessionTimeoutMs: plan.timeoutMs,
      window: plan.window,
      keepAliveMs: plan.keepAliveMs,
      runtime: makeRuntime({
        schedule,
        clock: this.#clock,
        random,
        owner: process,
        turnMs: () => random.next() * turnMs,
      }),
    });
  }

  /** Ends the process at once. */
  kill(): void {
    if (this.#process === undefined) return;
    this.#world.journal.add(this.name, 'crashes', undefined);
    this.#end();
  }

  /** Closes the client, and ends the process when that is done. */
  async close(): Promise<void> {
    const process = this.#process;
    const client = this.#client;
    if (process === undefined || client === undefined) return;
    this.#world.journal.add(this.name, 'closes', undefined);
    // Nobody calls it any more.
    this.#client = undefined;
    await client.close();
    if (process === this.#process) this.#end();
  }

  /** Stops the process for so long. */
  pause(ms: number): void {
    const { schedule, journal } = this.#world;
    if (this.#process === undefined) return;
    journal.add(this.name, 'pauses', { ms });
    this.#process.pausedUntil = Math.max(this.#process.pausedUntil, schedule.now + ms);
  }

  choose(): Entrance | undefined {
    const process = this.#process;
    const client = this.#client;
    if (process === undefined || client === undefined) return undefined;
    if (process.pausedUntil > this.#world.schedule.now) return undefined;
    const answered = <T>(answer: T): T => {
      if (!process.ended) this.#answered(client.status.node);
      return answer;
    };
    return {
      name: this.name,
      process,
      execute: (called, options) => client.execute(called, options).then(answered),
      query: (query, options) => client.query(query, options).then(answered),
    };
  }

  /** Where it stands, in words. */
  describe(): string {
    if (this.#client === undefined) return `${this.name} down`;
    const { node, leader, session, pending, trouble } = this.#client.status;
    return `${this.name} at ${node ?? 'nobody'}, leader ${leader ?? 'unknown'}, session ${String(session ?? 'none')}, ${String(pending)} pending${trouble === undefined ? '' : ` (${trouble})`}`;
  }

  disappointed(): void {
    // It looks for a better node by itself.
  }

  #answered(node: string | undefined): void {
    if (node === undefined) return;
    if (this.#node !== undefined && node !== this.#node) {
      this.#world.journal.reached('client moved to another node');
    }
    this.#node = node;
  }

  #end(): void {
    const process = this.#process;
    this.#process = undefined;
    this.#client = undefined;
    process?.end();
  }
}
