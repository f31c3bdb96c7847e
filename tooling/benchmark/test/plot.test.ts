import { describe, expect, it } from 'vitest';
import { plotOf } from '../src/results/plot.ts';
import type { Row } from '../src/results/row.ts';
import { floorRow, twoRows, twoStorages } from './rows.ts';

const rows = [16, 256].flatMap((clients) => [
  ...twoRows([1000, 1100, 900], [500, 600, 400], { clients, variant: 'memory' }),
  ...twoRows([100], [200], { clients, variant: 'durable' }),
]);

describe('the plot', () => {
  const svg = plotOf('a & b <c>', rows);

  it('has a title, and loads nothing from elsewhere', () => {
    expect(svg).toContain('<title id="title">a &amp; b &lt;c&gt;</title>');
    expect(svg).not.toMatch(/<script|<image|@import|url\(|href=/);
  });

  it('has a panel a variant, with a line an algorithm', () => {
    expect(svg).toContain('memory, operations per second');
    expect(svg).toContain('durable, operations per second');
    expect(svg.match(/>raft<\/text>/g)).toHaveLength(2);
    expect(svg.match(/>paxos<\/text>/g)).toHaveLength(2);
  });

  it('draws what is faster higher, and the range of the rounds through the median', () => {
    const [raft, paxos] = [...svg.matchAll(/ d="M[\d.]+ ([\d.]+)L.*?M[\d.]+ ([\d.]+)V([\d.]+)/g)];
    const [, median, low, high] = (raft ?? []).map(Number);
    expect(Number(paxos?.[1])).toBeGreaterThan(median ?? Number.NaN);
    expect(low).toBeGreaterThan(median ?? Number.NaN);
    expect(high).toBeLessThan(median ?? Number.NaN);
  });

  it('grows with the labels below the points, so that they do not touch', () => {
    const wide = plotOf('cluster', shapes([1, 256], [1, 1024], [16, 256], [100, 1000]));
    const wider = plotOf('cluster', shapes([1, 1], [16, 256], [100, 1000], [1000, 100_000]));
    expect(widthOf(plotOf('cluster', shapes([1, 1], [1, 16])))).toBe(620);
    expect(widthOf(wider)).toBeGreaterThan(widthOf(wide));
    for (const plot of [wide, wider]) {
      const labels = [...plot.matchAll(/x="([\d.]+)" y="264" text-anchor="middle">([^<]+)</g)];
      const ends = labels.map(([, x, text = '']) => ({
        left: Number(x) - dejaVuWidth(text) / 2,
        right: Number(x) + dejaVuWidth(text) / 2,
      }));
      expect(ends).toHaveLength(4);
      for (const [at, { left }] of ends.slice(1).entries()) {
        expect(left - (ends[at]?.right ?? Number.NaN)).toBeGreaterThan(8);
      }
    }
  });

  it('keeps as much room for the names of the lines, however wide', () => {
    for (const clients of [16, 100_000_000]) {
      const plot = plotOf('cluster', shapes([1, 1], [10, 10], [100, 100], [1000, clients]));
      const [, x] = /<text x="(\d+)" y="\d+">raft</.exec(plot) ?? [];
      expect(widthOf(plot) - Number(x)).toBe(106);
    }
  });

  it('leaves out floors that were measured around the work', () => {
    expect(plotOf('all', [...floorRow({ when: 'before' }), ...rows])).toBe(plotOf('all', rows));
  });

  it('draws floors of their own by size', () => {
    const floors = plotOf('floor', floorRow());
    expect(floors).toContain('>bytes</text>');
    expect(floors).toContain('>4096</text>');
  });

  it('draws storages as lines over the entries of one write', () => {
    const storages = plotOf(
      'storage',
      [1, 256].flatMap((clients) => twoStorages([100], [50], { clients })),
    );
    expect(storages).toContain('>entries of one write</text>');
    for (const name of ['file', 'level']) expect(storages).toContain(`>${name}</text>`);
  });

  it('draws what a snapshot may take as a point each', () => {
    const paces = plotOf(
      'snapshot',
      [32, null].flatMap((paceMiB) => twoRows([100], [50], { paceMiB, storage: 'file' })),
    );
    expect(paces).toContain('>MiB of the snapshot a second</text>');
    for (const label of ['32', 'unlimited', 'raft, file']) expect(paces).toContain(`>${label}<`);
  });

  it('tells services apart by what differs: connections, members, or sizes of values', () => {
    const connections = plotOf('cluster', shapes([1, 256], [16, 256]));
    expect(connections).toContain('>connections × clients</text>');
    for (const label of ['1 × 256', '16 × 256']) expect(connections).toContain(`>${label}<`);
    const sizes = [3, 5].flatMap((members) => twoRows([100], [50], { connections: 1, members }));
    expect(plotOf('scale', sizes)).toContain('>members</text>');
    const values = [16, 4096].flatMap((valueBytes) => twoRows([100], [50], { valueBytes }));
    expect(plotOf('scale', values)).toContain('>bytes of a value</text>');
  });
});

/** Rows of so many connections and clients each. */
function shapes(...counts: readonly (readonly [number, number])[]): readonly Row[] {
  return counts.flatMap(([connections, clients]) => twoRows([100], [50], { connections, clients }));
}

function widthOf(plot: string): number {
  return Number(/viewBox="0 0 (\d+) /.exec(plot)?.[1]);
}

/** Width of a label in the widest font that is likely, at 12 pixels. */
function dejaVuWidth(text: string): number {
  const widths: Readonly<Record<string, number>> = { ' ': 0.318, '×': 0.838 };
  let width = 0;
  for (const character of text) width += 12 * (widths[character] ?? 0.636);
  return width;
}
