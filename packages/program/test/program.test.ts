/** What every program says, however it is composed. */
import { AbortedError, OutcomeUnknownError } from '@quorate/core';
import { captured } from '@quorate/harness';
import { describe, expect, it } from 'vitest';
import { parsed, positive, runProgram, withClient } from '../src/command-line/index.ts';
import {
  addressesOf,
  algorithmNamed,
  algorithmNames,
  codeOf,
  hasSystemCode,
  membersOfText,
  ProgramError,
  storageNamed,
  table,
} from '../src/index.ts';
import { createLogger } from '../src/node/index.ts';

describe('a command line', () => {
  const failWith: { error: Error | undefined } = { error: undefined };
  const run = (...words: readonly string[]): Promise<unknown> =>
    captured(() =>
      runProgram(
        {
          name: 'it',
          description: 'Tries.',
          version: '1.2.3',
          exitCodes: { ABORTED: 130 },
          commands: [
            (program): unknown =>
              program
                .command('try')
                .option('--times <n>', 'how often', parsed(positive))
                .action(() => {
                  if (failWith.error !== undefined) throw failWith.error;
                }),
          ],
        },
        words,
      ),
    );

  it.each([
    [undefined, 0, ''],
    [new ProgramError('BUSY_PORT', 'busy'), 1, 'it: BUSY_PORT: busy\n'],
    [new ProgramError('NOT_FOUND', 'no'), 3, 'it: NOT_FOUND: no\n'],
    [new OutcomeUnknownError('who knows'), 4, 'it: OUTCOME_UNKNOWN: who knows\n'],
    [new AbortedError('enough'), 130, 'it: ABORTED: enough\n'],
    [Object.assign(new Error('no file'), { code: 'ENOENT' }), 1, 'it: IO_FAILED: no file\n'],
    [new Error('what?'), 1, 'it: UNKNOWN: what?\n'],
  ])('tells of %s with the exit code %i', async (error, code, stderr) => {
    failWith.error = error;
    expect(await run('try')).toEqual({ code, stdout: '', stderr });
  });

  it.each([
    [['--version'], 0, /^1\.2\.3\n$/],
    [['--help'], 0, /^Usage: it/],
    [[], 2, /^Usage: it/],
    [['tyr'], 2, /^it: USAGE: unknown command 'tyr'.*; see it --help\n$/],
    [['try', '--fast'], 2, /^it: USAGE: unknown option '--fast'; see it try --help\n$/],
    [['try', '--times', '0'], 2, /^it: USAGE: .*'--times <n>'.* a whole number from 1/],
  ])('answers %j', async (words, code, text) => {
    failWith.error = undefined;
    const told = (await run(...words)) as { code: number; stdout: string; stderr: string };
    expect([told.code, told.stdout + told.stderr]).toEqual([code, expect.stringMatching(text)]);
  });
});

describe('a client of a command', () => {
  class FakeClient {
    readonly status = { node: undefined, trouble: 'ECONNREFUSED' } as never;
    closed = 0;
    close(): Promise<void> {
      this.closed += 1;
      return Promise.resolve();
    }
  }
  const where = { endpoints: ['h:1', 'h:2'], flag: '--to' };

  it('is closed, and named where it does not answer', async () => {
    const client = new FakeClient();
    const open = (): FakeClient => client;
    expect(await withClient({ ...where, open }, () => Promise.resolve(7))).toBe(7);
    expect(client.closed).toBe(1);
    const { TimeoutError } = await import('@quorate/core');
    const late = withClient({ ...where, open }, () => Promise.reject(new TimeoutError('late')));
    await expect(late).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        'no node answers at h:1, h:2: ECONNREFUSED; start them, or name them with --to HOST:PORT,…',
    });
    const unknown = new OutcomeUnknownError('may be');
    await expect(withClient({ ...where, open }, () => Promise.reject(unknown))).rejects.toBe(
      unknown,
    );
  });
});

describe('addresses', () => {
  it.each([
    ['7501,7502', ['127.0.0.1:7501', '127.0.0.1:7502']],
    ['a:1,2, b:3', ['a:1', 'a:2', 'b:3']],
    ['[::1]:7501,7502', ['[::1]:7501', '[::1]:7502']],
  ])('%s', (text, expected) => {
    expect(addressesOf(text, 'it', 'a:1')).toEqual(expected);
  });

  it.each(['', 'a b', 'http://a:1', '7501,,7502', '70000', 'a:0'])('refuses %j', (text) => {
    expect(() => addressesOf(text, 'it', 'a:1')).toThrow(/^it must be a list like a:1, got/);
  });

  it('of members have names, each once', () => {
    expect(membersOfText('b=h:2, a=h:1', 'it')).toEqual([
      { id: 'a', address: 'h:1' },
      { id: 'b', address: 'h:2' },
    ]);
    expect(() => membersOfText('a=h:1,a=h:2', '--members')).toThrow(/^--members: a stands twice/);
    expect(() => membersOfText('a,b', '--members')).toThrow(/^--members must be NODE=HOST:PORT/);
    expect(() => membersOfText('a=h', '--members')).toThrow(/^--members must be HOST:PORT/);
  });
});

it('knows parts by their names, and lists them where one is unknown', async () => {
  for (const name of algorithmNames) {
    expect(await algorithmNamed(name)(({ name: own }) => Promise.resolve(own))).toBe(name);
  }
  expect(storageNamed('memory').durable).toBe(false);
  expect(() => storageNamed('tape')).toThrow(/"tape"; --storage takes file, level, memory$/);
  expect(() => algorithmNamed('toString')).toThrow(/--algorithm takes raft, paxos$/);
});

it('finds what the system has said, however deep', () => {
  const inner = Object.assign(new Error('busy'), { code: 'EADDRINUSE' });
  const outer = new Error('cannot', { cause: new ProgramError('X', 'y', { cause: inner }) });
  expect(hasSystemCode(outer, 'EADDRINUSE')).toBe(true);
  expect(hasSystemCode(outer, 'ENOENT')).toBe(false);
  expect([codeOf(inner), codeOf(outer)]).toEqual(['IO_FAILED', 'UNKNOWN']);
});

it('sets tables', () => {
  const rows = [
    ['NAME', 'COUNT'],
    ['a', '1'],
    ['long name', '100'],
  ];
  expect(table(rows)).toBe('NAME       COUNT\na          1\nlong name  100');
  expect(table(rows, ['COUNT'])).toBe('NAME       COUNT\na              1\nlong name    100');
});

it('logs text for people and JSON for machines, from its level on', () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const fields = { node: 'n1' };
  createLogger({ write, fields, level: 'warn' }).info('no');
  createLogger({ write, fields }).warn('late', { node: 'n1', peer: 'n2', none: undefined });
  createLogger({ write, fields, json: true }).error('gone', { peer: 'n3' });
  expect(lines).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} warn {2}n1 late peer=n2\n$/),
    expect.stringMatching(/^\{"level":50,"time":"[^"]+","node":"n1","peer":"n3","msg":"gone"\}\n$/),
  ]);
});
