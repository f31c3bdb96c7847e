/** Commands by hand against the nodes that a demo leaves running. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Captured, type JsonLine, temporaryFolder } from '@quorate/harness';
import { expect, it } from 'vitest';
import { command as runCommand } from './command.ts';
import type { DemoRun } from './harness.ts';

/** @param of gives the demo once it runs. */
export function commandsByHand(of: () => DemoRun): void {
  it('leaves nodes that take commands', async () => {
    const opened = await command(of(), 'open', 'alice', '--currency', 'EUR');
    expect(opened).toMatchObject({ code: 0, stderr: '' });
    const pay = ['transfer', 'alice', 'eur-customer-1', '12.34', '--id', 'salary', '--json'];
    const first = await command(of(), ...pay);
    expect([first.code, first.stderr]).toEqual([0, '']);
    // Once for its id.
    expect(await command(of(), ...pay)).toEqual(first);

    await command(of(), 'pend', 'alice', 'eur-customer-2', '20', '--id', 'order');
    await command(of(), 'pend', 'alice', 'eur-customer-2', '7.00', '--id', 'regret');
    const pending = await command(of(), 'balance', 'alice', '--json');
    expect(JSON.parse(pending.stdout)).toMatchObject({
      currency: 'EUR',
      debitsPosted: '12.34',
      debitsPending: '27.00',
      balance: '-12.34',
    });
    expect((await command(of(), 'post', 'order', '19.99')).code).toBe(0);
    expect((await command(of(), 'void', 'regret')).code).toBe(0);
    const { stdout } = await command(of(), 'balance', 'alice');
    expect(stdout).toMatch(/debits +32\.33 +pending +0\.00\n {2}balance +-32\.33\n$/);

    const { index } = JSON.parse(first.stdout) as { readonly index: number };
    const then = await command(of(), 'balance', 'alice', '--as-of', String(index), '--json');
    expect(JSON.parse(then.stdout)).toMatchObject({ balance: '-12.34', debitsPending: '0.00' });
  });

  it('shows statements page by page, now and then', async () => {
    const words = ['statement', 'alice', '--json', '--limit', '3'];
    const first = await command(of(), ...words);
    const cursor = /more: --cursor (\d+)/.exec(first.stderr)?.[1] ?? '';
    const second = await command(of(), ...words, '--cursor', cursor);
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
    const then = await command(of(), 'statement', 'alice', '--json', ...asOf);
    expect(linesOf(then.stdout)).toEqual(lines.slice(0, 2));

    const all = await command(of(), 'statement', '--json', ...asOf);
    expect(linesOf(all.stdout)).toHaveLength(23);
    expect(linesOf(all.stdout).at(-1)).toMatchObject({ account: 'alice', balance: '-12.34' });
    const table = await command(of(), 'statement');
    expect(table.stdout.split('\n')[0]).toMatch(/^ACCOUNT +CURRENCY +DEBITS +CREDITS/);
  });

  it('publishes its books, and finds every change of them', async () => {
    const before = (await command(of(), 'verify', '--json')).stdout;
    const { published } = JSON.parse(before) as { readonly published: string };
    await command(of(), 'transfer', 'alice', 'eur-customer-3', '1');
    const after = await command(of(), 'verify', '--published', published);
    expect(after).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is sound') as string,
    });

    const other = `${published.slice(0, -1)}${published.endsWith('0') ? '1' : '0'}`;
    const rewritten = await command(of(), 'verify', '--published', other);
    expect([rewritten.code, rewritten.stderr]).toEqual([
      1,
      expect.stringMatching(/^quorate-bank: UNSOUND: the bank .*published/),
    ]);

    const file = join(await temporaryFolder(), 'books.jsonl');
    expect((await command(of(), 'export', '--output', file)).code).toBe(0);
    const sound = await command(of(), 'verify', file, '--published', published);
    expect(sound.code).toBe(0);
    const text = await readFile(file, 'utf8');
    expect((await command(of(), 'export')).stdout).toBe(text);
    await writeFile(file, text.replace('"amount":"1234"', '"amount":"1235"'));
    const { code, stderr } = await command(of(), 'verify', file);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/UNSOUND: .*: event \d+: its line/)]);
  });

  it('says what is wrong with what it is asked for', async () => {
    const told = async (...words: readonly string[]): Promise<unknown> => {
      const { code, stderr } = await command(of(), ...words);
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
}

/** Runs a command against the nodes of a demo. */
function command(demo: DemoRun, ...words: readonly string[]): Promise<Captured> {
  return runCommand([...words, '--endpoints', demo.endpoints]);
}

function linesOf(text: string): readonly JsonLine[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine);
}
