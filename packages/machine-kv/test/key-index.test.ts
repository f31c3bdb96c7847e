import { expect, it } from 'vitest';
import { KeyIndex } from '../src/key-index.ts';
import type { Slot } from '../src/key-table.ts';
import { noVersion } from '../src/version-table.ts';

const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

function put(index: KeyIndex, key: string, id: number): void {
  index.setNewest(index.find(key) ?? index.add(key), id);
}

function remove(index: KeyIndex, key: string): void {
  const slot = index.find(key);
  if (slot !== undefined) index.remove(slot);
}

function listed(index: KeyIndex, slots: Iterable<Slot>): string[] {
  return Array.from(slots, (slot) => `${index.key(slot)}${String(index.newest(slot))}`);
}

it('finds one key, and many in order, from either side', () => {
  const index = new KeyIndex(order);
  for (const [at, key] of ['b', 'c', 'a'].entries()) put(index, key, at);
  put(index, 'c', 9);
  expect(listed(index, index.from(''))).toEqual(['a2', 'b0', 'c9']);
  expect(listed(index, index.from('b'))).toEqual(['b0', 'c9']);
  expect(listed(index, index.before('c'))).toEqual(['b0', 'a2']);
  expect(listed(index, index.before(undefined))).toEqual(['c9', 'b0', 'a2']);
  remove(index, 'b');
  expect(index.find('b')).toBeUndefined();
  expect(listed(index, index.from(''))).toEqual(['a2', 'c9']);
});

it('gives the slot of a key that went to another one, and nothing of what it said', () => {
  const index = new KeyIndex(order);
  for (let key = 0; key < 3000; key++) put(index, String(key), key + 1);
  const slot = index.find('1234');
  remove(index, '1234');
  expect(index.add('new')).toBe(slot);
  expect(listed(index, index.from('new'))).toEqual([`new${String(noVersion)}`]);
});

it('goes on behind the last key while keys come and go', () => {
  const index = new KeyIndex(order);
  for (const key of ['b', 'd', 'f', 'h']) put(index, key, 1);
  const walk = index.from('');
  const next = (): string | undefined => {
    const { value, done } = walk.next();
    return done === true ? undefined : index.key(value);
  };
  expect(next()).toBe('b');
  // In front of it, at it, behind it.
  for (const key of ['a', 'c']) put(index, key, 2);
  for (const key of ['b', 'd']) remove(index, key);
  expect(next()).toBe('c');
  expect(next()).toBe('f');
  put(index, 'f', 3);
  remove(index, 'h');
  put(index, 'i', 1);
  expect(next()).toBe('i');
  expect(next()).toBeUndefined();
});
