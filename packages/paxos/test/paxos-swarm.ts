/**
 * One seed of the swarm, for Multi-Paxos: engine options and faults out of the seed, all checks on.
 */
import { drawProfile, type Profile, Swarm, type Trace } from '@quorate/conformance/engine';
import { type Random, seededRandom } from '@quorate/core';
import {
  flexible,
  grid,
  majority,
  paxos,
  type PaxosMessage,
  type PaxosOptions,
  type QuorumSystem,
} from '../src/index.ts';
import { paxosChecks, paxosRules } from '../src/checks/index.ts';

/** A group, and the quorums that fit it. */
interface Group {
  readonly voters: readonly string[];
  readonly quorums: QuorumSystem;
  /** Whether two phase-1 quorums always meet, whatever becomes of the membership. */
  readonly electorsMeet: boolean;
}

const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];

/** Two seeds of three have majorities. */
function drawGroup(random: Random, { voters }: Profile): Group {
  const of = (quorums: QuorumSystem, electorsMeet: boolean): Group => {
    return { voters, quorums, electorsMeet };
  };
  const asGrid = (rows: number, columns: number): Group => {
    const quorums = grid(rows, columns);
    return { voters: names.slice(0, rows * columns), quorums, electorsMeet: false };
  };
  const { length } = voters;
  switch (random.below(10)) {
    case 0:
      return of(flexible({ phase2: 1 }), true);
    case 1:
      return length < 3
        ? of(majority(), true)
        : of(flexible({ phase1: length - 1, phase2: 2 }), true);
    case 2:
      return length < 2 ? of(majority(), true) : of(flexible({ phase2: 2 }), false);
    case 3:
      return length < 3 ? of(majority(), true) : of(flexible({ phase2: 3 }), false);
    case 4:
      return random.chance(0.7) ? asGrid(2, 2) : asGrid(...random.pick(sides));
    default:
      return of(majority(), true);
  }
}

const sides: readonly (readonly [number, number])[] = [
  [2, 3],
  [3, 2],
  [1, 3],
  [3, 1],
];

type Options = PaxosOptions & { readonly maxClockDrift: number; readonly window: number };

/** Options that differ by seed: tiny limits reach code that large ones never see. */
function drawOptions(random: Random): Options {
  const tiny = random.chance(0.5);
  const window = random.pick([1, 2, 4, 16, 64]);
  return {
    electionTimeoutMs: 500,
    heartbeatMs: random.pick([50, 100, 200]),
    maxClockDrift: random.pick([0.05, 0.1, 0.3]),
    window,
    reads: random.pick(['leader', 'quorum']),
    ...(tiny
      ? {
          maxAppendBytes: random.pick([200, 2000]),
          maxInflightBytes: random.pick([500, 8000]),
          maxUncommittedBytes: random.pick([1000, 20_000]),
          maxUnappliedBytes: random.pick([500, 5000]),
          maxTailBytes: random.pick([0, 1000, 10_000]),
          maxPendingReads: random.pick([2, 1000]),
          keepBytesBehindSnapshot: random.pick([0, 500, 5000]),
          maxHeldLogBytes: random.pick([0, 2000, 100_000]),
        }
      : {
          keepBytesBehindSnapshot: random.pick([0, 2000]),
          // Under a narrow window a queue takes long to be worked off.
          maxUncommittedBytes: 60_000 * window,
        }),
  };
}

/** The swarm of a seed. */
export function swarmOf(seed: number, trace: Trace | undefined): Swarm<PaxosMessage> {
  const random = seededRandom(seed + 0x0b7);
  const options = drawOptions(random);
  const { window } = options;
  const drawn = drawProfile(seededRandom(seed), {
    // The fastest clock gains at most the bound on the slowest.
    maxClockDrift: options.maxClockDrift / (2 + options.maxClockDrift),
    runMs: 12_000,
    readsAnywhere: options.reads === 'quorum',
  });
  const { voters, quorums, electorsMeet } = drawGroup(random, drawn);
  // A voter that was removed behind its back leads alone, for ever, where one is enough to elect. And old
  // and new voters of a change may each elect somebody in one round.
  const changes = electorsMeet && Number.isFinite(drawn.reconfigureEveryMs);
  const profile: Profile = changes
    ? { ...drawn, voters }
    : { ...drawn, voters, joiners: [], reconfigureEveryMs: Number.POSITIVE_INFINITY };
  const oneLeaderPerEpoch = electorsMeet && !changes;
  return new Swarm<PaxosMessage>(profile, {
    algorithm: paxos({ ...options, quorums }),
    seed,
    rules: { ...paxosRules(window, quorums), oneLeaderPerEpoch },
    checks: (cluster) => [paxosChecks(cluster, { window, quorums })],
    maxTailBytes: tailBound(options),
    ...(trace === undefined ? {} : { trace }),
  });
}

/** What the options promise: durable records, and those of the slots that are under way. */
function tailBound({ maxTailBytes, window }: Options): number {
  if (maxTailBytes === undefined) return Number.POSITIVE_INFINITY;
  const largestRecord = 2000;
  return maxTailBytes + (4 * window + 64) * largestRecord;
}
