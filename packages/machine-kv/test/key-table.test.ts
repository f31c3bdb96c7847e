/** The table of keys: beside a `Map`, and with keys that were chosen to be in each other's way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf, KeyTable, type Slot } from '../src/key-table.ts';
import { noVersion } from '../src/version-table.ts';

/** A table beside what it should say. */
class Modelled {
  readonly table = new KeyTable();
  readonly slots = new Map<string, Slot>();
  /** Keys that came with a version of somebody else. */
  readonly leftOver: string[] = [];

  add(key: string): void {
    if (this.slots.has(key)) return;
    const slot = this.table.add(key);
    if (this.table.newest(slot) !== noVersion) this.leftOver.push(key);
    this.slots.set(key, slot);
    this.table.setNewest(slot, slot + 1);
  }

  remove(key: string): void {
    const slot = this.slots.get(key);
    if (slot === undefined) return;
    this.table.remove(slot);
    this.slots.delete(key);
  }

  /** What it says that it should not. */
  wrong(absent: Iterable<string> = []): string[] {
    const wrong: string[] = [];
    for (const [key, slot] of this.slots) {
      const { table } = this;
      const isRight =
        table.find(key) === slot && table.key(slot) === key && table.newest(slot) === slot + 1;
      if (!isRight) wrong.push(key);
    }
    for (const key of absent) {
      if (!this.slots.has(key) && this.table.find(key) !== undefined) wrong.push(key);
    }
    return wrong;
  }

  check(absent?: Iterable<string>): void {
    expect(this.leftOver).toEqual([]);
    expect(this.wrong(absent)).toEqual([]);
    expect(this.table.size).toBe(this.slots.size);
    expect(new Set(this.slots.values()).size).toBe(this.slots.size);
  }
}

/** Keys whose hashes end in the same bits, so that they share a bucket in every table up to 2^12 buckets. */
function neighbours(count: number): string[] {
  const keys: string[] = [];
  for (let at = 0; keys.length < count; at++) {
    const key = `key-${at.toString(36)}`;
    if ((hashOf(key) & 0xfff) === 0) keys.push(key);
  }
  return keys;
}

describe('a table of keys', () => {
  it('finds those that are there, and no others, of whatever kind', () => {
    const someKey = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.string({ minLength: 20, maxLength: 30 }),
      fc.string({ unit: fc.constantFrom('a', 'é', 'ÿ', 'Ā', '💡'), maxLength: 26 }),
    );
    const someStep = fc.record({ key: someKey, isThere: fc.boolean() });
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 300 }), (steps) => {
        const modelled = new Modelled();
        for (const { key, isThere } of steps) {
          if (isThere) modelled.add(key);
          else modelled.remove(key);
        }
        modelled.check(steps.map(({ key }) => key));
      }),
    );
  });

  it('grows and is emptied again', () => {
    const modelled = new Modelled();
    for (let key = 0; key < 40_000; key++) modelled.add(String(key));
    for (let key = 0; key < 40_000; key += 3) modelled.remove(String(key));
    for (let key = 0; key < 100; key++) modelled.add(`new ${String(key)}`);
    modelled.check(['1', '39999', '40000', 'new 100']);
    for (const key of [...modelled.slots.keys()]) modelled.remove(key);
    modelled.check(['1', 'new 1']);
  });

  it('finds keys that were chosen to share a bucket, while some of them go', () => {
    const keys = neighbours(60);
    const modelled = new Modelled();
    for (const key of keys) modelled.add(key);
    modelled.check();
    // Those in the bucket as well as those that found no room in it.
    for (const key of [...keys.slice(0, 5), ...keys.slice(30, 40)]) modelled.remove(key);
    modelled.check(keys);
    for (const key of keys) modelled.add(key);
    // The bucket is divided.
    for (let key = 0; key < 20_000; key++) modelled.add(String(key));
    modelled.check();
    for (const key of keys) modelled.remove(key);
    modelled.check(keys);
  });

  it('spreads ordinary keys so that few look for room', () => {
    const buckets = new Map<number, number>();
    const count = 3 * 2 ** 12;
    for (let at = 0; at < count; at++) {
      const bucket = hashOf(`user/${String(at).padStart(8, '0')}`) & 0xfff;
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
    const full = [...buckets.values()].filter((keys) => keys > 7).length;
    // 1.2 % if they were drawn by lot.
    expect(full / 2 ** 12).toBeLessThan(0.02);
  });
});
