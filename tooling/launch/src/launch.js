/**
 * Starts a program of this repository: builds what is stale, then becomes the program.
 *
 *     node tooling/launch/src/launch.js <folder> [arguments of the program]
 *
 * The folder's package.json names the program (its first `bin`). It is imported, not spawned: signals, the
 * terminal and the exit code are then its own, and there is no parent that has to pass them on.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile, programOf } from './program.js';

const [folder, ...words] = process.argv.slice(2);
if (folder === undefined) {
  throw new Error('Name the folder of the program, such as apps/kv.');
}

endWithParent();
const program = programOf(folder);
// The first time takes a while; later ones have nothing to do.
if (!existsSync(dirname(program))) {
  process.stderr.write('Building ...\n');
}
compile(folder);
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
