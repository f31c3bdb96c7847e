/** What Vitest's JSON report of a run says about the bug that was planted. */
import { relative } from 'node:path';
import { root } from './root.ts';
import type { Verdict } from './verdict.ts';

/** As much of the report as is looked at. */
export interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** @param output what was said meanwhile, for errors outside of tests. */
export function verdictOf(report: Report, output: string): Verdict {
  for (const { name, assertionResults } of report.testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed === undefined) continue;
    const { failureMessages = [], fullName: title } = failed;
    const message = firstLine(failureMessages.join('\n'));
    return { type: 'killed', by: { type: 'test', file: relative(root, name), title, message } };
  }
  // A file of which no test failed failed itself: it cannot be loaded.
  const broken = report.testResults.find(({ status }) => status === 'failed');
  if (broken !== undefined) {
    const what = firstLine(broken.message);
    return { type: 'invalid', reason: `${relative(root, broken.name)} cannot be loaded: ${what}` };
  }
  if (report.numPassedTests === 0) return { type: 'invalid', reason: 'no test ran' };
  if (report.success) return { type: 'survived' };
  return { type: 'killed', by: { type: 'error', message: errorIn(output) } };
}

function errorIn(output: string): string {
  return firstLine(/^.*Error: .*$/m.exec(output)?.[0] ?? 'see the output of the tests');
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 200);
}
