/** The world that engines are tested in: its disks, its clocks, and what its recorder takes for a rule. */
import {
  Clock,
  type Decision,
  haveCommonQuorums,
  Image,
  raftRules,
  Schedule,
} from '@quorate/conformance/engine';
import { type Membership, membershipOf, type StorageOp } from '@quorate/core';
import { describe, expect, it } from 'vitest';

const put = (index: number, ...bytes: number[]): StorageOp => ({
  type: 'put',
  index,
  record: Uint8Array.from(bytes),
});

const group = (...ids: readonly string[]): Membership => membershipOf(ids.map((id) => ({ id })));

function imageOf(...ops: readonly StorageOp[]): Image {
  const image = new Image();
  image.apply(ops, () => new Uint8Array(0));
  return image;
}

function indexesOf(image: Image): readonly number[] {
  const indexes: number[] = [];
  for (let index = image.first; index <= image.last; index++) {
    if (image.record(index) !== undefined) indexes.push(index);
  }
  return indexes;
}

describe('an image of a disk', () => {
  it('may have gaps, and knows its lowest and highest index', () => {
    const image = imageOf(put(7), put(3), put(9));
    expect([image.first, image.last, indexesOf(image)]).toEqual([3, 9, [3, 7, 9]]);
  });

  it('takes a put over a put', () => {
    const image = imageOf(put(3, 1), put(3, 2, 2));
    expect(image.record(3)).toEqual(Uint8Array.of(2, 2));
  });

  it.each([
    ['dropAfter', 6, [3]],
    ['dropAfter', 7, [3, 7]],
    ['dropBefore', 7, [7, 9]],
    ['dropBefore', 8, [9]],
    ['dropAfter', 0, []],
    ['dropBefore', 10, []],
  ] as const)('%s %i of 3, 7 and 9 leaves %j', (type, index, left) => {
    const image = imageOf(put(3), put(7), put(9), { type, index });
    expect(indexesOf(image)).toEqual(left);
    expect([image.first, image.last]).toEqual([left.at(0) ?? 1, left.at(-1) ?? 0]);
  });

  it('keeps what it holds when whoever wrote it changes the bytes', () => {
    const record = Uint8Array.of(1);
    const image = imageOf({ type: 'put', index: 1, record });
    record[0] = 2;
    expect(image.record(1)).toEqual(Uint8Array.of(1));
  });
});

describe('virtual time', () => {
  it('runs events in order of time, and those of one moment in the order they came', () => {
    const schedule = new Schedule();
    const ran: string[] = [];
    for (const [name, time] of [
      ['c', 20],
      ['a', 10],
      ['d', 20],
      ['b', 10],
    ] as const) {
      schedule.at(time, () => ran.push(name));
    }
    while (schedule.step(15));
    expect([ran.join(''), schedule.now]).toEqual(['ab', 15]);
    while (schedule.step(30));
    expect([ran.join(''), schedule.now, schedule.ran]).toEqual(['abcd', 30, 4]);
  });

  it('never shows a clock the wanted moment too early, however fast it runs', () => {
    for (const rate of [0.7, 1, 1.3]) {
      const clock = new Clock(rate, 12_345.678);
      for (let wanted = 12_400; wanted < 13_000; wanted += 17.3) {
        expect(clock.read(clock.when(wanted))).toBeGreaterThanOrEqual(wanted);
      }
    }
  });
});

describe('the rules of Raft', () => {
  const decision = (holders: readonly string[], ...inForce: Membership[]): Decision => ({
    index: 5,
    decided: [],
    inForce,
    holds: (id) => holders.includes(id),
  });

  it('let a majority decide, of each set of voters while there are two', () => {
    const three = group('a', 'b', 'c');
    const joint = { ...group('c', 'd', 'e'), outgoing: three.voters };
    expect(raftRules.decides(decision(['a', 'b'], three))).toBe(true);
    expect(raftRules.decides(decision(['a', 'd', 'e'], three))).toBe(false);
    expect(raftRules.decides(decision(['a', 'b'], joint))).toBe(false);
    expect(raftRules.decides(decision(['a', 'b', 'd', 'e'], joint))).toBe(true);
    // The change came in this turn, and the entry was decided before it or after it.
    expect(raftRules.decides(decision(['a', 'b'], three, joint))).toBe(true);
  });

  it.each([
    ['one voter more', group('a', 'b', 'c'), group('a', 'b', 'c', 'd'), true],
    ['two voters more', group('a', 'b', 'c'), group('a', 'b', 'c', 'd', 'e'), false],
    ['others', group('a'), group('b'), false],
    ['others, by way of both', group('a'), { ...group('b'), outgoing: group('a').voters }, true],
  ])('take %s for quorums that meet: %j, %j', (_what, before, after, meet) => {
    expect(haveCommonQuorums(before, after)).toBe(meet);
  });
});
