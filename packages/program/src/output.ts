/**
 * Writing to stdout with back-pressure, and tables for people.
 */
import { once } from 'node:events';

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

/**
 * Columns as wide as their widest cell, two spaces between.
 *
 * @param right titles of columns that are set to the right. @default none
 */
export function table(rows: readonly (readonly string[])[], right: readonly string[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  const [titles = []] = rows;
  const padded = (cell: string, at: number): string =>
    right.includes(titles[at] ?? '')
      ? cell.padStart(widths[at] ?? 0)
      : cell.padEnd(widths[at] ?? 0);
  return rows.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}
