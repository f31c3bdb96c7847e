/**
 * Names of files that a storage uses or will use. strace compares whole paths, so calls that a
 * program also makes for itself (`openat`, `write`) can only be struck where the names are known
 * before.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Numbers that are guessed beyond the highest there is. */
const ahead = 12;
/** Words on a command line are bounded. */
const mostPaths = 600;

/**
 * Paths below a folder: those that are there, those that were seen in another folder of the same
 * storage, and the next ones of each row of numbered files.
 */
export function pathsToCome(directory: string, seen: readonly string[]): readonly string[] {
  const names = new Set([...namesIn(directory), ...seen]);
  const highest = new Map<string, { readonly name: string; readonly number: number }>();
  for (const name of names) {
    const row = rowOf(name);
    if (row === undefined || row.number < (highest.get(row.row)?.number ?? 0)) continue;
    highest.set(row.row, { name, number: row.number });
  }
  for (const { name, number } of highest.values()) {
    for (let next = number + 1; next <= number + ahead; next++) names.add(numbered(name, next));
  }
  return [...names].slice(-mostPaths).map((name) => join(directory, name));
}

/** Names below a folder, relative to it; those of folders too, the folder itself as an empty one. */
export function namesIn(directory: string): readonly string[] {
  try {
    return ['', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })];
  } catch {
    return [''];
  }
}

function rowOf(name: string): { readonly row: string; readonly number: number } | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const digits = /\d+/.exec(base)?.[0];
  if (digits === undefined) return undefined;
  return { row: name.slice(0, -base.length) + base.replace(digits, '#'), number: Number(digits) };
}

function numbered(name: string, number: number): string {
  const at = name.lastIndexOf('/') + 1;
  const base = name.slice(at);
  return (
    name.slice(0, at) + base.replace(/\d+/, (digits) => String(number).padStart(digits.length, '0'))
  );
}
