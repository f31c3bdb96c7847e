import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatLatency,
  formatPace,
  formatRatio,
  tableOf,
} from '../src/results/table.ts';
import { floorRow, twoRows, twoStorages } from './rows.ts';

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
    expect(tableOf(floorRow())).not.toMatch(/algorithm|storage|pace|compared|syncs/);
  });

  it('says which storage it is, and has figures with their units', () => {
    const [, row] = twoStorages([100], [50], { paceMiB: 32 });
    const figures = { blocksOfValueAnd32: 1.04, peakRssMiB: 97.25, snapshotMiBPerSecond: 29.8 };
    const lines = row === undefined ? [] : tableOf([{ ...row, figures }]).split('\n');
    expect(lines[0]).toMatch(/ storage +pace .* of value \+ 32 +snapshot +peak RSS +compared$/);
    expect(lines[2]).toMatch(
      / level +32 MiB\/s .* 1\.04 +29\.8 MiB\/s +97\.3 MiB +0\.50 × .* of file$/,
    );
  });

  it('says in what one is compared, where it is not speed', () => {
    const [, row] = twoRows([1], [1]);
    const spread = { median: 1.8, low: 1.55, high: 2.1 };
    const ratios = [
      { to: 'steady', of: 'p99' as const, ...spread },
      { to: 'take', of: 'speed' as const, ...spread },
    ];
    expect(tableOf(row === undefined ? [] : [{ ...row, ratios }])).toContain(
      'p99 1.80 × (1.55–2.10) of steady, 1.80 × (1.55–2.10) of take\n',
    );
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

  it('of a pace say where there is none', () => {
    expect([32, null].map(formatPace)).toEqual(['32 MiB/s', 'unlimited']);
  });

  it('of a ratio say how far the rounds lay apart', () => {
    expect(formatRatio({ median: 0.974, low: 0.931, high: 1.02 })).toBe('0.97 × (0.93–1.02)');
  });
});
