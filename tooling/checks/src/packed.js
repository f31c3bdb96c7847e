/** What npm would receive of each package, looked at by publint and by "are the types wrong". */
import { join } from 'node:path';
import { cache, publishable, root, run } from './repository.js';

const tarballs = join(cache, 'tarballs');

/** @returns {{ name: string, run: () => Promise<import('./run.js').Verdict> }[]} */
export function packedChecks() {
  return publishable().map((each) => ({
    name: `package ${each.manifest.name}`,
    run: () => look(each),
  }));
}

/**
 * @param {import("./repository.js").Package} one
 * @returns {Promise<import('./run.js').Verdict>}
 */
async function look({ folder }) {
  const tarball = join(tarballs, `${folder.replace('/', '-')}.tgz`);
  const packed = await run('pnpm', ['--dir', join(root, folder), 'pack', '--out', tarball]);
  if (!packed.ok) {
    return { passed: 0, failed: 2, output: packed.output };
  }
  const looks = [
    await run('publint', ['run', tarball, '--strict']),
    await run('attw', [tarball, '--profile', 'esm-only']),
  ];
  const bad = looks.filter((one) => !one.ok);
  return {
    passed: looks.length - bad.length,
    failed: bad.length,
    output: bad.map((one) => one.output).join('\n'),
  };
}
