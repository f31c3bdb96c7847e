/** Completions of writes: late, twice, in any order, and about entries that are gone. */
import { describe, expect, it } from 'vitest';
import { WriteLedger } from '../../src/write-ledger.ts';

describe('a ledger of writes', () => {
  it('counts a completion for all writes before it', () => {
    const ledger = new WriteLedger(0);
    const [, second, third] = [ledger.issue(5, 0), ledger.issue(8, 0), ledger.issue(9, 0)];
    expect(ledger.settle(second, 1)).toBe(true);
    expect(ledger.durableIndex).toBe(8);
    expect(ledger.pending).toBe(third);
    expect(ledger.settle(1, 2)).toBe(false);
    expect(ledger.settle(third, 3)).toBe(true);
    expect([ledger.durableIndex, ledger.pending]).toEqual([9, undefined]);
  });

  it('R18: a completion says nothing about entries that were truncated after it was asked for', () => {
    const ledger = new WriteLedger(0);
    const first = ledger.issue(10, 0);
    ledger.truncateAfter(4);
    const second = ledger.issue(12, 0);
    ledger.settle(first, 1);
    expect(ledger.durableIndex).toBe(4);
    ledger.settle(second, 1);
    expect(ledger.durableIndex).toBe(12);
  });

  it('takes back what was durable where it is truncated', () => {
    const ledger = new WriteLedger(10);
    ledger.truncateAfter(3);
    expect(ledger.durableIndex).toBe(3);
  });

  it('knows since when nothing moves', () => {
    const ledger = new WriteLedger(0);
    expect(ledger.waitingSince).toBeUndefined();
    const first = ledger.issue(1, 10);
    const second = ledger.issue(2, 20);
    expect(ledger.waitingSince).toBe(10);
    ledger.settle(first, 30);
    expect(ledger.waitingSince).toBe(30);
    ledger.settle(second, 40);
    expect(ledger.waitingSince).toBeUndefined();
  });

  it('does not believe a completion of what was never asked for', () => {
    expect(() => new WriteLedger(0).settle(1, 0)).toThrow('not written');
  });
});
