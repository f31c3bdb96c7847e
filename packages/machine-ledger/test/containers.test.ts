/** The containers: like those of the language, without their pauses. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Account, Currency } from '../src/accounts.ts';
import { ChunkedList, IdIndex } from '../src/containers.ts';
import { ExpiryQueue, type PendingTransfer } from '../src/pendings.ts';

describe('a list in chunks', () => {
  test('is an array that only its end changes', () => {
    const list = new ChunkedList<number>();
    const array: number[] = [];
    const look = (): void => {
      expect(list.length).toBe(array.length);
      for (const at of [0, 1023, 1024, 2047, 2048, array.length - 1, array.length]) {
        expect(list.at(at)).toBe(array[at]);
      }
    };
    list.pop();
    expect(list.length).toBe(0);
    for (const target of [1, 1024, 1023, 3000, 1025, 1024, 2048, 0, 5]) {
      while (array.length < target) {
        list.push(array.length * 7);
        array.push(array.length * 7);
      }
      while (array.length > target) {
        list.pop();
        array.pop();
      }
      look();
    }
  });
});

describe('an index by id', () => {
  test('is a map', () => {
    const someChange = fc.tuple(fc.boolean(), fc.nat(30));
    fc.assert(
      fc.property(fc.array(someChange), (changes) => {
        const index = new IdIndex<number>();
        const map = new Map<string, number>();
        for (const [adds, number] of changes) {
          const id = `id-${String(number)}`;
          if (adds && !map.has(id)) {
            index.add(id, number);
            map.set(id, number);
          } else if (!adds) {
            index.remove(id);
            map.delete(id);
          }
          expect(index.size).toBe(map.size);
        }
        for (let number = 0; number <= 30; number++) {
          const id = `id-${String(number)}`;
          expect(index.get(id)).toBe(map.get(id));
        }
      }),
    );
  });
});

describe('the queue of what expires', () => {
  const account = new Account('a', new Currency('EUR'), 'none', 0);
  const pending = (sequence: number, expiresAt: number): PendingTransfer => ({
    id: String(sequence),
    sequence,
    debit: account,
    credit: account,
    amount: 1n,
    expiresAt,
    resolution: undefined,
  });

  test('is ordered by time and then by number, whatever ends in between', () => {
    const someChange = fc.oneof(
      fc.record({ type: fc.constant('add' as const), at: fc.nat(20) }),
      fc.record({ type: fc.constant('end' as const), at: fc.nat(40) }),
    );
    fc.assert(
      fc.property(fc.array(someChange, { maxLength: 60 }), (changes) => {
        const queue = new ExpiryQueue();
        let left: PendingTransfer[] = [];
        for (const [sequence, { type, at }] of changes.entries()) {
          const chosen = left[at % Math.max(left.length, 1)];
          if (type === 'add') {
            const added = pending(sequence, at + 1);
            queue.add(added);
            left.push(added);
          } else if (chosen !== undefined) {
            chosen.resolution = { type: 'expired', sequence };
            left = left.filter((other) => other !== chosen);
            queue.settle();
          }
          const [next] = left.toSorted(
            (one, other) => one.expiresAt - other.expiresAt || one.sequence - other.sequence,
          );
          expect(queue.next).toBe(next);
        }
      }),
    );
  });
});
