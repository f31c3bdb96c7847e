/**
 * Everything that must hold before a change goes in.
 *
 *     pnpm test
 *     pnpm test --only lint --only tests     (a name, or how it begins)
 *
 * Each test and each check counts as one. The last line is the total.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { declarations } from './declarations.js';
import { dependencies } from './dependencies.js';
import { hygiene } from './hygiene.js';
import { packages } from './packed.js';
import { run } from './repository.js';
import { beginAll } from './side-by-side.js';
import { tests } from './tests.js';

/**
 * @typedef {object} Verdict
 * @property {number} passed
 * @property {number} failed
 * @property {string} output what there is to say that was not shown live
 * @property {readonly string[]} [failures] what failed, a name each, where the check is made of many
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {() => Promise<Verdict>} run
 */

/**
 * One stage after the other. Within a stage the checks run side by side, as many as there are cores: most are
 * programs that use one.
 *
 * @type {readonly (readonly Check[])[]}
 */
const stages = [
  [
    tool('build', 'node', [
      'tooling/launch/src/turbo.js',
      'run',
      'build:sources',
      'build',
      '--output-logs=errors-only',
    ]),
  ],
  [
    tool('format', 'biome', ['format', '.']),
    { name: 'hygiene', run: hygiene },
    { name: 'dependencies', run: dependencies },
    // The tests, and the tools: what of these tests start is built here, else several of them would compile it at one
    // time, and run it.
    tool('types', 'tsc', ['-b']),
  ],
  // The tests use whatever is there, the others one core, one after the other. They have ended long before those
  // tests run that state how long something takes: these come last. (Tests compile what they start as a program;
  // it has just been built, so that this is nothing new.)
  [
    { name: 'tests', run: tests },
    { name: 'declarations', run: declarations },
    tool('lint', 'node', ['tooling/checks/src/lint.js']),
    { name: 'packages', run: packages },
  ],
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
      const { ok, output } = await run(command, args);
      return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output: ok ? '' : output };
    },
  };
}

/** @returns {readonly (readonly Check[])[]} */
function chosen() {
  // pnpm hands the `--` of `pnpm test -- --only lint` on.
  const args = process.argv.slice(2).filter((word) => word !== '--');
  const { values } = parseArgs({ args, options: { only: { type: 'string', multiple: true } } });
  const only = values.only;
  return only === undefined
    ? stages
    : stages.map((checks) =>
        checks.filter(({ name }) => only.some((start) => name.startsWith(start))),
      );
}

/**
 * A check that cannot run has failed.
 *
 * @param {Check} check
 * @returns {Promise<Verdict & { seconds: number }>}
 */
async function judge(check) {
  const from = performance.now();
  const seconds = () => (performance.now() - from) / 1000;
  try {
    const verdict = await check.run();
    return { ...verdict, seconds: seconds() };
  } catch (error) {
    const output = String(error instanceof Error ? error.stack : error);
    return { passed: 0, failed: 1, output, seconds: seconds() };
  }
}

let passed = 0;
let failed = 0;
const lines = [];
for (const checks of chosen()) {
  const verdicts = beginAll(
    checks.map((check) => () => judge(check)),
    availableParallelism(),
  );
  for (const [at, { name }] of checks.entries()) {
    console.log(`\n── ${name}`);
    const verdict = await verdicts[at];
    if (verdict === undefined) throw new Error('a check that is not there');
    if (verdict.output !== '') {
      console.log(verdict.output.trimEnd());
    }
    passed += verdict.passed;
    failed += verdict.failed;
    lines.push(
      `${verdict.failed === 0 ? 'ok  ' : 'FAIL'}  ${name}: ${verdict.passed} passed, ${verdict.failed} failed (${verdict.seconds.toFixed(1)} s)`,
      // Named here once more: a log of thousands of lines is read from its end.
      ...(verdict.failures ?? []).slice(0, 20).map((name) => `        ${name}`),
    );
  }
}
if (passed + failed === 0) {
  failed = 1;
  lines.push('FAIL  no check of that name');
}
console.log(`\n${lines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
