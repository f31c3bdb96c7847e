import { expect, it } from 'vitest';
import type { Version } from '../src/history.ts';
import { KeyIndex } from '../src/key-index.ts';

const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

function version(key: string, revision: number): Version {
  return {
    ...{ key, value: undefined, createRevision: 0, modRevision: revision, position: 0 },
    ...{ version: 0, lease: 0, bytes: key.length, hashLow: 0, hashHigh: 0, previous: undefined },
  };
}

const put = (index: KeyIndex, key: string, revision: number): void => {
  index.replace(index.slot(key), version(key, revision));
};
const listed = (versions: Iterable<Version>): string[] =>
  Array.from(versions, ({ key, modRevision }) => `${key}${String(modRevision)}`);

it('finds one key, and many in order, from either side', () => {
  const index = new KeyIndex(order);
  for (const [at, key] of ['b', 'c', 'a'].entries()) put(index, key, at);
  put(index, 'c', 9);
  expect(index.get('c')?.modRevision).toBe(9);
  expect(listed(index.values())).toEqual(['a2', 'b0', 'c9']);
  expect(listed(index.from('b'))).toEqual(['b0', 'c9']);
  expect(listed(index.before('c'))).toEqual(['b0', 'a2']);
  expect(listed(index.before(undefined))).toEqual(['c9', 'b0', 'a2']);
  index.delete('b');
  expect(index.get('b')).toBeUndefined();
  expect(listed(index.values())).toEqual(['a2', 'c9']);
});

it('keeps for each snapshot what was there when it was taken, however they are read', () => {
  const index = new KeyIndex(order);
  put(index, 'a', 1);
  put(index, 'b', 1);
  const first = index.freeze()();
  put(index, 'a', 2);
  const second = index.freeze()();
  put(index, 'a', 3);
  index.delete('b');
  put(index, 'c', 3);
  const reading = second[Symbol.iterator]();
  expect(reading.next().value).toMatchObject({ key: 'a', modRevision: 2 });
  // The first ends while the second is half read.
  expect(listed(first)).toEqual(['a1', 'b1']);
  put(index, 'b', 4);
  put(index, 'a', 4);
  expect(reading.next().value).toMatchObject({ key: 'b', modRevision: 1 });
  expect(reading.next().done).toBe(true);
  put(index, 'a', 5);
  expect(listed(index.values())).toEqual(['a5', 'b4', 'c3']);
});

it('gives what it has frozen once', () => {
  const index = new KeyIndex(order);
  put(index, 'a', 1);
  const newest = index.freeze();
  expect(listed(newest())).toEqual(['a1']);
  expect(newest).toThrow('read once');
});
