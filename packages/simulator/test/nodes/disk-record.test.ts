/** What is known of a disk beside it: what counts as durable, and what a storage may hold when it is opened. */
import type { LogRecord, Recovered, StorageOp } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { DiskRecord } from '../../src/nodes/disk-record.ts';

const put = (index: number, content = index): StorageOp => ({
  type: 'put',
  index,
  record: Uint8Array.of(content),
});
const state = (content: number): StorageOp => ({ type: 'state', bytes: Uint8Array.of(content) });

/** What a storage finds that holds these records, as index and content, and this state. */
function holding(
  records: readonly (readonly [index: number, content: number])[],
  withState?: number,
): [Recovered, readonly LogRecord[]] {
  const found = records.map(([index, content]) => ({ index, record: Uint8Array.of(content) }));
  const first = found[0];
  const last = found.at(-1);
  return [
    {
      state: withState === undefined ? undefined : Uint8Array.of(withState),
      records:
        first === undefined || last === undefined
          ? undefined
          : { first: first.index, last: last.index },
      snapshot: undefined,
      lastRecord: last?.record,
    },
    found,
  ];
}

/** Two batches are acknowledged, and two are under way. */
function busyDisk(): DiskRecord {
  const disk = new DiskRecord();
  disk.begun([put(1), state(7)]);
  disk.acknowledged();
  disk.begun([put(2)]);
  disk.acknowledged();
  disk.begun([put(3), put(4)]);
  disk.begun([{ type: 'dropAfter', index: 2 }, put(3, 33)]);
  return disk;
}

describe('what a storage holds when it is opened', () => {
  it('is as written where it is what was acknowledged', () => {
    const found = busyDisk().opened(
      ...holding(
        [
          [1, 1],
          [2, 2],
        ],
        7,
      ),
    );
    expect(found).toEqual({ type: 'as-written', batches: 0 });
  });

  it('may be what was under way, batch by batch, in order', () => {
    const one = busyDisk().opened(
      ...holding(
        [
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 4],
        ],
        7,
      ),
    );
    expect(one).toEqual({ type: 'as-written', batches: 1 });
    const both = busyDisk().opened(
      ...holding(
        [
          [1, 1],
          [2, 2],
          [3, 33],
        ],
        7,
      ),
    );
    expect(both).toEqual({ type: 'as-written', batches: 2 });
  });

  it.each([
    [
      'a part of a batch under way',
      holding(
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        7,
      ),
    ],
    [
      'another value',
      holding(
        [
          [1, 1],
          [2, 9],
        ],
        7,
      ),
    ],
    [
      'another state',
      holding(
        [
          [1, 1],
          [2, 2],
        ],
        8,
      ),
    ],
    [
      'no state',
      holding([
        [1, 1],
        [2, 2],
      ]),
    ],
    ['a part of a batch', holding([], 7)],
  ])('is different where it is %s', (_what, found) => {
    expect(busyDisk().opened(...found)).toEqual({ type: 'different' });
  });

  it.each([
    ['the last batch that was acknowledged is', 1, holding([[1, 1]], 7)],
    ['all of the few that were acknowledged are', 2, holding([])],
  ])('is told apart where only %s missing', (_what, batches, found) => {
    expect(busyDisk().opened(...found)).toEqual({ type: 'last-batches-missing', batches });
  });

  it('is different where more is missing than anything can explain', () => {
    const disk = new DiskRecord();
    for (let index = 1; index <= 12; index++) {
      disk.begun([put(index)]);
      disk.acknowledged();
    }
    const upTo = (last: number): [Recovered, readonly LogRecord[]] =>
      holding(Array.from({ length: last }, (_, at) => [at + 1, at + 1] as const));
    expect(disk.opened(...upTo(3))).toEqual({ type: 'different' });
  });

  it('is what counts from then on', () => {
    const disk = busyDisk();
    disk.opened(...holding([[1, 1]], 7));
    expect(disk.durable.last).toBe(1);
    expect(disk.written.last).toBe(1);
    expect(disk.underWay).toBe(0);
    // Nothing of the life before is under way any more.
    disk.acknowledged();
    expect(disk.durable.last).toBe(1);
    expect(disk.opened(...holding([[1, 1]], 7))).toEqual({ type: 'as-written', batches: 0 });
    expect(disk.opened(...holding([]))).toEqual({ type: 'different' });
  });
});

describe('what is under way', () => {
  const write = (id: number, ...ops: readonly StorageOp[]): { id: number; ops: StorageOp[] } => ({
    id,
    ops: [...ops],
  });

  it('is counted in writes of the engine, however the storage is given them', () => {
    const disk = new DiskRecord();
    disk.asked(write(1, put(1)));
    disk.asked(write(2, put(2), put(3)));
    disk.asked(write(3, state(1)));
    expect(disk.underWay).toBe(3);
    expect(disk.written.last).toBe(3);
    expect(disk.durable.last).toBe(0);
    // The driver joins two of them, and splits none.
    disk.begun([put(1), put(2), put(3)]);
    disk.begun([state(1)]);
    expect(disk.underWay).toBe(3);
    disk.acknowledged();
    expect(disk.underWay).toBe(1);
    expect(disk.durable.last).toBe(3);
    expect(disk.durable.state).toBeUndefined();
    disk.acknowledged();
    expect(disk.underWay).toBe(0);
    expect(disk.durable.state).toEqual(Uint8Array.of(1));
  });

  it('is all of a write as long as a step of it is missing', () => {
    const disk = new DiskRecord();
    disk.asked(write(1, put(1), put(2), put(3)));
    disk.begun([put(1), put(2)]);
    disk.begun([put(3)]);
    disk.acknowledged();
    expect(disk.underWay).toBe(1);
    disk.acknowledged();
    expect(disk.underWay).toBe(0);
  });

  it('takes a write without steps for done with the one before it', () => {
    const disk = new DiskRecord();
    disk.asked(write(1, put(1)));
    disk.asked(write(2));
    disk.asked(write(3, put(2)));
    disk.begun([put(1)]);
    disk.acknowledged();
    expect(disk.underWay).toBe(1);
  });
});
