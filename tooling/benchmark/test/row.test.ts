import { describe, expect, it } from 'vitest';
import { jsonLine, rowsOf } from '../src/results/row.ts';
import { floorRow, measurement, subject, twoRows, twoStorages } from './rows.ts';

describe('a row', () => {
  it('has the median of each column over all rounds, and the range of the speed', () => {
    const [row] = rowsOf(subject(), [
      {
        algorithm: 'raft',
        measurements: [
          measurement(100, { p50: 3, max: 9, figures: { syncsPerCommand: 0.5 } }),
          measurement(300, { p50: 1, max: 8, figures: { syncsPerCommand: 0.2 } }),
          measurement(200, { p50: 2, max: 7, figures: { syncsPerCommand: 0.3 } }),
        ],
      },
    ]);
    expect(row).toMatchObject({
      ...{ algorithm: 'raft', rounds: 3, operationsPerSecond: 200, p50: 2, max: 8 },
      ...{ operationsPerSecondLow: 100, operationsPerSecondHigh: 300 },
      figures: { syncsPerCommand: 0.3 },
    });
  });

  it('compares each algorithm with the first', () => {
    const [raft, paxos] = twoRows([100, 200, 100], [90, 200, 80]);
    expect(raft?.ratios).toEqual([]);
    expect(paxos?.ratios).toEqual([{ to: 'raft', of: 'speed', median: 0.9, low: 0.8, high: 1 }]);
  });

  it('of a floor is compared with nothing', () => {
    expect(floorRow()).toMatchObject([{ algorithm: null, ratios: [] }]);
  });

  it('says where it differs from the others', () => {
    const [file, level] = twoStorages([100], [50]);
    expect(file).toMatchObject({ algorithm: null, storage: 'file', variant: 'append' });
    expect(level).toMatchObject({ algorithm: null, storage: 'level', variant: 'append' });
  });

  it('compares each with whom it is to be compared, in what was asked for', () => {
    const [steady, take, receive] = rowsOf(
      subject(),
      (
        [
          ['steady', [100, 200]],
          ['take', [150, 500]],
          ['receive', [100, 600]],
        ] as const
      ).map(([name, p99s]) => ({
        ...{ algorithm: 'raft', name, row: { variant: name } },
        measurements: p99s.map((p99) => measurement(100, { p99 })),
      })),
      [
        { to: 'steady', of: 'p99' },
        { to: 'take', of: 'speed' },
      ],
    );
    const same = { to: 'take', of: 'speed', median: 1, low: 1, high: 1 };
    expect(steady?.ratios).toEqual([same]);
    expect(take?.ratios).toEqual([{ to: 'steady', of: 'p99', median: 2, low: 1.5, high: 2.5 }]);
    expect(receive?.ratios).toEqual([
      { to: 'steady', of: 'p99', median: 2, low: 1, high: 3 },
      same,
    ]);
  });
});

it('rows are compared in what was counted, where it was counted', () => {
  const processorMicroseconds = 120;
  const [, raft] = rowsOf(
    subject(),
    ['etcd', 'raft'].map((name, at) => ({
      ...{ algorithm: name, name },
      measurements: [measurement(100, { figures: at === 0 ? {} : { processorMicroseconds } })],
    })),
    [
      { to: 'etcd', of: 'processor' },
      { to: 'etcd', of: 'speed' },
    ],
  );
  expect(raft?.ratios).toMatchObject([{ to: 'etcd', of: 'speed' }]);
});

it('rows of outages are compared by how long they took', () => {
  const outages = [
    ['etcd', [1000, 1200]],
    ['raft', [500, 900]],
  ] as const;
  const [, raft] = rowsOf(
    subject(),
    outages.map(([name, all]) => ({
      ...{ algorithm: name, name },
      measurements: all.map((outageMs) => measurement(100, { figures: { outageMs } })),
    })),
    [{ to: 'etcd', of: 'outage' }],
  );
  expect(raft?.ratios).toEqual([{ to: 'etcd', of: 'outage', median: 0.625, low: 0.5, high: 0.75 }]);
});

describe('a line of JSON', () => {
  const lineOf = (row: Parameters<typeof jsonLine>[0] | undefined): unknown =>
    row === undefined ? undefined : JSON.parse(jsonLine(row));

  it('is one line and holds figures flat', () => {
    const rows = rowsOf(subject(), [
      {
        algorithm: 'raft',
        measurements: [measurement(100, { figures: { syncsPerCommand: 0.5 } })],
      },
    ]);
    expect(rows.map(jsonLine).join('')).not.toContain('\n');
    expect(lineOf(rows[0])).toEqual({
      ...{ bench: 'algorithms', algorithm: 'raft', variant: 'durable', operation: 'execute' },
      ...{ connections: 0, clients: 256, valueBytes: 256, rounds: 1, seconds: 2 },
      ...{ operationsPerSecond: 100, operationsPerSecondLow: 100, operationsPerSecondHigh: 100 },
      ...{ p50: 100, p99: 1000, p999: 2000, max: 3000 },
      ...{ syncsPerCommand: 0.5, ratios: [] },
    });
  });

  it('says what the algorithm was compared with', () => {
    expect(lineOf(twoRows([100], [50])[1])).toMatchObject({
      ratios: [{ to: 'raft', of: 'speed', median: 0.5, low: 0.5, high: 0.5 }],
    });
  });

  it('says on which side of the work a floor was measured', () => {
    expect(lineOf(floorRow({ when: 'after' })[0])).toMatchObject({
      when: 'after',
      algorithm: null,
    });
  });
});
