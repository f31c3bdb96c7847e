/**
 * One seed of the swarm, for Raft: engine options and faults out of the seed, all checks on.
 */
import { drawProfile, type Profile, Swarm, type Trace } from '@quorate/conformance/engine';
import { seededRandom } from '@quorate/core';
import { raftChecks } from '../src/checks/index.ts';
import { raft, type RaftMessage, type RaftOptions } from '../src/index.ts';

/** Options that differ by seed: tiny limits reach code that large ones never see. */
function drawOptions(seed: number): RaftOptions & { readonly maxClockDrift: number } {
  const random = seededRandom(seed + 0x0b7);
  const tiny = random.chance(0.5);
  return {
    electionTimeoutMs: 500,
    heartbeatMs: random.pick([50, 100, 200]),
    maxClockDrift: random.pick([0.05, 0.1, 0.3]),
    ...(tiny
      ? {
          maxAppendBytes: random.pick([200, 2000]),
          maxInflightMessages: random.pick([1, 2, 8]),
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

/** The swarm of a seed. */
export function swarmOf(seed: number, trace: Trace | undefined): Swarm<RaftMessage> {
  const options = drawOptions(seed);
  const profile: Profile = drawProfile(seededRandom(seed), {
    // The fastest clock gains at most the bound on the slowest.
    maxClockDrift: options.maxClockDrift / (2 + options.maxClockDrift),
    runMs: 12_000,
  });
  return new Swarm<RaftMessage>(profile, {
    algorithm: raft(options),
    seed,
    checks: (cluster) => [raftChecks(cluster)],
    maxTailBytes: tailBound(options),
    ...(trace === undefined ? {} : { trace }),
  });
}

/** What the options promise: durable records, and those that are under way to the disk. */
function tailBound(options: RaftOptions): number {
  if (options.maxTailBytes === undefined) return Number.POSITIVE_INFINITY;
  const largestRecord = 2000;
  return (
    options.maxTailBytes +
    (options.maxUncommittedBytes ?? 0) +
    (options.maxInflightBytes ?? 0) +
    (options.maxAppendBytes ?? 0) +
    4 * largestRecord
  );
}
