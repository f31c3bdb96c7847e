/**
 * `algorithms`: the same work for every algorithm, in one interleaved run. Three replicas of a machine
 * that does nothing, commands through `replica.execute` in the process of the leader.
 *
 * - `memory`: all three in one process, storage and network in memory. What the code itself costs.
 * - `durable`: each in a process of its own, LevelDB and TCP. What a user gets.
 */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@quorate/core';
import type { Measurement } from '../results/measurement.ts';
import type { Row } from '../results/row.ts';
import type { LoopTask } from '../subjects/closed-loop.ts';
import { DisturbedError } from '../subjects/subject.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import type { Benchmark, Context } from './bench.ts';
import { measureFloors } from './floor.ts';
import { interleave, type Match } from './rounds.ts';

const host = '127.0.0.1';
const nodes = ['n1', 'n2', 'n3'] as const;

/** A group that has no leader after this long has failed. */
const leaderTimeoutMs = 20_000;
const lookMs = 50;

/** A part of each measurement goes before it and does not count: caches, windows, the first batch. */
const warmUpShare = 0.25;

/** How a group comes into being. */
const groups = {
  memory: async (context: Context, algorithm: string): Promise<Group> => {
    const { valueBytes } = context.settings;
    const { worker } = await context.stage.worker({ kind: 'memory', algorithm, valueBytes });
    return new Group(context, [worker]);
  },
  durable: async (context: Context, algorithm: string): Promise<Group> => {
    const { settings, stage } = context;
    const { valueBytes } = settings;
    const members = await membersOnFreePorts();
    const workers = await Promise.all(
      nodes.map(async (name) => {
        const node = { node: name, members, directory: await stage.folder() };
        const { worker } = await stage.worker({ kind: 'durable', algorithm, valueBytes, node });
        return worker;
      }),
    );
    return new Group(context, workers);
  },
};

type Variant = keyof typeof groups;
const variants: readonly Variant[] = ['memory', 'durable'];

/** The benchmark. */
export const algorithms: Benchmark = {
  summary: 'replicas under load, in memory and durable, every algorithm in turn',
  variants,
  windows: [1, 16, 256, 1024],
  async run(context) {
    const rows: Row[] = [];
    rows.push(...(await measureFloors(context, 'algorithms', 'before')));
    for (const variant of variants) {
      if (context.settings.variants.includes(variant))
        rows.push(...(await compare(context, variant)));
    }
    rows.push(...(await measureFloors(context, 'algorithms', 'after')));
    return rows;
  },
};

/** All groups stay up for all rounds, so that each is as warm as the others; one works at a time. */
async function compare(context: Context, variant: Variant): Promise<readonly Row[]> {
  const { settings, stage, progress } = context;
  try {
    const contestants = new Map<string, Group>();
    for (const algorithm of settings.algorithms) {
      progress(`${variant}, ${algorithm}: starting`);
      contestants.set(algorithm, await groups[variant](context, algorithm));
    }
    const matches = settings.windows.map(
      (clients): Match => ({
        subject: {
          ...{ bench: 'algorithms', variant, operation: 'execute', connections: 0, clients },
          valueBytes: settings.valueBytes,
        },
        contestants: [...contestants].map(([algorithm, group]) => ({
          algorithm,
          measure: () => group.measure(clients),
        })),
      }),
    );
    return await interleave(matches, context);
  } finally {
    await stage.clear();
  }
}

/** One group, in as many processes as it has. */
class Group {
  readonly #context: Context;
  readonly #workers: readonly WorkerProcess[];

  constructor(context: Context, workers: readonly WorkerProcess[]) {
    this.#context = context;
    this.#workers = workers;
  }

  /** Puts load on whichever process leads. */
  async measure(clients: number): Promise<Measurement> {
    const { seconds } = this.#context.settings;
    const task: LoopTask = { clients, seconds, warmUpSeconds: seconds * warmUpShare };
    const leader = await this.#leader();
    return leader.measure(task);
  }

  async #leader(): Promise<WorkerProcess> {
    const deadline = performance.now() + leaderTimeoutMs;
    do {
      for (const worker of this.#workers) {
        const { leads } = await worker.look();
        if (leads) return worker;
      }
      await sleep(lookMs);
      this.#context.stage.checkpoint();
    } while (performance.now() < deadline);
    throw new DisturbedError(`no leader after ${leaderTimeoutMs} ms`);
  }
}

/** Members must be known before anybody listens; the ports are held all at once, then let go. */
async function membersOnFreePorts(): Promise<readonly Member[]> {
  const servers = await Promise.all(
    nodes.map(async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(0, host, resolve);
      });
      return server;
    }),
  );
  const members = servers.map((server, at): Member => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    return { id: nodes[at] ?? '', address: `${host}:${address.port}` };
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return members;
}
