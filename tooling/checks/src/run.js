/**
 * Everything that must hold before a change goes in, one check after the other.
 *
 *     pnpm test
 *     pnpm test --only lint --only tests     (a name, or how it begins)
 *
 * Each test and each check counts as one. The last line is the total.
 */
import { parseArgs } from 'node:util';
import { dependencies } from './dependencies.js';
import { hygiene } from './hygiene.js';
import { packedChecks } from './packed.js';
import { run } from './repository.js';
import { tests } from './tests.js';

/**
 * @typedef {object} Verdict
 * @property {number} passed
 * @property {number} failed
 * @property {string} output what there is to say that was not shown live
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {() => Promise<Verdict>} run
 */

/** @type {readonly Check[]} */
const checks = [
  tool('build', 'node', [
    'tooling/launch/src/turbo.js',
    'run',
    'build:sources',
    'build',
    '--output-logs=errors-only',
  ]),
  tool('types', 'tsc', ['-b']),
  tool('format', 'biome', ['format', '.']),
  tool('lint', 'node', ['tooling/checks/src/lint.js']),
  { name: 'hygiene', run: hygiene },
  { name: 'dependencies', run: dependencies },
  ...packedChecks(),
  { name: 'tests', run: tests },
];

/**
 * A check that is one command: it holds if the command succeeds.
 *
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Check}
 */
function tool(name, command, args) {
  return {
    name,
    async run() {
      const { ok, output } = await run(command, args, { live: true });
      return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output };
    },
  };
}

/** @returns {readonly Check[]} */
function chosen() {
  // pnpm hands the `--` of `pnpm test -- --only lint` on.
  const args = process.argv.slice(2).filter((word) => word !== '--');
  const { values } = parseArgs({ args, options: { only: { type: 'string', multiple: true } } });
  const only = values.only;
  return only === undefined
    ? checks
    : checks.filter(({ name }) => only.some((start) => name.startsWith(start)));
}

/**
 * A check that cannot run has failed.
 *
 * @param {Check} check
 * @returns {Promise<Verdict>}
 */
async function judge(check) {
  try {
    return await check.run();
  } catch (error) {
    return { passed: 0, failed: 1, output: String(error instanceof Error ? error.stack : error) };
  }
}

let passed = 0;
let failed = 0;
const lines = [];
for (const check of chosen()) {
  console.log(`\n── ${check.name}`);
  const from = performance.now();
  const verdict = await judge(check);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  if (verdict.output !== '') {
    console.log(verdict.output.trimEnd());
  }
  passed += verdict.passed;
  failed += verdict.failed;
  lines.push(
    `${verdict.failed === 0 ? 'ok  ' : 'FAIL'}  ${check.name}: ${verdict.passed} passed, ${verdict.failed} failed (${seconds} s)`,
  );
}
if (passed + failed === 0) {
  failed = 1;
  lines.push('FAIL  no check of that name');
}
console.log(`\n${lines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
