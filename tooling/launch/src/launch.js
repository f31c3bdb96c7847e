/**
 * Starts a program of this repository: builds what is stale, then becomes the program.
 *
 *     node tooling/launch/src/launch.js <folder> [arguments of the program]
 *
 * The folder's package.json names the program (its first `bin`). It is imported, not spawned: signals, the
 * terminal and the exit code are then its own, and there is no parent that has to pass them on.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const [folder, ...words] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error('Name the folder of the program, such as apps/kv.');
}

endWithParent();
build(folder);
const program = programOf(folder);
process.argv = [process.execPath, program, ...words];
await import(pathToFileURL(program).href);

/**
 * pnpm puts a shell between itself and a script. Ctrl-C reaches all of them, but a signal sent to pnpm alone
 * ends pnpm and the shell and would leave the program behind, so it is passed on from here.
 */
function endWithParent() {
  if (process.env['npm_lifecycle_event'] === undefined) {
    return;
  }
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(watch);
      process.kill(process.pid, 'SIGTERM');
    }
  }, 200);
  watch.unref();
}

/**
 * Whatever the compiler has to say goes to stderr: stdout belongs to the program.
 * @param {string} folder
 */
function build(folder) {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = join(dirname(typescript), 'bin', 'tsc');
  // The first time takes a while; later ones have nothing to do.
  if (!existsSync(join(root, folder, 'dist'))) {
    process.stderr.write('Building ...\n');
  }
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
 * @returns {string} the file to run
 */
function programOf(folder) {
  /** @type {{ bin?: Record<string, string> }} */
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const [program] = Object.values(manifest.bin ?? {});
  if (program === undefined) {
    throw new Error(`${folder}/package.json has no "bin".`);
  }
  return join(root, folder, program);
}
