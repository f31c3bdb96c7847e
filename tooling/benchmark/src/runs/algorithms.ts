/**
 * `algorithms`: the same work for every algorithm, in one interleaved run. Three replicas of a machine
 * that does nothing, commands through `replica.execute` in the process of the leader.
 *
 * - `memory`: all three in one process, storage and network in memory. What the code itself costs.
 * - `durable`: each in a process of its own, a storage on the disk and TCP. What a user gets.
 */
import type { Row } from '../results/row.ts';
import { durableStorageNames } from '../storages.ts';
import type { Benchmark, Context } from './bench.ts';
import { type Group, startDurableGroup, startMemoryGroup } from './replicas.ts';
import { type Contestant, interleave, type Match } from './rounds.ts';

type Variant = 'memory' | 'durable';
const variants: readonly Variant[] = ['memory', 'durable'];

/** The benchmark. */
export const algorithms: Benchmark = {
  summary: 'replicas under load, in memory and durable, every algorithm in turn',
  variants,
  windows: [1, 16, 256, 1024],
  storages: { known: durableStorageNames, usual: ['file'] },
  async run(context) {
    const rows: Row[] = [];
    for (const variant of variants) {
      if (context.settings.variants.includes(variant))
        rows.push(...(await compare(context, variant)));
    }
    return rows;
  },
};

/** A group, and what its rows say of it. */
interface Team extends Omit<Contestant, 'measure'> {
  readonly group: Group;
}

/** All groups stay up for all rounds, so that each is as warm as the others; one works at a time. */
async function compare(context: Context, variant: Variant): Promise<readonly Row[]> {
  const { settings, stage } = context;
  try {
    const teams = await (variant === 'memory' ? memoryTeams(context) : durableTeams(context));
    const matches = settings.windows.map(
      (clients): Match => ({
        subject: {
          ...{ bench: 'algorithms', variant, operation: 'execute', connections: 0, clients },
          valueBytes: settings.valueBytes,
        },
        contestants: teams.map(({ group, ...team }) => ({
          ...team,
          measure: () => group.measure(clients),
        })),
      }),
    );
    return await interleave(matches, context);
  } finally {
    await stage.clear();
  }
}

async function memoryTeams(context: Context): Promise<readonly Team[]> {
  const teams: Team[] = [];
  for (const algorithm of context.settings.algorithms) {
    context.progress(`memory, ${algorithm}: starting`);
    teams.push({ algorithm, group: await startMemoryGroup(context, algorithm) });
  }
  return teams;
}

async function durableTeams(context: Context): Promise<readonly Team[]> {
  const { algorithms: names, storages } = context.settings;
  const teams: Team[] = [];
  for (const storage of storages) {
    for (const algorithm of names) {
      context.progress(`durable, ${algorithm} on ${storage}: starting`);
      const name = storages.length > 1 ? `${algorithm} on ${storage}` : algorithm;
      const group = await startDurableGroup(context, algorithm, { storage });
      teams.push({ algorithm, name, row: { storage }, group });
    }
  }
  return teams;
}
