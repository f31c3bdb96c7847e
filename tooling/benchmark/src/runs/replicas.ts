/** A group of replicas under load, in as many processes as it has. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@quorate/core';
import type { Measurement } from '../results/measurement.ts';
import type { LoopTask } from '../subjects/closed-loop.ts';
import type { DurableNode } from '../subjects/durable-node.ts';
import { DisturbedError } from '../subjects/subject.ts';
import type { Job } from '../workers/protocol.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import { freeAddresses } from '../services/free-addresses.ts';
import type { Context } from './bench.ts';

const nodes = ['n1', 'n2', 'n3'] as const;

/** A group that has no leader after this long has failed. */
const leaderTimeoutMs = 20_000;
const lookMs = 50;

/** A part of each measurement goes before it and does not count: caches, windows, the first batch. */
export const warmUpShare = 0.25;

/** Starts three replicas in one process, storage and network in memory. */
export async function startMemoryGroup(context: Context, algorithm: string): Promise<Group> {
  const { valueBytes } = context.settings;
  return start(context, [{ kind: 'memory', algorithm, valueBytes }]);
}

/** Starts three replicas, each in a process of its own. */
export async function startDurableGroup(
  context: Context,
  algorithm: string,
  options: Pick<DurableNode, 'storage' | 'snapshots'>,
): Promise<Group> {
  const { settings, stage } = context;
  const { valueBytes } = settings;
  const addresses = await freeAddresses(nodes.length);
  const members = nodes.map((id, at): Member => ({ id, address: addresses[at] ?? '' }));
  const jobs = await Promise.all(
    nodes.map(async (name): Promise<Job> => {
      const node = { ...options, node: name, members, directory: await stage.folder() };
      return { kind: 'durable', algorithm, valueBytes, node };
    }),
  );
  return start(context, jobs);
}

interface Seat {
  readonly job: Job;
  worker: WorkerProcess;
}

/** One group. */
export class Group {
  readonly #context: Context;
  readonly #seats: readonly Seat[];

  constructor(context: Context, seats: readonly Seat[]) {
    this.#context = context;
    this.#seats = seats;
  }

  /** Puts load on whichever process leads. @param more what else there is to say of the loop. */
  async measure(clients: number, more: Partial<LoopTask> = {}): Promise<Measurement> {
    const { seconds } = this.#context.settings;
    const leader = await this.leader();
    return leader.measure({ clients, seconds, warmUpSeconds: seconds * warmUpShare, ...more });
  }

  /** Waits until one leads, and hears from all others. */
  async leader(): Promise<WorkerProcess> {
    const deadline = performance.now() + leaderTimeoutMs;
    do {
      for (const { worker } of this.#seats) {
        const { leads } = await worker.look();
        if (leads) return worker;
      }
      await sleep(lookMs);
      this.#context.stage.checkpoint();
    } while (performance.now() < deadline);
    throw new DisturbedError(`no leader after ${leaderTimeoutMs} ms`);
  }

  /**
   * Ends one process that is not the leader's.
   *
   * @returns what starts it again, on the same folder.
   */
  async sendAway(leader: WorkerProcess): Promise<() => Promise<WorkerProcess>> {
    const seat = this.#seats.find(({ worker }) => worker !== leader);
    if (seat === undefined) throw new TypeError('nobody can be spared');
    await seat.worker.close();
    return async () => {
      const { worker } = await this.#context.stage.worker(seat.job);
      seat.worker = worker;
      return worker;
    };
  }
}

async function start(context: Context, jobs: readonly Job[]): Promise<Group> {
  const seats = await Promise.all(
    jobs.map(async (job): Promise<Seat> => {
      const { worker } = await context.stage.worker(job);
      return { job, worker };
    }),
  );
  return new Group(context, seats);
}
