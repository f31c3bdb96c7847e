/**
 * Rows as a picture: one panel a variant, operations per second on a logarithmic scale, one line for
 * each algorithm or storage, and a bar from the slowest to the fastest round. Nothing but text, for light and dark.
 */
import type { Row } from './row.ts';

interface Panel {
  readonly title: string;
  /** What the labels below the points are. */
  readonly axis: string;
  readonly labels: readonly string[];
  readonly lines: readonly Line[];
}

interface Line {
  readonly name: string;
  readonly points: readonly { readonly label: string; readonly row: Row }[];
}

const panelHeight = 300;
const headHeight = 52;
/** For the names of the lines, on the right of the points. */
const keyWidth = 150;
/** Where the points lie within a panel; more to the right where the labels need it. */
const area = { left: 84, right: 470, top: 40, bottom: 244 };
/** A text has no width here: about that of the widest font that readers are likely to have, DejaVu Sans. */
const characterWidth = 7;
const labelGap = 14;
const decadeFormat = new Intl.NumberFormat('en-US', { notation: 'compact' });
/** More lines than styles share them. */
const lineStyles = 5;

const style = `
    text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #1f2328; }
    .paper { fill: #ffffff; }
    .head { font-size: 16px; font-weight: 600; }
    .small { fill: #59636e; font-size: 12px; }
    .grid { stroke: #d5dbe1; }
    .line { fill: none; stroke-width: 2; }
    .s0 { stroke: #0a5fc4; }
    .s1 { stroke: #b3470c; }
    .s2 { stroke: #1a7f37; }
    .s3 { stroke: #8250df; }
    .s4 { stroke: #6e7781; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .paper { fill: #0d1117; }
      .small { fill: #9aa4af; }
      .grid { stroke: #2f3742; }
      .s0 { stroke: #6cb0ff; }
      .s1 { stroke: #ff9d5c; }
      .s2 { stroke: #56d364; }
      .s3 { stroke: #c297ff; }
      .s4 { stroke: #b6bfc8; }
    }
  `;

/** An SVG document. Floors that were measured around the work are left out. */
export function plotOf(title: string, rows: readonly Row[]): string {
  const panels = panelsOf(rows.filter(({ when }) => when === undefined));
  const right = Math.max(area.right, ...panels.map(rightOf));
  const width = right + keyWidth;
  const height = headHeight + panels.length * panelHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `  <title id="title">${escapeXml(title)}</title>`,
    `  <style>${style}</style>`,
    `  <rect class="paper" width="${width}" height="${height}" rx="10" />`,
    `  <text class="head" x="24" y="34">${escapeXml(title)}</text>`,
    ...panels.flatMap((panel, at) => [
      `  <g transform="translate(0 ${headHeight + at * panelHeight})">`,
      ...draw(panel, right).map((shape) => `    ${shape}`),
      '  </g>',
    ]),
    '</svg>\n',
  ].join('\n');
}

function panelsOf(rows: readonly Row[]): readonly Panel[] {
  return distinct(rows.map(({ variant }) => variant)).map((variant) => {
    const own = rows.filter((row) => row.variant === variant);
    const axis = axisOf(own);
    const points = own.map((row) => ({
      row,
      name: lineOf(row),
      label: String(axis.value(row)),
    }));
    return {
      title: variant,
      axis: axis.name,
      labels: distinct(points.map(({ label }) => label)),
      lines: distinct(points.map(({ name }) => name)).map((name) => ({
        name,
        points: points.filter((point) => point.name === name),
      })),
    };
  });
}

/** What changes from point to point. */
function axisOf(rows: readonly Row[]): {
  readonly name: string;
  readonly value: (row: Row) => number | string;
} {
  // Floors have one client.
  if (rows.every(({ algorithm, storage }) => algorithm === null && storage === undefined)) {
    return { name: 'bytes', value: ({ valueBytes }) => valueBytes };
  }
  if (rows.some(({ paceMiB }) => paceMiB !== undefined)) {
    return {
      name: 'MiB of the snapshot a second',
      value: ({ paceMiB }) => paceMiB ?? 'unlimited',
    };
  }
  if (distinct(rows.map(({ members }) => String(members))).length > 1) {
    return { name: 'members', value: ({ members }) => members ?? 0 };
  }
  if (distinct(rows.map(({ valueBytes }) => String(valueBytes))).length > 1) {
    return { name: 'bytes of a value', value: ({ valueBytes }) => valueBytes };
  }
  if (rows.some(({ connections }) => connections > 0)) {
    return {
      name: 'connections × clients',
      value: ({ connections, clients }) => `${connections} × ${clients}`,
    };
  }
  const alone = rows.every(({ algorithm }) => algorithm === null);
  return {
    name: alone ? 'entries of one write' : 'commands in flight',
    value: ({ clients }) => clients,
  };
}

function lineOf({ algorithm, storage, operation }: Row): string {
  const parts = [algorithm, storage].filter((part) => typeof part === 'string');
  return parts.length === 0 ? operation : parts.join(', ');
}

/** How far to the right the points must lie for the labels not to touch. */
function rightOf({ labels }: Panel): number {
  const longest = Math.max(...labels.map(({ length }) => length));
  return area.left + labels.length * (longest * characterWidth + labelGap);
}

function draw({ title, axis, labels, lines }: Panel, right: number): readonly string[] {
  const rows = lines.flatMap(({ points }) => points.map(({ row }) => row));
  const low = Math.min(...rows.map((row) => row.operationsPerSecondLow));
  const high = Math.max(...rows.map((row) => row.operationsPerSecondHigh));
  const firstDecade = Math.floor(Math.log10(low));
  const lastDecade = Math.max(Math.ceil(Math.log10(high)), firstDecade + 1);
  const y = (value: number): number => {
    const share = (Math.log10(value) - firstDecade) / (lastDecade - firstDecade);
    return round(area.bottom - share * (area.bottom - area.top));
  };
  const x = (label: string): number => {
    const step = (right - area.left) / labels.length;
    return round(area.left + (labels.indexOf(label) + 0.5) * step);
  };
  const decades = Array.from(
    { length: lastDecade - firstDecade + 1 },
    (_, at) => 10 ** (firstDecade + at),
  );
  return [
    `<text class="small" x="24" y="18">${escapeXml(title)}, operations per second</text>`,
    ...decades.flatMap((value) => [
      `<path class="grid" d="M${area.left} ${y(value)}H${right}" />`,
      `<text class="small" x="${area.left - 8}" y="${y(value) + 4}" text-anchor="end">${decadeFormat.format(value)}</text>`,
    ]),
    ...labels.map(
      (label) =>
        `<text class="small" x="${x(label)}" y="${area.bottom + 20}" text-anchor="middle">${escapeXml(label)}</text>`,
    ),
    `<text class="small" x="${(area.left + right) / 2}" y="${area.bottom + 40}" text-anchor="middle">${axis}</text>`,
    ...lines.flatMap(({ name, points }, at) => {
      // Side by side, so that bars of equal speed do not hide each other.
      const shift = (at - (lines.length - 1) / 2) * 8;
      const place = (point: Line['points'][number]): number => round(x(point.label) + shift);
      const path = points.map((point) => `${place(point)} ${y(point.row.operationsPerSecond)}`);
      const bars = points.map((point) => {
        const { operationsPerSecondLow, operationsPerSecondHigh } = point.row;
        return `M${place(point)} ${y(operationsPerSecondLow)}V${y(operationsPerSecondHigh)}`;
      });
      const key = area.top + at * 22;
      return [
        `<path class="line s${at % lineStyles}" d="M${path.join('L')}${bars.join('')}" />`,
        `<path class="line s${at % lineStyles}" d="M${right + 16} ${key}h20" />`,
        `<text x="${right + 44}" y="${key + 4}">${escapeXml(name)}</text>`,
      ];
    }),
  ];
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
