/** Ranges that hold a key, against an array of all of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareCodePoints } from '../src/keys.ts';
import { IntervalTree } from '../src/watches/interval-tree.ts';
import { someKey } from './harness.ts';

interface Entry {
  readonly from: string;
  readonly to: string | undefined;
}

const holds = ({ from, to }: Entry, key: string): boolean =>
  compareCodePoints(key, from) >= 0 && (to === undefined || compareCodePoints(key, to) < 0);

const found = (tree: IntervalTree<number>, key: string): readonly number[] => {
  const items: number[] = [];
  tree.collect(key, items);
  return items.sort((left, right) => left - right);
};

const someBound = fc.oneof(someKey, fc.string({ maxLength: 2 }));
const someEntry = fc.record({ from: someBound, to: fc.option(someBound, { nil: undefined }) });

describe('an interval tree', () => {
  test('finds exactly those that an array finds, whatever is added and deleted', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof({ weight: 3, arbitrary: someEntry }, { weight: 2, arbitrary: fc.nat(100) }),
          { maxLength: 150, size: 'max' },
        ),
        fc.array(someBound, { minLength: 5, maxLength: 20 }),
        (actions, keys) => {
          const tree = new IntervalTree<number>();
          const all = new Map<number, Entry>();
          let next = 0;
          for (const action of actions) {
            if (typeof action === 'number') {
              const id = [...all.keys()][action % Math.max(all.size, 1)];
              const entry = id === undefined ? undefined : all.get(id);
              if (id === undefined || entry === undefined) continue;
              tree.delete(entry, id);
              all.delete(id);
            } else {
              tree.add(action, next);
              all.set(next, action);
              next += 1;
            }
            for (const key of keys) {
              const expected = [...all].filter(([, entry]) => holds(entry, key));
              expect(found(tree, key)).toEqual(expected.map(([id]) => id));
            }
          }
          const rest: number[] = [];
          tree.collectAll(rest);
          expect(rest.sort((left, right) => left - right)).toEqual([...all.keys()]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('stays as flat as it must, in whatever order ranges come and go', () => {
    const tree = new IntervalTree<number>();
    const bounds = (at: number): Entry => {
      const from = String(at).padStart(6, '0');
      return { from, to: `${from}~` };
    };
    const size = 4096;
    for (let at = 0; at < size; at++) tree.add(bounds(at), at);
    expect(tree.height).toBeLessThanOrEqual(1.45 * Math.log2(size));
    expect(found(tree, '001234x')).toEqual([1234]);
    for (let at = 0; at < size - 64; at++) tree.delete(bounds(at), at);
    expect(tree.height).toBeLessThanOrEqual(1.45 * Math.log2(64) + 1);
    expect(found(tree, '001234x')).toEqual([]);
    expect(found(tree, '004095x')).toEqual([4095]);
  });
});
