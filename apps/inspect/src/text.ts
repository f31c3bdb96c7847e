/** What a folder holds, as text for people. */
import type { PlainFields } from '@quorate/core';
import type { Inspection, ListedRecord } from './inspect.ts';
import { hex } from './json.ts';

const mostHexBytes = 32;

/** The report. */
export function reportText(report: Inspection, verified: boolean): string {
  const { cluster, node, algorithm } = report.owner;
  const lines = [
    `${report.directory}   storage ${report.storage}, format ${String(report.format)}`,
    `node ${node} of cluster ${cluster}, ${algorithm}`,
    '',
    ...segmentLines(report),
    ...field('log', logText(report)),
    ...field('state', report.state === undefined ? ['none'] : bytesText(report.state)),
    ...field('snapshots', snapshotTexts(report)),
    ...field('staged', report.staged.length === 0 ? ['none'] : report.staged),
    ...field('cut off', report.savedTorn.length === 0 ? ['nothing'] : report.savedTorn),
    ...field('damage', damageTexts(report, verified)),
  ];
  return `${lines.join('\n')}\n`;
}

/** One record, on a line. */
export function recordText(record: ListedRecord): string {
  const { explained, index, kind, last, payload, position, segment } = record;
  const place = segment === 0 ? '' : `${String(segment)}:${String(position)} `;
  const subject = kind === 'state' || kind === 'checkpoint' ? '' : ` ${String(index)}`;
  const text = explained === undefined ? '' : `  ${plain(explained)}`;
  return `${place}${kind}${subject}  ${String(payload.length)} bytes${text}${last ? '  .' : ''}`;
}

function segmentLines({ segments }: Inspection): readonly string[] {
  if (segments === undefined) return [];
  const rows = segments.map(({ batches, bytes, end, file, live, puts, records, torn }) => [
    file,
    String(bytes),
    String(end),
    String(batches),
    String(records),
    String(live),
    puts === undefined ? '-' : `${String(puts.first)} - ${String(puts.last)}`,
    torn ? 'torn end' : batches === 0 ? 'ready' : '',
  ]);
  const head = ['segment', 'bytes', 'used', 'batches', 'records', 'live', 'puts', ''];
  return [...table([head, ...rows]), ''];
}

function logText({ durable, records }: Inspection): readonly string[] {
  const count = records?.count === undefined ? '' : `${String(records.count)} records, `;
  const span =
    records === undefined
      ? 'no records'
      : `${count}from index ${String(records.first)} to ${String(records.last)}`;
  const bound =
    durable === undefined || durable.segment === 0
      ? []
      : [`reaches at least to byte ${String(durable.end)} of segment ${String(durable.segment)}`];
  return [span, ...bound];
}

function snapshotTexts({ snapshots }: Inspection): readonly string[] {
  if (snapshots.length === 0) return ['none'];
  return snapshots.flatMap(({ bytes, checksum, context, explained, id, index, intact }, age) => [
    `${id} of index ${String(index)}, ${String(bytes)} bytes, CRC-32 ${checksum.toString(16).padStart(8, '0')}` +
      `${age === 0 ? ', current' : ''}${intact === undefined ? '' : intact ? ', intact' : ', DAMAGED'}`,
    ...bytesText({ bytes: context, explained }).map((line) => `  ${line}`),
  ]);
}

function damageTexts({ damage }: Inspection, verified: boolean): readonly string[] {
  if (damage.length === 0) {
    return [verified ? 'none' : 'none seen (verify reads the snapshots, too)'];
  }
  return damage.map(({ file, position, what }) => {
    const place = position === undefined ? '' : `, byte ${String(position)}`;
    return `${file}${place}: ${what}`;
  });
}

function bytesText({
  bytes,
  explained,
}: {
  readonly bytes: Uint8Array;
  readonly explained: PlainFields | undefined;
}): readonly string[] {
  const size = `${String(bytes.length)} bytes`;
  if (explained !== undefined) return [size, plain(explained)];
  const more = bytes.length > mostHexBytes ? '…' : '';
  return [`${size}  ${hex(bytes.subarray(0, mostHexBytes))}${more}`];
}

/** Fields on one line: `term 7, votedFor n1, …`. */
function plain(fields: PlainFields): string {
  return Object.entries(fields)
    .map(
      ([name, value]) =>
        `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    .join(', ');
}

function field(name: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, at) => `${(at === 0 ? name : '').padEnd(11)}${line}`);
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const [head = []] = rows;
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
