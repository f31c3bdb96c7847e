/**
 * What one seed of the swarm does: which faults there are and how strong, how big the group is and what
 * its clients do.
 */
import type { NodeId, Random } from '@quorate/core';
import { calm, type Conditions, type Range } from './conditions.ts';

/** What one seed does to a cluster. Each `…EveryMs` is a mean; `Infinity`: never. */
export interface Profile {
  readonly voters: readonly NodeId[];
  readonly joiners: readonly NodeId[];
  readonly conditions: Conditions;
  readonly clockDrift: number;
  readonly runMs: number;
  readonly proposeEveryMs: number;
  readonly payloadBytes: number;
  readonly burst: number;
  readonly readEveryMs: number;
  readonly leaseReads: boolean;
  /** Whether any node is asked to read, or mostly one that leads. */
  readonly readAnywhere: boolean;
  readonly compactEveryMs: number;
  /** How often a snapshot arrives that nobody waits for. */
  readonly strayEveryMs: number;
  readonly reconfigureEveryMs: number;
  readonly transferEveryMs: number;
  readonly crashEveryMs: number;
  readonly downMs: Range;
  /** Whether a crash may take several nodes at once. */
  readonly outages: boolean;
  readonly cutEveryMs: number;
  readonly cutMs: Range;
  readonly stallEveryMs: number;
  readonly stallMs: Range;
  readonly pauseEveryMs: number;
  readonly pauseMs: Range;
  /** Whether cuts follow changes of voters, along the lines that these draw. */
  readonly divides: boolean;
}

/** Limits within which profiles are drawn. */
export interface ProfileLimits {
  /** Largest drift that the algorithm is told of. */
  readonly maxClockDrift: number;
  readonly runMs: number;
  /** The election time-out of the algorithm: how long faults and delays last goes by it. @default 500 */
  readonly electionTimeoutMs?: number;
  /** Whether a node that does not lead may answer reads. @default false */
  readonly readsAnywhere?: boolean;
}

/** The election time-out that the numbers below were chosen for. */
export const usualElectionTimeoutMs = 500;

/** Draws a profile. */
export function drawProfile(random: Random, limits: ProfileLimits): Profile {
  const { readsAnywhere = false, electionTimeoutMs = usualElectionTimeoutMs } = limits;
  const scale = electionTimeoutMs / usualElectionTimeoutMs;
  const never = Number.POSITIVE_INFINITY;
  const ms = (from: number, to: number): Range => [from * scale, to * scale];
  const some = (probability: number, from: number, to: number): number =>
    random.chance(probability) ? random.between(from, to) * scale : never;
  const rate = (probability: number, most: number): number =>
    random.chance(probability) ? random.next() * most : 0;
  const size = random.pick([1, 3, 3, 3, 5, 5]);
  const slowNetwork = random.chance(0.2);
  const slowDisk = random.chance(0.25);
  const churn = random.chance(0.5);
  const conditions: Conditions = {
    ...calm(),
    delayMs: slowNetwork ? ms(1, random.between(20, 150)) : ms(0.2, random.between(1, 15)),
    reorder: random.chance(0.5),
    dropRate: rate(0.4, 0.2),
    duplicateRate: rate(0.4, 0.2),
    replayRate: rate(0.3, 0.05),
    syncMs: slowDisk ? ms(1, random.between(10, 120)) : ms(0.1, random.between(0.5, 5)),
    completionMs: random.chance(0.3) ? ms(0, random.between(1, 40)) : [0, 0],
    completions: random.pick(['last', 'each', 'shuffled']),
    duplicateCompletionRate: rate(0.3, 0.3),
    loadMs: ms(0.1, random.pick([1, 5, 50])),
    turnMs: random.chance(0.5) ? ms(0, random.between(0.5, 10)) : [0, 0],
    lateTickMs: ms(0, random.pick([0.5, 2, 30])),
    applyMs: ms(0, random.pick([0.5, 5, 200])),
    shipMs: ms(5, random.pick([30, 300, 2000])),
    shipFailureRate: rate(0.4, 0.5),
    shipGiveUpMs: 10_000 * scale,
  };
  const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];
  return {
    voters: names.slice(0, size),
    joiners: churn ? names.slice(size, size + 2) : [],
    conditions,
    clockDrift: random.chance(0.5) ? random.next() * limits.maxClockDrift : 0,
    runMs: limits.runMs,
    proposeEveryMs: random.pick([5, 20, 60]) * scale,
    payloadBytes: random.pick([8, 8, 64, 1000]),
    burst: random.pick([1, 1, 4, 30]),
    readEveryMs: some(0.7, 10, 100),
    leaseReads: random.chance(0.6),
    readAnywhere: readsAnywhere && random.chance(0.5),
    compactEveryMs: some(0.6, 100, 2000),
    strayEveryMs: some(0.4, 100, 2000),
    reconfigureEveryMs: churn ? random.between(100, 1500) * scale : never,
    transferEveryMs: some(0.4, 200, 3000),
    crashEveryMs: some(0.6, 300, 4000),
    downMs: ms(0, random.pick([20, 600, 3000])),
    outages: random.chance(0.3),
    cutEveryMs: some(0.6, 200, 3000),
    cutMs: ms(50, random.pick([300, 1500, 4000])),
    stallEveryMs: some(0.3, 500, 5000),
    stallMs: ms(50, 2500),
    pauseEveryMs: some(0.4, 200, 3000),
    pauseMs: ms(10, random.pick([50, 700, 2500])),
    divides: churn && random.chance(0.6),
  };
}
