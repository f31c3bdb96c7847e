/** A demo as real processes, on each algorithm; then commands by hand against the nodes that it leaves running. */
import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { algorithmNames } from '../src/node/parts.ts';
import {
  alive,
  build,
  cleanUp,
  DemoRun,
  finish,
  freePort,
  type JsonLine,
  start,
  temporaryFolder,
} from './harness.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const payments = 200;
const storages = ['file', 'level'];

beforeAll(build, 180_000);
afterAll(cleanUp);

describe.each(algorithmNames.map((algorithm, at) => ({ algorithm, storage: storages[at % 2] })))(
  'a demo on $algorithm, storage $storage',
  ({ algorithm, storage = '' }) => {
    let demo: DemoRun;
    beforeAll(async () => {
      const parts = ['--algorithm', algorithm, '--storage', storage];
      demo = await DemoRun.start([...parts, '--payments', String(payments)]);
    }, 60_000);

    it('loses its leader in the middle, and finds that everything holds', () => {
      const [killed] = demo.all('killed');
      const [resumed] = demo.all('resumed');
      const [restarted] = demo.all('restarted');
      expect(killed?.['done']).toBeGreaterThanOrEqual(payments / 3);
      expect(killed?.['done']).toBeLessThan(payments);
      expect(resumed?.['leader']).not.toBe(killed?.['node']);
      expect(restarted?.['node']).toBe(killed?.['node']);
      expect(restarted?.['pid']).not.toBe(killed?.['pid']);
      expect(demo.all('paid')).toEqual([expect.objectContaining({ payments })]);
      expect(demo.all('paid')[0]?.['refused']).toBeLessThan(payments / 2);
      expect(demo.all('finding').map((each) => [each['name'], each['holds']])).toEqual([
        ['every acknowledged operation is there once, and nothing else', true],
        ['debits equal credits in every currency', true],
        ['balances are what was acknowledged makes of them', true],
        ['all nodes have the same head', true],
        ['the export is sound, and leads to the published head', true],
      ]);
      for (const { name } of demo.all('finding'))
        expect(readme).toContain(`    yes  ${String(name)}`);
      expect(demo.all('report')).toEqual([{ event: 'report', holds: true }]);
    });

    it('leaves nodes that take commands', async () => {
      const opened = await demo.command('open', 'alice', '--currency', 'EUR');
      expect(opened).toMatchObject({ code: 0, stderr: '' });
      const pay = ['transfer', 'alice', 'eur-customer-1', '12.34', '--id', 'salary', '--json'];
      const first = await demo.command(...pay);
      expect([first.code, first.stderr]).toEqual([0, '']);
      // Once for its id.
      expect(await demo.command(...pay)).toEqual(first);

      await demo.command('pend', 'alice', 'eur-customer-2', '20', '--id', 'order');
      await demo.command('pend', 'alice', 'eur-customer-2', '7.00', '--id', 'regret');
      const pending = await demo.command('balance', 'alice', '--json');
      expect(JSON.parse(pending.stdout)).toMatchObject({
        currency: 'EUR',
        debitsPosted: '12.34',
        debitsPending: '27.00',
        balance: '-12.34',
      });
      expect((await demo.command('post', 'order', '19.99')).code).toBe(0);
      expect((await demo.command('void', 'regret')).code).toBe(0);
      const { stdout } = await demo.command('balance', 'alice');
      expect(stdout).toMatch(/debits +32\.33 +pending +0\.00\n {2}balance +-32\.33\n$/);

      const { index } = JSON.parse(first.stdout) as { readonly index: number };
      const then = await demo.command('balance', 'alice', '--as-of', String(index), '--json');
      expect(JSON.parse(then.stdout)).toMatchObject({ balance: '-12.34', debitsPending: '0.00' });
    });

    it('shows statements page by page, now and then', async () => {
      const words = ['statement', 'alice', '--json', '--limit', '3'];
      const first = await demo.command(...words);
      const cursor = /more: --cursor (\d+)/.exec(first.stderr)?.[1] ?? '';
      const second = await demo.command(...words, '--cursor', cursor);
      expect(second.stderr).toBe('');
      const lines = linesOf(first.stdout + second.stdout);
      expect(lines.map(({ kind, amount, balance }) => [kind, amount, balance])).toEqual([
        ['transfer', '12.34', '-12.34'],
        ['pending', '20.00', '-12.34'],
        ['pending', '7.00', '-12.34'],
        ['post', '19.99', '-32.33'],
        ['void', undefined, '-32.33'],
      ]);
      const asOf = ['--as-of', String(lines[1]?.['index'])];
      const then = await demo.command('statement', 'alice', '--json', ...asOf);
      expect(linesOf(then.stdout)).toEqual(lines.slice(0, 2));

      const all = await demo.command('statement', '--json', ...asOf);
      expect(linesOf(all.stdout)).toHaveLength(23);
      expect(linesOf(all.stdout).at(-1)).toMatchObject({ account: 'alice', balance: '-12.34' });
      const table = await demo.command('statement');
      expect(table.stdout.split('\n')[0]).toMatch(/^ACCOUNT +CURRENCY +DEBITS +CREDITS/);
    });

    it('publishes its books, and finds every change of them', async () => {
      const before = (await demo.command('verify', '--json')).stdout;
      const { published } = JSON.parse(before) as { readonly published: string };
      await demo.command('transfer', 'alice', 'eur-customer-3', '1');
      const after = await demo.command('verify', '--published', published);
      expect(after).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('is sound') as string,
      });

      const other = `${published.slice(0, -1)}${published.endsWith('0') ? '1' : '0'}`;
      const rewritten = await demo.command('verify', '--published', other);
      expect([rewritten.code, rewritten.stderr]).toEqual([
        1,
        expect.stringMatching(/^quorate-bank: UNSOUND: the bank .*published/),
      ]);

      const file = join(await temporaryFolder(), 'books.jsonl');
      expect((await demo.command('export', '--output', file)).code).toBe(0);
      const sound = await demo.command('verify', file, '--published', published);
      expect(sound.code).toBe(0);
      const text = await readFile(file, 'utf8');
      expect((await demo.command('export')).stdout).toBe(text);
      await writeFile(file, text.replace('"amount":"1234"', '"amount":"1235"'));
      const { code, stderr } = await demo.command('verify', file);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/UNSOUND: .*: event \d+: its line/),
      ]);
    });

    it('says what is wrong with what it is asked for', async () => {
      const told = async (...words: readonly string[]): Promise<unknown> => {
        const { code, stderr } = await demo.command(...words);
        return [code, stderr.trimEnd()];
      };
      expect(await told('balance', 'nobody')).toEqual([
        3,
        'quorate-bank: NOT_FOUND: there is no account "nobody"; `quorate-bank statement` lists those there are',
      ]);
      expect(await told('statement', 'nobody')).toEqual([3, expect.stringContaining('NOT_FOUND')]);
      expect(await told('transfer', 'nobody', 'alice', '1', '--id', 'x')).toEqual([
        5,
        'quorate-bank: REFUSED: x: debit-account-missing: the account to debit was never opened; check its name, or open it',
      ]);
      expect(await told('transfer', 'eur-customer-1', 'alice', '1000000')).toEqual([
        5,
        expect.stringContaining('debits-would-exceed-credits'),
      ]);
      expect(await told('transfer', 'alice', 'alice', '1')).toEqual([
        1,
        expect.stringMatching(/INVALID_ARGUMENT: .*name two/),
      ]);
      expect(await told('transfer', 'alice', 'eur-customer-1', '2', '--id', 'salary')).toEqual([
        5,
        expect.stringContaining('exists-with-different-content'),
      ]);
      for (const amount of ['0', '1.2', '1,20', '1e3', '0.00']) {
        expect(await told('transfer', 'alice', 'eur-customer-1', amount)).toEqual([
          2,
          expect.stringMatching(/^quorate-bank: USAGE: .*look like 12\.34 or 12/),
        ]);
      }
    });

    it('leaves nothing when it ends', async () => {
      const { code, stderr } = await demo.interrupt();
      expect([code, stderr]).toEqual([0, '']);
      const pids = [...demo.all('serving'), ...demo.all('restarted')].map(({ pid }) => Number(pid));
      expect(pids.filter(alive)).toEqual([]);
      expect(await readdir(demo.temporary)).toEqual([]);
    });
  },
);

it('says which flag chooses other ports when one is busy, and clears away', async () => {
  const port = await freePort();
  const temporary = await temporaryFolder();
  const busy = createServer().listen(port + 12, '127.0.0.1');
  const demo = await finish(start(['demo', '--port', String(port)], temporary));
  expect([demo.code, demo.stderr]).toEqual([
    1,
    expect.stringMatching(/TRANSPORT_FAILED: n2 .*another process uses this port.*--port/),
  ]);
  expect(await readdir(temporary)).toEqual([]);
  busy.close();
});

it('is ended by Ctrl-C at any time, and clears away', async () => {
  const temporary = await temporaryFolder();
  const words = ['demo', '--port', String(await freePort()), '--payments', '100000'];
  const child = start(words, temporary);
  const ended = finish(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGINT');
  expect(await ended).toMatchObject({
    code: 130,
    stderr: 'quorate-bank: ABORTED: ended before the audit; run it again\n',
  });
  expect(await readdir(temporary)).toEqual([]);
});

function linesOf(text: string): readonly JsonLine[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine);
}
