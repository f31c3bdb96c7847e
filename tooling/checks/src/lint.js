/**
 * Lint over the whole repository: the rules of our own by ESLint, all others by oxlint.
 *
 *     node tooling/checks/src/lint.js [--fix]
 *
 * A rule that needs types may judge a file anew when another one changes, so oxlint looks at everything each time.
 * ESLint keeps what it found of each file. It does not notice when a rule of ours or a dependency change, so its
 * cache is kept under a name made of them.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cache, fingerprint, root, run } from './repository.js';

const args = process.argv.slice(2);
const rules = 'tooling/eslint-config/src';
const name = fingerprint([
  'eslint.config.js',
  'pnpm-lock.yaml',
  ...readdirSync(join(root, rules)).map((file) => `${rules}/${file}`),
]);

// On one core, as ESLint: the tests have the others. It also takes less in all.
const common = await run('oxlint', ['--threads=1', ...args], { live: true });
const own = await run(
  'eslint',
  [
    '{packages,apps,tooling}/*/src/**/*.{js,ts}',
    '--max-warnings=0',
    '--cache',
    '--cache-strategy=content',
    `--cache-location=${join(cache, `eslint-${name}`)}`,
    ...args,
  ],
  { live: true },
);
process.exitCode = common.ok && own.ok ? 0 : 1;
