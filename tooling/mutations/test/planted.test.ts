/** The real thing: processes with bugs planted, of a fixture and of the sources. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Mutation } from '../src/mutation.ts';
import { main } from '../src/program.ts';
import { root } from '../src/root.ts';
import { algorithmsOf, bundleWith, runSimulator } from '../src/simulator.ts';
import { runSuite } from '../src/suites.ts';
import type { Verdict } from '../src/verdict.ts';
import { bugs } from './fixture/bugs.ts';

const program = join(root, 'tooling/mutations/test/fixture/simulator.ts');
const longMs = 120_000;

function withBug({ edits, suite }: Mutation, timeoutMs = longMs): Promise<Verdict> {
  return runSuite(suite, edits, { timeoutMs, signal: new AbortController().signal });
}

describe('the tests of the fixture', () => {
  it('pass without a bug, and notice one; the sources stay as they are', {
    timeout: longMs,
  }, async () => {
    const file = join(root, 'tooling/mutations/test/fixture/sum.ts');
    const before = await readFile(file, 'utf8');
    expect(await withBug({ ...bugs.wrong, edits: [] })).toEqual({ type: 'survived' });
    expect(await withBug(bugs.wrong)).toEqual({
      type: 'killed',
      by: {
        type: 'test',
        file: 'tooling/mutations/test/fixture/sum.test.ts',
        title: 'a sum is the sum of all',
        message: 'AssertionError: expected -6 to be 6 // Object.is equality',
      },
    });
    expect(await withBug(bugs.unnoticed)).toEqual({ type: 'survived' });
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('that do not come to an end are ended', { timeout: longMs }, async () => {
    const by = { type: 'time-out', seconds: 5 };
    expect(await withBug(bugs.endless, 5000)).toEqual({ type: 'killed', by });
  });

  it('that cannot be loaded say nothing', { timeout: longMs }, async () => {
    expect(await withBug(bugs.noProgram)).toMatchObject({ type: 'invalid' });
  });

  it('are given up when that is wanted', { timeout: longMs }, async () => {
    const wish = new AbortController();
    const running = runSuite(bugs.endless.suite, bugs.endless.edits, {
      timeoutMs: longMs,
      signal: wish.signal,
    });
    wish.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});

describe('a simulator', () => {
  const seeds = { from: 1, count: 30, timeoutMs: longMs, signal: new AbortController().signal };

  it('passes without a bug, and notices one after so many seeds', { timeout: longMs }, async () => {
    const by = { type: 'seed', algorithm: 'raft', seed: 13, after: 13 };
    expect(await runSimulator(bugs.late, seeds, program)).toEqual({ type: 'killed', by });
    const few = { ...seeds, count: 12 };
    expect(await runSimulator(bugs.late, few, program)).toEqual({ type: 'survived', seeds: 12 });
    expect(await runSimulator({ area: 'raft', edits: [] }, seeds, program)).toEqual({
      type: 'survived',
      seeds: 30,
    });
  });

  it('is not asked about code that is not part of it', { timeout: longMs }, async () => {
    const edits = [{ file: 'packages/raft/src/commit.ts', find: 'x', replace: 'y' }];
    expect(await runSimulator({ area: 'raft', edits }, seeds, program)).toEqual({ type: 'absent' });
  });

  it('runs the algorithm of the bug, or both', () => {
    expect(algorithmsOf('paxos')).toEqual(['paxos']);
    expect(algorithmsOf('storage')).toEqual(['raft', 'paxos']);
  });

  it('is bundled from sources, with what is changed in a package', {
    timeout: longMs,
  }, async () => {
    const real = {
      file: 'packages/raft/src/commit.ts',
      find: 'index >= leadership.firstIndex',
      replace: 'index >= 0xbad',
    };
    await using bundle = await bundleWith(join(root, 'packages/raft/src/index.ts'), [real]);
    expect(bundle.planted).toEqual([real.file]);
    expect(await readFile(bundle.file, 'utf8')).toMatch(/index >= (?:0xbad|2989)/);
  });
});

describe('the program', () => {
  it('plants bugs into the sources, sees them die and says so', { timeout: longMs }, async () => {
    let printed = '';
    const said: string[] = [];
    const code = await main(['R16', 'R16c', '--suites'], {
      print: (text) => void (printed += text),
      say: (line) => void said.push(line),
      signal: new AbortController().signal,
    });
    expect(printed).toMatch(/^R16 +killed by packages\/raft\/test\/durability\.test\.ts: .*R16 /m);
    expect(printed).toMatch(/^R16c +killed by packages\/raft\/test\/durability\.test\.ts: .*R16 /m);
    expect(printed.endsWith('2 killed, 0 survived\n')).toBe(true);
    expect(said.map((line) => line.slice(0, 5))).toEqual(['[1/2]', '[2/2]']);
    expect(code).toBe(0);
  });

  it('fails where a bug survives', { timeout: longMs }, async () => {
    let printed = '';
    const code = await main(
      ['unnoticed', '--suites', '--json'],
      {
        print: (text) => void (printed += text),
        say: () => undefined,
        signal: new AbortController().signal,
      },
      [bugs.unnoticed],
    );
    expect(JSON.parse(printed.split('\n')[0] ?? '')).toMatchObject({
      id: 'unnoticed',
      suites: { type: 'survived' },
    });
    expect(printed).toContain('0 killed, 1 survived\n');
    expect(code).toBe(1);
  });
});
