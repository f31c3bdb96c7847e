/** What npm would receive of each package, looked at by publint and by "are the types wrong". */
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cache, publishable, run } from './repository.js';

const tarballs = join(cache, 'tarballs');
const looker = join(import.meta.dirname, 'look-at-packages.js');

/** @returns {Promise<import('./run.js').Verdict>} two looks a package */
export async function packages() {
  const all = publishable();
  const expected = 2 * all.length;
  rmSync(tarballs, { recursive: true, force: true });
  const filters = all.flatMap(({ folder }) => ['--filter', `./${folder}`]);
  const packed = await run('pnpm', ['-r', ...filters, 'pack', '--pack-destination', tarballs]);
  if (!packed.ok) return { passed: 0, failed: expected, output: packed.output };
  const paths = readdirSync(tarballs).map((name) => join(tarballs, name));
  const looked = await run('node', [looker, ...paths]);
  if (!looked.ok) return { passed: 0, failed: expected, output: looked.output };
  return judge(looked.output, expected);
}

/**
 * @param {string} output a line of JSON a tarball
 * @param {number} expected so many looks there have to be: a package that was not looked at is a failure
 * @returns {import('./run.js').Verdict}
 */
export function judge(output, expected) {
  /** @type {{ tarball: string, complaints: string[][] }[]} */
  const found = output
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const looks = found.flatMap(({ tarball, complaints }) =>
    complaints.map((each) => each.map((text) => `${basename(tarball)}: ${text}`)),
  );
  const bad = looks.filter((complaints) => complaints.length > 0);
  const passed = looks.length - bad.length;
  const missing = expected - looks.length;
  const lines = bad.flat();
  if (missing !== 0) lines.push(`${looks.length} looks at packages, of ${expected}`);
  return { passed, failed: expected - passed, output: lines.join('\n') };
}
