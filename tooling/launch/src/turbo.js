/**
 * Runs turbo with its telemetry off, on every system alike. Its cache stays in this folder.
 *
 *     node tooling/launch/src/turbo.js run build
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const turbo = dirname(createRequire(import.meta.url).resolve('turbo/package.json'));
const { status, error } = spawnSync(
  process.execPath,
  [join(turbo, 'bin', 'turbo'), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  },
);
if (error !== undefined) {
  throw error;
}
process.exitCode = status ?? 1;
