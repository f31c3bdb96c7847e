/**
 * ESLint over the whole repository, with a cache. ESLint does not notice when a rule of ours, the compiler's
 * options or a dependency change, so the cache is kept under a name made of them.
 *
 *     node tooling/checks/src/lint.js [--fix]
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cache, fingerprint, root, run } from './repository.js';

const rules = 'tooling/eslint-config/src';
const name = fingerprint([
  'eslint.config.js',
  'pnpm-lock.yaml',
  'tsconfig.base.json',
  ...readdirSync(join(root, rules)).map((file) => `${rules}/${file}`),
]);
const { ok } = await run(
  'eslint',
  [
    '.',
    '--max-warnings=0',
    '--cache',
    '--cache-strategy=content',
    `--cache-location=${join(cache, `eslint-${name}`)}`,
    ...process.argv.slice(2),
  ],
  { live: true },
);
process.exitCode = ok ? 0 : 1;
