/** Rows and measurements for tests, with everything that a test does not care about. */
import type { Measurement } from '../src/results/measurement.ts';
import { type Row, type Rounds, rowsOf, type Subject } from '../src/results/row.ts';

/** A measurement of so many operations a second. */
export function measurement(
  operationsPerSecond: number,
  more: Partial<Measurement> = {},
): Measurement {
  const latencies = { p50: 100, p99: 1000, p999: 2000, max: 3000 };
  return { seconds: 2, operationsPerSecond, ...latencies, figures: {}, ...more };
}

/** What is measured. */
export function subject(more: Partial<Subject> = {}): Subject {
  return {
    ...{ bench: 'algorithms', variant: 'durable', operation: 'execute' },
    ...{ connections: 0, clients: 256, valueBytes: 256 },
    ...more,
  };
}

/** Rows of two algorithms that ran side by side. */
export function twoRows(
  raft: readonly number[],
  paxos: readonly number[],
  more: Partial<Subject> = {},
): readonly Row[] {
  return rowsOf(subject(more), [
    { algorithm: 'raft', measurements: raft.map((speed) => measurement(speed)) },
    { algorithm: 'paxos', measurements: paxos.map((speed) => measurement(speed)) },
  ]);
}

/** Rows of two storages that ran side by side. */
export function twoStorages(
  file: readonly number[],
  level: readonly number[],
  more: Partial<Subject> = {},
): readonly Row[] {
  const rounds = (name: string, speeds: readonly number[]): Rounds => ({
    ...{ algorithm: null, name, row: { storage: name } },
    measurements: speeds.map((speed) => measurement(speed)),
  });
  const append = { bench: 'storage', variant: 'append', operation: 'write' };
  return rowsOf(subject({ ...append, ...more }), [rounds('file', file), rounds('level', level)]);
}

/** The row of a floor. */
export function floorRow(more: Partial<Subject> = {}): readonly Row[] {
  const disk = { variant: 'disk', operation: 'synced append', clients: 1, valueBytes: 4096 };
  return rowsOf(subject({ ...disk, ...more }), [
    { algorithm: null, measurements: [measurement(2780)] },
  ]);
}
