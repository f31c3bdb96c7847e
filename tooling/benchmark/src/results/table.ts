/** Rows as a table for people. */
import type { Ratio, Row } from './row.ts';
import type { Spread } from './statistics.ts';

interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** `undefined`: nothing to say in this row. A column that says nothing in any row is left out. */
  readonly cell: (row: Row) => string | undefined;
}

const columns: readonly Column[] = [
  left('floor', (row) => row.when),
  left('variant', (row) => row.variant),
  left('operation', (row) => row.operation),
  right('bytes', (row) => String(row.valueBytes)),
  right('conn × clients', (row) => `${row.connections} × ${row.clients}`),
  left('algorithm', (row) => row.algorithm ?? undefined),
  left('storage', (row) => row.storage),
  right('members', ({ members }) => (members === undefined ? undefined : String(members))),
  left('client', (row) => row.client),
  right('pace', ({ paceMiB }) => (paceMiB === undefined ? undefined : formatPace(paceMiB))),
  right('ops/s', (row) => formatCount(row.operationsPerSecond)),
  right('p50', (row) => formatLatency(row.p50)),
  right('p99', (row) => formatLatency(row.p99)),
  right('p99.9', (row) => formatLatency(row.p999)),
  right('max', (row) => formatLatency(row.max)),
  right('offered', figure('offeredPerSecond')),
  right('outage', figure('outageMs', 'ms')),
  right('acked', figure('acknowledged')),
  right('not acked', figure('unacknowledged')),
  right('lost', figure('lost')),
  right('CPU µs/cmd', figure('processorMicroseconds')),
  right('load CPU', figure('loadPercent', '%')),
  right('servers', figure('serversPercent', '%')),
  right('idle ones', figure('othersPercent', '%')),
  right('leaders lost', figure('leadersLost')),
  right('RSS', figure('rssMiB', 'MiB')),
  right('heap', figure('heapMiB', 'MiB')),
  right('loop p99', figure('loopDelayP99Ms', 'ms')),
  right('loop max', figure('loopDelayMaxMs', 'ms')),
  right('GC', figure('collectorPercent', '%')),
  right('µs/cmd', figure('microsecondsPerCommand')),
  right('syncs/cmd', figure('syncsPerCommand')),
  right('frames/cmd', figure('framesPerCommand')),
  right('writes/cmd', figure('socketWritesPerCommand')),
  right('cmds/entry', figure('commandsPerEntry')),
  right('syncs/write', figure('syncsPerWrite')),
  right('disk/entry', figure('diskBytesPerEntry')),
  right('blocks/entry', figure('blockBytesPerEntry')),
  right('of value + 32', figure('blocksOfValueAnd32')),
  right('snapshot', figure('snapshotMiBPerSecond', 'MiB/s')),
  right('peak RSS', figure('peakRssMiB', 'MiB')),
  right('before', figure('rssBeforeMiB', 'MiB')),
  right('receiver', figure('receiverPeakRssMiB', 'MiB')),
  left('compared', ({ ratios }) =>
    ratios.length === 0 ? undefined : ratios.map(formatAgainst).join(', '),
  ),
];

/** Lines that end in a line break. */
export function tableOf(rows: readonly Row[]): string {
  const filled = columns
    .map((column) => ({ ...column, cells: rows.map((row) => column.cell(row) ?? '') }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''))
    .map((column) => ({
      ...column,
      width: Math.max(...[column.head, ...column.cells].map(({ length }) => length)),
    }));
  const line = (cellOf: (column: (typeof filled)[number]) => string): string => {
    const cells = filled.map((column) =>
      column.align === 'left'
        ? cellOf(column).padEnd(column.width)
        : cellOf(column).padStart(column.width),
    );
    return `${cells.join('  ').trimEnd()}\n`;
  };
  return [
    line(({ head }) => head),
    line(({ width }) => '─'.repeat(width)),
    ...rows.map((_, at) => line(({ cells }) => cells[at] ?? '')),
  ].join('');
}

/** Three significant digits, and thousands apart. */
export function formatCount(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 }).format(value);
}

/** A latency in microseconds, in the unit that suits it. */
export function formatLatency(us: number): string {
  if (us < 1000) return `${formatCount(us)} µs`;
  if (us < 1e6) return `${formatCount(us / 1000)} ms`;
  return `${formatCount(us / 1e6)} s`;
}

/** `0.97 × (0.93–1.02)`. */
export function formatRatio({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} × (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** A pace in MiB a second; `null`: none. */
export function formatPace(mib: number | null): string {
  return mib === null ? 'unlimited' : `${formatCount(mib)} MiB/s`;
}

/** `0.97 × (0.93–1.02) of raft`, or `p99 1.8 × (1.6–2.1) of steady`. */
function formatAgainst(ratio: Ratio): string {
  const names = { speed: '', p99: 'p99 ', outage: 'outage ', processor: 'CPU ' } as const;
  const what = names[ratio.of];
  return `${what}${formatRatio(ratio)} of ${ratio.to}`;
}

function left(head: string, cell: Column['cell']): Column {
  return { head, align: 'left', cell };
}

function right(head: string, cell: Column['cell']): Column {
  return { head, align: 'right', cell };
}

function figure(name: string, unit?: string): Column['cell'] {
  return ({ figures }) => {
    const value = figures[name];
    if (value === undefined) return undefined;
    return unit === undefined ? formatCount(value) : `${formatCount(value)} ${unit}`;
  };
}
