/** What many runs came to, added up. Plain data, so that it can come from another thread. */
import type { Run } from '@quorate/simulator';

/** A run that broke a rule, and how to see it again. */
export interface Failure {
  readonly algorithm: string;
  readonly seed: number;
  readonly violation: string;
  readonly virtualMs: number;
}

/** What is added up. */
const sums = [
  'seeds',
  /** Seeds that ran twice, and gave the same both times, unless they are among the failures. */
  'twice',
  'virtualMs',
  'events',
  'turns',
  'ok',
  'failed',
  'unknown',
  'framesSent',
  'framesLost',
  'framesCorrupted',
] as const;

/** Sums over runs. */
export type Tally = Record<(typeof sums)[number], number> & {
  longestRecoveryMs: number;
  readonly faults: Map<string, number>;
  readonly coverage: Map<string, number>;
  readonly failures: Failure[];
};

/** Nothing yet. */
export function emptyTally(): Tally {
  const zeros = Object.fromEntries(sums.map((name) => [name, 0])) as Record<
    (typeof sums)[number],
    number
  >;
  return {
    ...zeros,
    longestRecoveryMs: 0,
    faults: new Map(),
    coverage: new Map(),
    failures: [],
  };
}

/** What one run came to. */
export function tallyOf(algorithm: string, run: Run): Tally {
  const { network, operations, plan, violation, virtualMs } = run;
  return {
    seeds: 1,
    twice: 0,
    virtualMs,
    events: run.events,
    turns: run.turns,
    ...operations,
    framesSent: network.sent,
    framesLost: network.lost + network.cut + network.overflowed,
    framesCorrupted: network.corrupted,
    longestRecoveryMs: run.recoveredAfterMs,
    faults: new Map(run.faults),
    coverage: new Map(run.coverage),
    failures: violation === undefined ? [] : [{ algorithm, seed: plan.seed, violation, virtualMs }],
  };
}

/** Adds what else was counted. */
export function merge(into: Tally, other: Tally): void {
  for (const name of sums) into[name] += other[name];
  into.longestRecoveryMs = Math.max(into.longestRecoveryMs, other.longestRecoveryMs);
  addAll(into.faults, other.faults);
  addAll(into.coverage, other.coverage);
  into.failures.push(...other.failures);
}

function addAll(into: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, times] of more) into.set(name, (into.get(name) ?? 0) + times);
}
