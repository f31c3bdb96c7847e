/** Completions of writes: late, twice and in any order. */
import { describe, expect, it } from 'vitest';
import { WriteLedger } from '../../src/engines/write-ledger.ts';

describe('a ledger of writes', () => {
  it('counts a completion for all writes before it', () => {
    const ledger = new WriteLedger();
    const [first, second, third] = [ledger.issue(0), ledger.issue(0), ledger.issue(0)];
    expect([ledger.issued, ledger.stored, ledger.pending]).toEqual([third, 0, third]);
    expect(ledger.settle(second, 1)).toBe(true);
    expect([ledger.stored, ledger.pending]).toEqual([second, third]);
    expect(ledger.settle(first, 2)).toBe(false);
    expect(ledger.settle(third, 3)).toBe(true);
    expect([ledger.stored, ledger.pending]).toEqual([third, undefined]);
  });

  it('knows since when nothing moves', () => {
    const ledger = new WriteLedger();
    expect(ledger.waitingSince).toBeUndefined();
    const first = ledger.issue(10);
    const second = ledger.issue(20);
    expect(ledger.waitingSince).toBe(10);
    ledger.settle(first, 30);
    expect(ledger.waitingSince).toBe(30);
    ledger.settle(second, 40);
    expect(ledger.waitingSince).toBeUndefined();
  });

  it('does not believe a completion of what was never asked for', () => {
    expect(() => new WriteLedger().settle(1, 0)).toThrow('not written');
  });
});
