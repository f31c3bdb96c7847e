/** What checks see of a disk. */
import type { StorageOp } from '@quorate/core';
import { Image, sameImage } from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';

const put = (index: number, ...bytes: number[]): StorageOp => ({
  type: 'put',
  index,
  record: Uint8Array.from(bytes),
});

function imageOf(...ops: readonly StorageOp[]): Image {
  const image = new Image();
  image.apply(ops);
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

describe('an image of what was found on a disk', () => {
  const state = Uint8Array.of(7, 7);
  const snapshot = { id: 's', index: 2, context: Uint8Array.of(8) };
  const records = [3, 5, 4].map((index) => ({ index, record: Uint8Array.of(index) }));
  const found = (): Image => Image.of({ state, records, snapshot });

  it('is what the writes had made that led there', () => {
    const written = new Image();
    written.apply([put(1, 1), put(2, 2), put(3, 3), { type: 'state', bytes: Uint8Array.of(0) }]);
    written.apply([put(4, 4), put(5, 5), put(6, 6), { type: 'state', bytes: state }]);
    written.apply([
      { type: 'snapshot', ...snapshot },
      { type: 'dropBefore', index: 3 },
      { type: 'dropAfter', index: 5 },
    ]);
    expect(sameImage(found(), written)).toBe(true);
    expect([found().first, found().last, indexesOf(found())]).toEqual([3, 5, [3, 4, 5]]);
    expect(sameImage(Image.of({}), new Image())).toBe(true);
  });

  it('is what a storage says when it is opened', () => {
    expect(found().recovered(Uint8Array.of(1, 2, 3))).toMatchObject({
      state,
      records: { first: 3, last: 5 },
      snapshot: { id: 's', index: 2, context: Uint8Array.of(8), bytes: 3 },
      lastRecord: Uint8Array.of(5),
    });
    expect(new Image().recovered()).toEqual({
      state: undefined,
      records: undefined,
      snapshot: undefined,
      lastRecord: undefined,
    });
  });

  it('keeps its own bytes, and so does a copy', () => {
    const bytes = Uint8Array.of(1);
    const image = Image.of({ state: bytes, records: [{ index: 1, record: bytes }] });
    const copy = image.copy();
    bytes[0] = 2;
    copy.apply([put(1, 9), put(2, 9)]);
    expect([image.state, image.record(1), image.last]).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(1),
      1,
    ]);
  });

  it.each<readonly [string, StorageOp]>([
    ['another record', put(4, 9)],
    ['a record more', put(6, 6)],
    ['a record less at the end', { type: 'dropAfter', index: 4 }],
    ['a record less at the beginning', { type: 'dropBefore', index: 4 }],
    ['another state', { type: 'state', bytes: Uint8Array.of(7) }],
    ['another name of its snapshot', { type: 'snapshot', ...snapshot, id: 't' }],
    ['its snapshot elsewhere', { type: 'snapshot', ...snapshot, index: 1 }],
    ['other bytes with its snapshot', { type: 'snapshot', ...snapshot, context: state }],
  ])('is not the same with %s', (_what, op) => {
    const other = found();
    other.apply([op]);
    expect(sameImage(found(), other)).toBe(false);
    expect(sameImage(other, found())).toBe(false);
  });

  it('is not the same where one has a hole, no state or no snapshot', () => {
    const holed = Image.of({
      state,
      snapshot,
      records: records.filter(({ index }) => index !== 4),
    });
    const others = [holed, Image.of({ records, snapshot }), Image.of({ state, records })];
    expect(others.map((other) => sameImage(found(), other))).toEqual([false, false, false]);
  });
});
