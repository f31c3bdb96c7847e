/** What npm would receive of each package, looked at by publint and by "are the types wrong". */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cache, publishable, root, run } from './repository.js';

const tarballs = join(cache, 'tarballs');

/**
 * The checks of all packages. They begin with the first one, as many at a time as there are cores: what takes
 * long is to start the tools.
 *
 * @returns {{ name: string, run: () => Promise<import('./run.js').Verdict> }[]}
 */
export function packedChecks() {
  const packages = publishable();
  /** @type {Promise<import('./run.js').Verdict>[] | undefined} */
  let verdicts;
  const begin = () => {
    /** @type {Promise<unknown>[]} */
    const lanes = Array.from({ length: availableParallelism() }, () => Promise.resolve());
    return packages.map((each, at) => {
      const lane = at % lanes.length;
      const verdict = Promise.resolve(lanes[lane]).then(() => look(each));
      // Whoever waits for this one hears of a failure; the next one begins all the same.
      lanes[lane] = verdict.catch(() => undefined);
      return verdict;
    });
  };
  return packages.map(({ manifest }, at) => ({
    name: `package ${manifest.name}`,
    async run() {
      verdicts ??= begin();
      const verdict = verdicts[at];
      if (verdict === undefined) throw new Error('a package that is not there');
      return verdict;
    },
  }));
}

/**
 * @param {import("./repository.js").Package} one
 * @returns {Promise<import('./run.js').Verdict>}
 */
async function look(one) {
  const { folder } = one;
  const tarball = join(tarballs, `${folder.replace('/', '-')}.tgz`);
  const packed = await run('pnpm', ['--dir', join(root, folder), 'pack', '--out', tarball]);
  if (!packed.ok) {
    return { passed: 0, failed: 2, output: packed.output };
  }
  const looks = await Promise.all([
    run('publint', ['run', tarball, '--strict']),
    run('attw', [tarball, '--profile', 'esm-only']),
  ]);
  const bad = looks.filter((each) => !each.ok);
  return {
    passed: looks.length - bad.length,
    failed: bad.length,
    output: bad.map((each) => each.output).join('\n'),
  };
}
