/**
 * Builds a program of this repository, as far as it is stale, and joins it and all packages of this repository that it
 * is made of to a few files, for tests that start it a hundred times. There are some hundreds otherwise, each of
 * which Node finds, reads and links by itself: that is most of what a process of a test does.
 *
 *     node tooling/launch/src/join.js apps/kv
 *
 * It stands in node_modules/.cache/quorate/joined/apps/kv/dist/program.js then; it runs on this machine only.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { compile, programOf, root } from './program.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error('Name the folder of the program, such as apps/kv.');
}
const compiled = dirname(programOf(folder));
const target = join(root, 'node_modules/.cache/quorate/joined', folder);

compile(folder);
if (!isFresh()) {
  await joinAll(folder);
}

/** @returns {boolean} whether nothing was compiled since */
function isFresh() {
  const program = join(target, 'dist', 'program.js');
  if (!existsSync(program)) {
    return false;
  }
  const joinedAt = statSync(program).mtimeMs;
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name, 'dist'))
    .concat(compiled)
    .map((dist) => join(dist, 'src.tsbuildinfo'))
    .filter(existsSync)
    .every((path) => statSync(path).mtimeMs <= joinedAt);
}

/** @param {string} folder */
async function joinAll(folder) {
  const bundle = await rolldown({
    input: { program: programOf(folder) },
    platform: 'node',
    plugins: [leavePackagesOfOthers()],
  });
  // Others may do the same meanwhile, or run what is there: a part is named by its content, and the start comes last.
  const fresh = `${target}-${process.pid}`;
  const { output } = await bundle.write({ dir: fresh });
  await bundle.close();
  mkdirSync(join(target, 'dist'), { recursive: true });
  copyFileSync(join(root, folder, 'package.json'), join(target, 'package.json'));
  const parts = output.map(({ fileName }) => fileName);
  for (const file of [...parts.filter((name) => name !== 'program.js'), 'program.js']) {
    renameSync(join(fresh, file), join(target, 'dist', file));
  }
  rmSync(fresh, { recursive: true });
}

/**
 * They stay where they are installed, which is where they are imported from.
 *
 * @returns {import('rolldown').Plugin}
 */
function leavePackagesOfOthers() {
  return {
    name: 'packages-of-others',
    async resolveId(id, importer) {
      if (importer === undefined || /^(?:[./]|node:|@quorate\/)/.test(id)) {
        return null;
      }
      const found = await this.resolve(id, importer, { skipSelf: true });
      return found === null ? null : { id: pathToFileURL(found.id).href, external: true };
    },
  };
}
