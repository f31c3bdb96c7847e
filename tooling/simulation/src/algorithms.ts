/** The algorithms of this repository, for the simulator: with options out of a seed, and all their checks. */
import type { Random } from '@quorate/core';
import { raftRules } from '@quorate/core/checks';
import type { EngineOptions } from '@quorate/core/engines';
import { majority, paxos, type PaxosOptions } from '@quorate/paxos';
import { paxosChecks, paxosRules } from '@quorate/paxos/checks';
import { raft, type RaftOptions } from '@quorate/raft';
import { raftChecks } from '@quorate/raft/checks';
import type { SimulatedAlgorithm } from '@quorate/simulator';

const electionTimeoutMs = 500;
/** Of an entry with all that overload puts into it. */
const largestRecordBytes = 16_000;

type CommonOptions = EngineOptions & { readonly maxClockDrift: number };

/** Options that differ by seed: tiny limits reach code that large ones never see. */
function drawCommon(random: Random): CommonOptions {
  return {
    electionTimeoutMs,
    heartbeatMs: random.pick([50, 100, 200]),
    maxClockDrift: random.pick([0.05, 0.1, 0.3]),
    ...(random.chance(0.5)
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
      : { keepBytesBehindSnapshot: random.pick([0, 2000]) }),
  };
}

/** Raft. */
export const simulatedRaft: SimulatedAlgorithm = {
  name: 'raft',
  draw: (random) => {
    const options: RaftOptions & CommonOptions = {
      ...drawCommon(random),
      maxInflightMessages: random.pick([1, 2, 8, 256]),
    };
    const { maxTailBytes } = options;
    return {
      algorithm: raft(options),
      rules: raftRules,
      checks: (group) => [raftChecks(group)],
      electionTimeoutMs,
      maxClockDrift: options.maxClockDrift,
      ...(maxTailBytes === undefined
        ? {}
        : {
            // What the options promise: durable records, and those that are under way to the disk.
            maxTailBytes:
              maxTailBytes +
              (options.maxUncommittedBytes ?? 0) +
              (options.maxInflightBytes ?? 0) +
              (options.maxAppendBytes ?? 0) +
              4 * largestRecordBytes,
          }),
    };
  },
};

/** Multi-Paxos with majorities: other quorum systems are the affair of its own tests. */
export const simulatedPaxos: SimulatedAlgorithm = {
  name: 'paxos',
  draw: (random) => {
    const window = random.pick([1, 2, 4, 16, 64]);
    const options: PaxosOptions & CommonOptions = {
      ...drawCommon(random),
      window,
      reads: random.pick(['leader', 'quorum']),
    };
    const { maxTailBytes } = options;
    const quorums = majority();
    return {
      algorithm: paxos({ ...options, quorums }),
      // Old and new voters of a change may each elect somebody in one round, in a ballot of its own.
      rules: { ...paxosRules(window, quorums), oneLeaderPerEpoch: false },
      checks: (group) => [paxosChecks(group, { window, quorums })],
      electionTimeoutMs,
      maxClockDrift: options.maxClockDrift,
      ...(maxTailBytes === undefined
        ? {}
        : { maxTailBytes: maxTailBytes + (4 * window + 64) * largestRecordBytes }),
    };
  },
};

/** All of them. */
export const simulatedAlgorithms: readonly SimulatedAlgorithm[] = [simulatedRaft, simulatedPaxos];
