/**
 * All vitest tests, on what is built. Each one counts; a file that cannot be loaded counts as a failure; no tests at
 * all is one too.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cache, root, run } from './repository.js';

/** Of a message that goes on for pages. */
const longestMessage = 300;

/** @typedef {{ name: string, status: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }} TestFile */

/** @returns {Promise<import('./run.js').Verdict>} */
export async function tests() {
  // Nothing is to do after the checks before this one, and whoever asks for the tests alone gets no old code tested.
  const compiled = await run('tsc', ['-b']);
  if (!compiled.ok) return { passed: 0, failed: 1, output: compiled.output };
  mkdirSync(cache, { recursive: true });
  const report = join(cache, 'vitest.json');
  rmSync(report, { force: true });
  const { ok } = await run(
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { live: true, env: { QUORATE_TESTS: 'built' } },
  );
  return count(readFileSync(report, 'utf8'), ok);
}

/**
 * @param {string} report what vitest's JSON reporter wrote
 * @param {boolean} ok whether vitest itself was content
 * @returns {import('./run.js').Verdict}
 */
export function count(report, ok) {
  /** @type {{ numPassedTests: number, numFailedTests: number, testResults: TestFile[] }} */
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report);
  const unloadable = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = numFailedTests + unloadable.length;
  if (numPassedTests + failed === 0) {
    return { passed: 0, failed: 1, output: 'No test ran.' };
  }
  // Such as an error that escaped after the last test: vitest is not content, although every test is.
  const unexplained = !ok && failed === 0 ? 1 : 0;
  return {
    passed: numPassedTests,
    failed: failed + unexplained,
    output: '',
    failures: [
      ...unloadable.map(({ name }) => relative(root, name)),
      ...testResults.flatMap(failedTests),
    ],
  };
}

/**
 * @param {TestFile} file
 * @returns {string[]}
 */
function failedTests({ name, assertionResults }) {
  return assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages: [message = ''] }) => {
      const [why = ''] = message.split('\n');
      return `${relative(root, name)}: ${fullName}: ${why.slice(0, longestMessage)}`;
    });
}
