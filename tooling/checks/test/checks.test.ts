import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaints, entries } from '../src/declarations.js';
import { compare } from '../src/dependencies.js';
import { inspect } from '../src/hygiene.js';
import { judge } from '../src/packed.js';
import { root } from '../src/repository.js';
import { beginAll } from '../src/side-by-side.js';
import { count } from '../src/tests.js';

describe('dependencies', () => {
  test('what is imported and declared is fine, and so is what comes with Node', () => {
    expect(
      compare(new Set(['./a.ts', 'node:fs', 'pino', '@quorate/core/deep']), [
        'pino',
        '@quorate/core',
      ]),
    ).toEqual([]);
  });

  test('what may be imported need not be', () => {
    expect(compare(new Set(['pino']), [], ['pino', 'publint'])).toEqual([]);
  });

  test.each([
    {
      imported: ['pino'],
      declared: [],
      complaint: 'imports pino, which is not in its dependencies',
    },
    {
      imported: ['./a.ts'],
      declared: ['pino'],
      complaint: 'declares pino, which its sources never import',
    },
    { imported: ['fs'], declared: [], complaint: "imports 'fs' without 'node:'" },
  ])('$complaint', ({ imported, declared, complaint }) => {
    expect(compare(new Set(imported), declared)).toEqual([complaint]);
  });
});

describe('hygiene', () => {
  // Joined, so that this file holds none of them itself.
  const path = ['', 'home', 'someone', 'notes'].join('/');
  const host = ['registry', 'example', 'com'].join('.');

  test('says the file’s line', () => {
    expect(inspect('README.md', `fine\nsee ${path}\n`)).toEqual([
      { line: 2, complaint: 'names a path of one machine' },
    ]);
  });

  test.each([`a ${path}`, `"${path}"`, `https://${host}/pino`])('%s is reported', (text) => {
    expect(inspect('README.md', text)).toHaveLength(1);
  });

  test('so is a download address in the lock file', () => {
    expect(inspect('pnpm-lock.yaml', '    resolution: {integrity: x, tarball: y}')).toHaveLength(1);
  });

  test.each(['packages/home/src', './opt/x', '`dist/`', '/metrics', 'registry.metrics()'])(
    '%s is not',
    (text) => {
      expect(inspect('README.md', text)).toEqual([]);
    },
  );
});

describe('the count of tests', () => {
  const report = (passed: number, failed: number, files: object[] = []) =>
    JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: files });

  test('is what vitest says', () => {
    expect(count(report(5, 0), true)).toMatchObject({ passed: 5, failed: 0 });
    expect(count(report(5, 2), false)).toMatchObject({ passed: 5, failed: 2 });
  });

  test('a file that cannot be loaded is a failure', () => {
    const file = { name: 'a.test.ts', status: 'failed', assertionResults: [] };
    expect(count(report(5, 0, [file]), false)).toMatchObject({ passed: 5, failed: 1 });
  });

  test('each failure is named, with the first line of what it says', () => {
    const assertionResults = [
      { status: 'passed', fullName: 'adds one', failureMessages: [] },
      {
        status: 'failed',
        fullName: 'adds two',
        failureMessages: ['Error: it is three\n    at add (a.ts:1:1)'],
      },
    ];
    const files = [
      { name: join(root, 'packages/a.test.ts'), status: 'failed', assertionResults },
      { name: join(root, 'packages/b.test.ts'), status: 'failed', assertionResults: [] },
    ];
    expect(count(report(1, 1, files), false).failures).toEqual([
      'packages/b.test.ts',
      'packages/a.test.ts: adds two: Error: it is three',
    ]);
  });

  test('no test at all is a failure', () => {
    expect(count(report(0, 0), true)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('vitest’s own discontent is a failure', () => {
    expect(count(report(5, 0), false)).toMatchObject({ passed: 5, failed: 1 });
  });
});

describe('looks at packages', () => {
  const line = (tarball: string, ...complaints: string[][]) =>
    JSON.stringify({ tarball, complaints });

  test('pass without a complaint', () => {
    const output = `${line('/x/a.tgz', [], [])}\n${line('/x/b.tgz', [], [])}\n`;
    expect(judge(output, 4)).toEqual({ passed: 4, failed: 0, output: '' });
  });

  test('fail with one, and where one is missing', () => {
    const { passed, failed, output } = judge(line('/x/a.tgz', ['no'], []), 4);
    expect({ passed, failed }).toEqual({ passed: 1, failed: 3 });
    expect(output).toBe('a.tgz: no\n2 looks at packages, of 4');
  });
});

describe('tasks side by side', () => {
  test('begin in order, no more at a time than said, and give their results in their places', async () => {
    let running = 0;
    let most = 0;
    const begun: number[] = [];
    const tasks = [5, 1, 3, 0, 2].map((turns, at) => async () => {
      begun.push(at);
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      running -= 1;
      return at;
    });
    expect(await Promise.all(beginAll(tasks, 2))).toEqual([0, 1, 2, 3, 4]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
  });

  test('one that fails keeps no other one from beginning', async () => {
    const tasks = [() => Promise.reject(new Error('no')), () => Promise.resolve('yes')];
    const results = await Promise.allSettled(beginAll(tasks, 1));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

describe('declarations', () => {
  test('are those of all that can be imported', () => {
    const all = entries();
    expect(all).toContain(join(root, 'packages/core/dist/index.d.ts'));
    expect(all).toContain(join(root, 'packages/raft/dist/checks/index.d.ts'));
  });

  test('fail with a type that is not there, and not with those of Node and of browsers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-declarations-'));
    const file = join(folder, 'index.d.ts');
    writeFileSync(file, 'export declare const a: Buffer | IDBDatabase, b: Absent;');
    const { ok, output } = await complaints(folder, [file]);
    rmSync(folder, { recursive: true });
    expect(ok).toBe(false);
    expect(output.match(/error TS.*/g)).toEqual(["error TS2304: Cannot find name 'Absent'."]);
  });
});
