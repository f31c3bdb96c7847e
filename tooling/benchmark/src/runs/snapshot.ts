/**
 * `snapshot`: what commands notice of a large snapshot. Three processes, so many clients of the leader,
 * and in each round one after the other:
 *
 * - `steady`: nothing else happens.
 * - `take`: the leader takes a snapshot of its whole state.
 * - `away`: one node is away. What is decided then needs both that are left, and no longer the
 *   faster of two followers: that alone costs something, and has nothing to do with snapshots.
 * - `receive`: it was away past compaction and comes back, and the leader sends it the snapshot.
 *
 * The state is made up (see `machine.ts`): what it costs to make bytes of a real one comes on top, and
 * is the machine's.
 */
import type { Measurement } from '../results/measurement.ts';
import { durableStorageNames } from '../storages.ts';
import type { Happening } from '../subjects/subject.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import type { Benchmark, Context } from './bench.ts';
import { type Group, startDurableGroup, warmUpShare } from './replicas.ts';
import { type Contestant, interleave, type Match } from './rounds.ts';

const mebibyte = 1024 * 1024;

/** Slower than this and it has failed. */
const leastMiBPerSecond = 1;
/** For whatever else belongs to it: writing the log, finding each other. */
const momentMs = 60_000;

const happenings: readonly Happening[] = ['take', 'away', 'receive'];

/** The benchmark. */
export const snapshot: Benchmark = {
  summary: 'commands while a large snapshot is taken, or sent to a node that was away',
  variants: happenings,
  windows: [16],
  storages: { known: durableStorageNames, usual: ['file'] },
  // A snapshot takes half a minute, and a p99 needs many commands.
  defaults: { seconds: 10, rounds: 3 },
  async run(context) {
    const { algorithms, pacesMiB, storages, windows } = context.settings;
    const matches: Match[] = [];
    for (const algorithm of algorithms) {
      for (const storage of storages) {
        for (const paceMiB of pacesMiB) {
          const team = await startTeam(context, algorithm, storage, paceMiB);
          matches.push(...windows.map((clients) => matchOf(team, clients)));
        }
      }
    }
    return interleave(matches, context);
  },
};

/** A group, and what it is made of. */
interface Team {
  readonly context: Context;
  readonly algorithm: string;
  readonly storage: string;
  readonly paceMiB: number | null;
  readonly group: Group;
}

async function startTeam(
  context: Context,
  algorithm: string,
  storage: string,
  paceMiB: number | null,
): Promise<Team> {
  const { progress, settings } = context;
  progress(`${algorithm} on ${storage}: starting`);
  const snapshots = {
    stateBytes: settings.stateMiB * mebibyte,
    bytesPerSecond: paceMiB === null ? null : paceMiB * mebibyte,
  };
  const group = await startDurableGroup(context, algorithm, { storage, snapshots });
  return { context, algorithm, storage, paceMiB, group };
}

function matchOf(team: Team, clients: number): Match {
  const { algorithm, context, group, paceMiB, storage } = team;
  const { valueBytes, variants } = context.settings;
  const steady: Contestant = {
    ...{ algorithm, name: 'steady' },
    measure: () => group.measure(clients),
  };
  const measures = {
    take: async () => measureDuring(team, await group.leader(), clients, 'take'),
    away: () => measureAway(team, clients),
    receive: () => measureReceiving(team, clients),
  };
  return {
    subject: {
      ...{ bench: 'snapshot', variant: 'steady', operation: 'execute', connections: 0, clients },
      ...{ valueBytes, storage, paceMiB },
    },
    contestants: [
      steady,
      ...happenings
        .filter((name) => variants.includes(name))
        .map(
          (name): Contestant => ({
            ...{ algorithm, name, row: { variant: name } },
            measure: measures[name],
          }),
        ),
    ],
    comparisons: [{ to: 'steady', of: 'p99' }],
  };
}

async function measureAway(team: Team, clients: number): Promise<Measurement> {
  const leader = await team.group.leader();
  const bringBack = await team.group.sendAway(leader);
  try {
    return await measureDuring(team, leader, clients, 'away');
  } finally {
    await bringBack();
  }
}

async function measureReceiving(team: Team, clients: number): Promise<Measurement> {
  const { group } = team;
  const leader = await group.leader();
  const bringBack = await group.sendAway(leader);
  let back: Promise<WorkerProcess> | undefined;
  try {
    await leader.outrun(allowedMs(team));
    const measuring = measureDuring(team, leader, clients, 'receive');
    back = bringBack();
    const [measurement, receiver] = await Promise.all([measuring, back]);
    const { peakRssMiB } = await receiver.look();
    return {
      ...measurement,
      figures: { ...measurement.figures, receiverPeakRssMiB: peakRssMiB },
    };
  } finally {
    // What failed before that is measured again, by all three.
    await (back ?? bringBack());
  }
}

function measureDuring(
  team: Team,
  leader: WorkerProcess,
  clients: number,
  during: Happening,
): Promise<Measurement> {
  const { seconds } = team.context.settings;
  const task = { clients, seconds, warmUpSeconds: seconds * warmUpShare, during };
  return leader.measure(task, allowedMs(team));
}

function allowedMs({ context }: Team): number {
  return (context.settings.stateMiB / leastMiBPerSecond) * 1000 + momentMs;
}
