/** The states of the ledger: told apart by their keys, exactly, whatever accounts are called. */
import { seededRandom } from '@quorate/core';
import { type Balances, canonical, ledgerModel } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';

describe('the key of a ledger', () => {
  const model = ledgerModel();
  const key = (state: Balances) => model.key(state);

  it('is the same for the same balances in any order, and for no others', () => {
    const random = seededRandom(1);
    // What a key is made of, as parts of names.
    const letters = ['', 'a', '1', '2', ':', ',', '-', '1:a', 'a1,'];
    const byKey = new Map<string | number, string>();
    const keys = new Set<string>();
    for (let round = 0; round < 5000; round++) {
      const accounts = Array.from({ length: random.below(4) }, () => [
        `${random.pick(letters)}${random.pick(letters)}`,
        random.below(25) - 12,
      ]);
      const state = Object.fromEntries(accounts) as Balances;
      const turned = Object.fromEntries(Object.entries(state).toReversed());
      expect(key(turned)).toBe(key(state));
      keys.add(canonical(state));
      expect(byKey.get(key(state)) ?? canonical(state)).toBe(canonical(state));
      byKey.set(key(state), canonical(state));
    }
    expect(byKey.size).toBe(keys.size);
  });
});

describe('a read of all accounts', () => {
  const model = ledgerModel();
  const state = { a: 1, b: 2 };
  const fits = (value: Parameters<typeof canonical>[0]) =>
    model.step(state, { f: 'read' }, { value }).length > 0;

  it('fits if it names each account with its balance, in any order', () => {
    expect(fits({ b: 2, a: 1 })).toBe(true);
    for (const other of [{ a: 1 }, { a: 1, b: 3 }, { a: 1, c: 2 }, { a: 1, b: 2, c: 0 }, [1, 2]]) {
      expect(fits(other)).toBe(false);
    }
    expect(fits(null)).toBe(false);
    expect(fits({ a: 1, b: '2' })).toBe(false);
  });
});
