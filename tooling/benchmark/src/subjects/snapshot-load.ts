/**
 * Load on the replica that leads while it takes a snapshot, or while it brings one to a node that was
 * away past compaction: only what is done in that time counts.
 */
import { unreachable } from '@quorate/core';
import type { Measurement } from '../results/measurement.ts';
import { type Span, timed } from './closed-loop.ts';
import { watchRss } from './memory.ts';
import { type CountingReplica, isLeader, measureExecute, type PartCounts } from './replica-load.ts';
import type { Task } from './subject.ts';

const mebibyte = 1024 * 1024;
const pollMs = 5;

/** Larger than what the log keeps behind a snapshot for members that are a little slow. */
const outrunBytes = 24 * mebibyte;
const outrunCommandBytes = 64 * 1024;
const outrunInFlight = 16;

/** A span of a snapshot. */
interface SnapshotSpan extends Span {
  /** Of the snapshot itself: it ends a little before the last command that counts. @throws what it failed with */
  readonly seconds: number;
  /** Lets go of whatever it watches. */
  end(): void;
}

/** Measures commands, for the time of the task or of what happens to a snapshot. */
export async function measureBesideSnapshot(
  replica: CountingReplica,
  valueBytes: number,
  stateBytes: number,
  task: Task,
  parts: () => PartCounts,
): Promise<Measurement> {
  const peakMiB = watchRss();
  const span = spanOf(replica, task);
  try {
    const conditions = {
      // Somebody is away then, or was a moment ago.
      ...(task.during === undefined ? {} : { fair: isLeader }),
      ...(span === undefined ? {} : { span }),
    };
    const measurement = await measureExecute(replica, valueBytes, task, parts, conditions);
    const { figures } = measurement;
    const peakRssMiB = peakMiB();
    if (span === undefined) return { ...measurement, figures: { ...figures, peakRssMiB } };
    const snapshotMiBPerSecond = stateBytes / mebibyte / span.seconds;
    return { ...measurement, figures: { ...figures, peakRssMiB, snapshotMiBPerSecond } };
  } finally {
    peakMiB();
    span?.end();
  }
}

/**
 * Writes more than the log keeps, then takes a snapshot: whoever is away cannot be helped by the log
 * any more.
 */
export async function outrun(replica: CountingReplica): Promise<void> {
  const { lastIndex } = replica.status;
  const command = new Uint8Array(outrunCommandBytes);
  let left = Math.ceil(outrunBytes / outrunCommandBytes);
  const client = async (): Promise<void> => {
    while (left-- > 0) await replica.execute(command);
  };
  await Promise.all(Array.from({ length: outrunInFlight }, client));
  await replica.snapshot();
  const { firstIndex } = replica.status;
  if (firstIndex <= lastIndex + 1) {
    throw new Error(
      `the log still begins at ${firstIndex}, where one at ${lastIndex} was to be left behind`,
    );
  }
}

/** `undefined`: the time of the task. */
function spanOf(replica: CountingReplica, task: Task): SnapshotSpan | undefined {
  switch (task.during) {
    case undefined:
    case 'away':
      return undefined;
    case 'take':
      return spanOfTaking(replica, task);
    case 'receive':
      return spanOfReceiving(replica);
    default:
      return unreachable(task.during);
  }
}

/** From the call to the end of `snapshot`, which begins when the loop is warm. */
function spanOfTaking(replica: CountingReplica, task: Task): SnapshotSpan {
  const warmUp = timed(task);
  let failure: Error | undefined;
  let over = false;
  let tookMs = 0;
  const take = async (): Promise<void> => {
    const from = performance.now();
    try {
      await replica.snapshot();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    tookMs = performance.now() - from;
    over = true;
  };
  return {
    begins(now) {
      if (!warmUp.begins(now)) return false;
      void take();
      return true;
    },
    ends: () => over,
    get seconds() {
      if (failure !== undefined) throw failure;
      return tookMs / 1000;
    },
    end: () => undefined,
  };
}

/** From the first piece that leaves here until nobody needs any more. */
function spanOfReceiving(replica: CountingReplica): SnapshotSpan {
  const count = (name: string): number => {
    const value = replica.counters[name];
    if (value === undefined) throw new TypeError(`nobody counts ${name}`);
    return value;
  };
  const sentBefore = count('snapshot_bytes_sent');
  let from: number | undefined;
  let tookMs: number | undefined;
  // The counters are gathered on demand, and too dear for every command.
  const timer = setInterval(() => {
    if (from === undefined && count('snapshot_bytes_sent') > sentBefore) from = performance.now();
    if (from !== undefined && count('snapshots_sending') === 0) {
      tookMs ??= performance.now() - from;
      clearInterval(timer);
    }
  }, pollMs);
  return {
    begins: () => from !== undefined,
    ends: () => tookMs !== undefined,
    get seconds() {
      return (tookMs ?? Number.NaN) / 1000;
    },
    end() {
      clearInterval(timer);
    },
  };
}
