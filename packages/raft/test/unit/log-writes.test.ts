/** How far the log is durable, whatever completions say of entries that are gone. */
import { describe, expect, it } from 'vitest';
import { LogWrites } from '../../src/log-writes.ts';

describe('the writes of a log', () => {
  it('make durable what they held, and all before them', () => {
    const writes = new LogWrites(0);
    const [, second, third] = [writes.issue(5, 0), writes.issue(8, 0), writes.issue(9, 0)];
    expect(writes.settle(second, 1)).toBe(true);
    expect([writes.durableIndex, writes.pending]).toEqual([8, third]);
    expect(writes.settle(1, 2)).toBe(false);
    expect(writes.settle(third, 3)).toBe(true);
    expect([writes.durableIndex, writes.pending]).toEqual([9, undefined]);
  });

  it('R18: say nothing about entries that were truncated after they were asked for', () => {
    const writes = new LogWrites(0);
    const first = writes.issue(10, 0);
    writes.truncateAfter(4);
    const second = writes.issue(12, 0);
    writes.settle(first, 1);
    expect(writes.durableIndex).toBe(4);
    writes.settle(second, 1);
    expect(writes.durableIndex).toBe(12);
  });

  it('take back what was durable where it is truncated', () => {
    const writes = new LogWrites(10);
    writes.truncateAfter(3);
    expect(writes.durableIndex).toBe(3);
  });
});
