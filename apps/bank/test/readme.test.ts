/** What the README shows is so: its example, the options, what a demo prints. */
import { readFileSync } from 'node:fs';
import { cleanUp, temporaryFolder } from '@quorate/harness';
import { algorithmNames, storageNames } from '@quorate/program';
import { afterEach, expect, it, vi } from 'vitest';
import { command } from './command.ts';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const readme = read('../README.md');

afterEach(cleanUp);

it('has the example word for word, and prints what stands there', async () => {
  const [, code, output] =
    /<!-- example -->\n+```ts\n(.*?)```\n+```text\n(.*?)```/s.exec(readme) ?? [];
  expect(code).toBe(read('example.ts'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const before = process.cwd();
  try {
    process.chdir(await temporaryFolder());
    await import('./example.ts');
    expect(`${log.mock.calls.map((words) => words.join(' ')).join('\n')}\n`).toBe(output);
  } finally {
    process.chdir(before);
    log.mockRestore();
  }
});

it.each([
  ['--algorithm', algorithmNames],
  ['--storage', storageNames],
])('lists what %s takes', (option, names) => {
  const row = new RegExp(`^\\| \`${option} NAME\` +\\|([^|]*)\\|`, 'm').exec(readme)?.[1];
  expect(row?.match(/(?<=`)\w+(?=`)/g)).toEqual(names);
});

it('names every command', async () => {
  const { stdout } = await command(['--help']);
  const commands = [...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
  expect(commands).toContain('transfer');
  for (const name of commands) {
    if (name !== 'help') expect(readme).toContain(`quorate-bank ${String(name)}`);
  }
});

it('has a heading for every code of its own', () => {
  const union = /BankErrorCode =(.*?);/s.exec(read('../src/errors.ts'))?.[1] ?? '';
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(5);
  for (const code of codes) expect(readme).toContain(`\n### ${String(code)}\n`);
});
