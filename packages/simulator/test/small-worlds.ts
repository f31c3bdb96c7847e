/** Small worlds for tests: plain algorithms with all their checks, and plans that are written by hand. */
import { seededRandom } from '@quorate/core';
import { raftRules } from '@quorate/core/checks';
import { majority, paxos } from '@quorate/paxos';
import { paxosChecks, paxosRules } from '@quorate/paxos/checks';
import { raft } from '@quorate/raft';
import { raftChecks } from '@quorate/raft/checks';
import { fileStorage } from '@quorate/storage-file';
import type { Fault } from '../src/faults/fault.ts';
import { calmNetwork } from '../src/network/conditions.ts';
import type { MakeStorage, SimulatedAlgorithm, WorldParts } from '../src/options.ts';
import type { Plan } from '../src/plan.ts';
import { registerWorkload } from '../src/workloads/registers.ts';
import type { Tracer } from '../src/world/journal.ts';
import { World } from '../src/world/world.ts';

/** The time after which somebody is elected, in every world of these tests. */
export const electionTimeoutMs = 500;

const common = { electionTimeoutMs, maxClockDrift: 0.1 };
const window = 16;
const quorums = majority();

/** Raft as it comes. */
export const simulatedRaft: SimulatedAlgorithm = {
  name: 'raft',
  draw: () => ({
    ...common,
    algorithm: raft(common),
    rules: raftRules,
    checks: (group) => [raftChecks(group)],
  }),
};

/** Multi-Paxos as it comes. */
export const simulatedPaxos: SimulatedAlgorithm = {
  name: 'paxos',
  draw: () => ({
    ...common,
    algorithm: paxos({ ...common, window, quorums }),
    rules: { ...paxosRules(window, quorums), oneLeaderPerEpoch: false },
    checks: (group) => [paxosChecks(group, { window, quorums })],
  }),
};

/** All algorithms, for tests that hold for each. */
export const algorithms: readonly SimulatedAlgorithm[] = [simulatedRaft, simulatedPaxos];

/** The storage in files. */
export const storage: MakeStorage = ({ files, directory, runtime }) =>
  fileStorage({ files, directory, runtime, segmentBytes: 32 * 1024, maxSpareSegments: 1 });

/** Registers on a group. */
export function registersOn(
  algorithm: SimulatedAlgorithm,
): WorldParts<unknown, unknown, unknown, unknown> {
  return { algorithm, storage, workload: registerWorkload() };
}

/** What a plan made by hand differs in. */
export interface PlanChanges extends Omit<Partial<Plan>, 'clients' | 'limits'> {
  readonly clients?: Partial<Plan['clients']>;
  readonly limits?: Partial<Plan['limits']>;
}

/** Three nodes on a good day, and what is to be otherwise. */
export function planWith({ clients, limits, ...changes }: PlanChanges = {}): Plan {
  return {
    seed: 1,
    voters: 3,
    spares: 0,
    runMs: 3000,
    recoveryMs: 30_000,
    quorumOnly: false,
    network: calmNetwork,
    diskLatencyMs: [0.05, 0.5],
    turnMs: [0, 0.05],
    clockDrift: 0,
    clockSkewMs: 0,
    faults: [],
    ...changes,
    clients: {
      count: 3,
      thinkMs: 60,
      operations: 1000,
      timeoutMs: 3000,
      leaseReads: 0,
      acknowledgeAll: 0,
      sticky: false,
      sessions: {
        share: 0,
        together: 0,
        timeoutMs: 5000,
        window: 4096,
        keepAliveMs: 400,
        clockDrift: 0,
      },
      ...clients,
    },
    limits: {
      snapshotLogBytes: 4000,
      snapshotLogFactor: 0.01,
      snapshotChunkBytes: 500,
      snapshotBytesPerSecond: 10_000_000,
      maxEntryBytes: 4000,
      maxPendingBytes: 2 ** 20,
      ...limits,
    },
  };
}

/** A fault without its moment. */
type Bare<F> = F extends unknown ? Omit<F, 'at' | 'seed'> : never;

/** A fault at a moment. */
export function faultAt(at: number, fault: Bare<Fault>, seed = at): Fault {
  return { ...fault, at, seed };
}

/** Registers that are only written: whatever is answered went to the disks. */
export function writesOn(
  algorithm: SimulatedAlgorithm,
): WorldParts<unknown, unknown, unknown, unknown> {
  const workload = registerWorkload();
  const writes: typeof workload = {
    ...workload,
    next: (random) => {
      const key = `r${String(random.below(5))}`;
      const to = random.below(6);
      return {
        kind: 'execute',
        command: { type: 'write', key, to },
        input: { f: 'write', key, value: to },
        output: () => ({}),
      };
    },
  };
  return { algorithm, storage, workload: writes };
}

/** A world that has not begun, to be looked at while it runs. */
export function worldWith(
  changes: PlanChanges,
  {
    tracer,
    parts = registersOn(simulatedRaft),
  }: {
    readonly tracer?: Tracer;
    readonly parts?: WorldParts<unknown, unknown, unknown, unknown>;
  } = {},
): World {
  const plan = planWith(changes);
  return new World(plan, parts.algorithm.draw(seededRandom(plan.seed)), parts, tracer);
}
