/**
 * Writing to stdout with back-pressure, and tables for people.
 */
import { once } from 'node:events';
import { valueToJson } from '../value-json.ts';

/** Writes, and waits while the reader is slower. */
export async function write(
  chunk: string | Uint8Array,
  stream: NodeJS.WritableStream = process.stdout,
): Promise<void> {
  if (!stream.write(chunk)) await once(stream, 'drain');
}

/** Writes one line of text. */
export async function writeLine(text: string): Promise<void> {
  await write(`${text}\n`);
}

/** Writes one line of JSON. */
export async function writeJson(value: unknown): Promise<void> {
  await writeLine(JSON.stringify(value));
}

/** Columns as wide as their widest cell, two spaces between. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** Text as it is if it is printable, otherwise quoted as in JSON. */
export function printable(text: string): string {
  return /^[^\p{C}"]*$/u.test(text) ? text : JSON.stringify(text);
}

/** A value as it is if it is printable text, otherwise quoted as in JSON, or in base64. */
export function printableValue(value: Uint8Array): string {
  const json = valueToJson(value);
  return 'value' in json ? printable(json.value) : `base64:${json.valueBase64}`;
}
