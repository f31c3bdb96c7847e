/** The repository as its documentation sees it: where it is, and which Markdown lies in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that everything lies in. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

/** What is installed, built or produced by running the programs. */
const skipped = new Set([
  '.cache',
  '.git',
  '.turbo',
  'coverage',
  'dist',
  'node_modules',
  'quorate-data',
]);

/** Every Markdown file, relative to the root, with `/` between folders. */
export function markdownFiles(): readonly string[] {
  return filesBelow('').filter((path) => path.endsWith('.md'));
}

/** The text of a file. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
}

/** The folders under `packages`. */
export function packageFolders(): readonly string[] {
  return readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}
