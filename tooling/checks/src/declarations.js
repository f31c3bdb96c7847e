/**
 * What the oldest compiler that users may have makes of our declarations; the newest is the one that builds them.
 * Of libraries only those of the compiler itself are skipped: the declarations are what is looked at.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cache, publishable, root, run } from './repository.js';

/** A name in this package's package.json. */
const oldest = 'typescript-5';

/** As in a project that asks for everything the compiler can check, and for nothing else. */
const compilerOptions = {
  target: 'ES2023',
  // Some packages are for browsers.
  lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
  module: 'NodeNext',
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipDefaultLibCheck: true,
  noEmit: true,
};

/** @returns {Promise<import('./run.js').Verdict>} */
export async function declarations() {
  const folder = join(cache, 'declarations');
  mkdirSync(folder, { recursive: true });
  const { ok, output } = await complaints(folder, entries());
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output: ok ? '' : output };
}

/**
 * @param {string} folder for the project that is compiled
 * @param {readonly string[]} files
 */
export function complaints(folder, files) {
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const manifest = createRequire(import.meta.url).resolve(`${oldest}/package.json`);
  return run('node', [join(dirname(manifest), 'bin', 'tsc'), '-p', project]);
}

/** @returns {string[]} the declarations of all that can be imported */
export function entries() {
  return publishable().flatMap(({ folder, manifest: { exports = {} } }) =>
    Object.values(exports).flatMap((each) =>
      typeof each === 'object' && each.types !== undefined ? [join(root, folder, each.types)] : [],
    ),
  );
}
