/** What many runs came to, added up. Plain data, so that it can come from another thread. */
import type { Run } from '@quorate/simulator';

/** A run that broke a rule, and how to see it again. */
export interface Failure {
  readonly algorithm: string;
  readonly seed: number;
  readonly violation: string;
  readonly virtualMs: number;
}

/** Sums over runs. */
export interface Tally {
  seeds: number;
  /** Seeds that ran twice, and gave the same both times, unless they are among the failures. */
  twice: number;
  virtualMs: number;
  events: number;
  turns: number;
  ok: number;
  failed: number;
  unknown: number;
  framesSent: number;
  framesLost: number;
  framesCorrupted: number;
  longestRecoveryMs: number;
  readonly faults: Map<string, number>;
  readonly coverage: Map<string, number>;
  readonly failures: Failure[];
}

/** Nothing yet. */
export function emptyTally(): Tally {
  return {
    seeds: 0,
    twice: 0,
    virtualMs: 0,
    events: 0,
    turns: 0,
    ok: 0,
    failed: 0,
    unknown: 0,
    framesSent: 0,
    framesLost: 0,
    framesCorrupted: 0,
    longestRecoveryMs: 0,
    faults: new Map(),
    coverage: new Map(),
    failures: [],
  };
}

/** Adds a run. */
export function count(tally: Tally, algorithm: string, run: Run): void {
  const { operations, network } = run;
  tally.seeds += 1;
  tally.virtualMs += run.virtualMs;
  tally.events += run.events;
  tally.turns += run.turns;
  tally.ok += operations.ok;
  tally.failed += operations.failed;
  tally.unknown += operations.unknown;
  tally.framesSent += network.sent;
  tally.framesLost += network.lost + network.cut + network.overflowed;
  tally.framesCorrupted += network.corrupted;
  tally.longestRecoveryMs = Math.max(tally.longestRecoveryMs, run.recoveredAfterMs);
  addAll(tally.faults, run.faults);
  addAll(tally.coverage, run.coverage);
  if (run.violation !== undefined) {
    const { violation, virtualMs } = run;
    tally.failures.push({ algorithm, seed: run.plan.seed, violation, virtualMs });
  }
}

/** Adds what another thread has counted. */
export function merge(into: Tally, other: Tally): void {
  into.seeds += other.seeds;
  into.twice += other.twice;
  into.virtualMs += other.virtualMs;
  into.events += other.events;
  into.turns += other.turns;
  into.ok += other.ok;
  into.failed += other.failed;
  into.unknown += other.unknown;
  into.framesSent += other.framesSent;
  into.framesLost += other.framesLost;
  into.framesCorrupted += other.framesCorrupted;
  into.longestRecoveryMs = Math.max(into.longestRecoveryMs, other.longestRecoveryMs);
  addAll(into.faults, other.faults);
  addAll(into.coverage, other.coverage);
  into.failures.push(...other.failures);
}

function addAll(into: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, times] of more) into.set(name, (into.get(name) ?? 0) + times);
}
