/** Programs of this repository: how one is built, and which file it is. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Compiles what is stale. Whatever the compiler has to say goes to stderr: stdout belongs to the program.
 *
 * @param {string} folder
 */
export function compile(folder) {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = join(dirname(typescript), 'bin', 'tsc');
  const { status, error } = spawnSync(process.execPath, [compiler, '-b', folder], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

/**
 * @param {string} folder
 * @returns {string} the file to run: the first `bin` of its package.json
 */
export function programOf(folder) {
  /** @type {{ bin?: Record<string, string> }} */
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const [program] = Object.values(manifest.bin ?? {});
  if (program === undefined) {
    throw new Error(`${folder}/package.json has no "bin".`);
  }
  return join(root, folder, program);
}
