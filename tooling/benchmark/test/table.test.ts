import { describe, expect, it } from 'vitest';
import { formatCount, formatLatency, formatRatio, tableOf } from '../src/results/table.ts';
import { floorRow, twoRows } from './rows.ts';

describe('the table', () => {
  it('has a line a row, in columns', () => {
    expect(tableOf([...floorRow({ when: 'before' }), ...twoRows([61_234], [60_000])])).toBe(
      [
        'floor   variant  operation      bytes  conn × clients  algorithm   ops/s     p50   p99  p99.9   max  compared',
        '──────  ───────  ─────────────  ─────  ──────────────  ─────────  ──────  ──────  ────  ─────  ────  ──────────────────────────',
        'before  disk     synced append   4096           0 × 1              2,780  100 µs  1 ms   2 ms  3 ms',
        '        durable  execute          256         0 × 256  raft       61,200  100 µs  1 ms   2 ms  3 ms',
        '        durable  execute          256         0 × 256  paxos      60,000  100 µs  1 ms   2 ms  3 ms  0.98 × (0.98–0.98) of raft',
        '',
      ].join('\n'),
    );
  });

  it('leaves out what no row says', () => {
    expect(tableOf(twoRows([1], [1]))).not.toContain('floor');
    expect(tableOf(floorRow())).not.toMatch(/algorithm|compared|syncs/);
  });
});

describe('figures', () => {
  it.each([
    { us: 0.74, text: '0.74 µs' },
    { us: 740.4, text: '740 µs' },
    { us: 1404, text: '1.4 ms' },
    { us: 12_345_678, text: '12.3 s' },
  ])('$us µs is $text', ({ us, text }) => {
    expect(formatLatency(us)).toBe(text);
  });

  it('have three digits that mean something', () => {
    expect([61_234, 1_234_567, 0.0039123, 512].map(formatCount)).toEqual([
      ...['61,200', '1,230,000', '0.00391', '512'],
    ]);
  });

  it('of a ratio say how far the rounds lay apart', () => {
    expect(formatRatio({ median: 0.974, low: 0.931, high: 1.02 })).toBe('0.97 × (0.93–1.02)');
  });
});
