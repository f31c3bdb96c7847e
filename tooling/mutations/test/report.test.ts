/** What counts as noticed, and what says nothing. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Report, verdictOf } from '../src/report.ts';
import { root } from '../src/root.ts';
import { summaryOf, type Verdict } from '../src/verdict.ts';

const name = join(root, 'packages/x/test/a.test.ts');

function report(
  tests: readonly (readonly [fullName: string, status: string])[],
  more: { readonly success?: boolean; readonly broken?: string } = {},
): Report {
  const failed = tests.some(([, status]) => status === 'failed');
  const { broken, success = !failed } = more;
  return {
    success: success && broken === undefined,
    numPassedTests: tests.filter(([, status]) => status === 'passed').length,
    testResults: [
      {
        name,
        status: failed || broken !== undefined ? 'failed' : 'passed',
        message: broken ?? '',
        assertionResults: tests.map(([fullName, status]) => ({
          fullName,
          status,
          failureMessages: status === 'failed' ? ['AssertionError: 1 is not 2\n  at x'] : [],
        })),
      },
    ],
  };
}

describe('a report', () => {
  it('with a test that failed names it', () => {
    const found = verdictOf(
      report([
        ['a sum is right', 'passed'],
        ['a sum is whole', 'failed'],
      ]),
      '',
    );
    const title = 'a sum is whole';
    expect(found).toEqual({
      type: 'killed',
      by: {
        type: 'test',
        file: 'packages/x/test/a.test.ts',
        title,
        message: 'AssertionError: 1 is not 2',
      },
    });
  });

  it('in which everything passed says that nobody noticed', () => {
    expect(verdictOf(report([['a', 'passed']]), '')).toEqual({ type: 'survived' });
  });

  it('says nothing where no test ran', () => {
    const nothing: Verdict = { type: 'invalid', reason: 'no test ran' };
    expect(verdictOf(report([['a', 'skipped']]), '')).toEqual(nothing);
    expect(verdictOf({ success: true, numPassedTests: 0, testResults: [] }, '')).toEqual(nothing);
  });

  it('says nothing where a file cannot be loaded: any typing error would do that', () => {
    expect(verdictOf(report([], { broken: 'SyntaxError: x\n  at y' }), '')).toEqual({
      type: 'invalid',
      reason: 'packages/x/test/a.test.ts cannot be loaded: SyntaxError: x',
    });
  });

  it('of a run that failed outside of all tests gives the error', () => {
    const output = 'Unhandled Rejection\nInvariantError: the promise fell\n at z';
    expect(verdictOf(report([['a', 'passed']], { success: false }), output)).toEqual({
      type: 'killed',
      by: { type: 'error', message: 'InvariantError: the promise fell' },
    });
  });
});

describe('the summary of an outcome', () => {
  const killed: Verdict = { type: 'killed', by: { type: 'time-out', seconds: 1 } };
  const survived: Verdict = { type: 'survived' };
  const invalid: Verdict = { type: 'invalid', reason: '' };

  it.each([
    [killed, survived, 'killed'],
    [survived, killed, 'killed'],
    [invalid, killed, 'killed'],
    [undefined, killed, 'killed'],
    [survived, { type: 'absent' }, 'survived'],
    [undefined, { type: 'absent' }, 'survived'],
    [invalid, survived, 'invalid'],
    [survived, survived, 'survived'],
  ] as const)('of %j and %j is %s', (suites, simulator, summary) => {
    expect(summaryOf({ id: 'x', suites, simulator, seconds: 0 })).toBe(summary);
  });
});
