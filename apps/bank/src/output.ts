/**
 * Writing to stdout with back-pressure, and tables for people.
 */
import { once } from 'node:events';

/** Writes one line of text, and waits while the reader is slower. */
export async function writeLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

/** Writes one line of JSON. */
export async function writeJson(value: unknown): Promise<void> {
  await writeLine(JSON.stringify(value));
}

/** Columns as wide as their widest cell, two spaces between; those named are set to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly string[]): string {
  const [titles = []] = rows;
  const widths = titles.map((_title, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return right.includes(titles[at] ?? '') ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}
