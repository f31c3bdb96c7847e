/** The example of the README is `example.ts`, and it does what it says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { algorithmNames, storageNames } from '@quorate/program';
import { expect, it, vi } from 'vitest';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

it('stands in the README word for word', () => {
  const block = /<!-- example -->\n+```ts\n(.*?)```/s.exec(read('../README.md'))?.[1];
  expect(block).toBe(read('example.ts'));
});

it.each([
  ['--algorithm', algorithmNames],
  ['--storage', storageNames],
])('lists what %s takes', (option, names) => {
  const row = new RegExp(`^\\| \`${option} NAME\` +\\|([^|]*)\\|`, 'm').exec(
    read('../README.md'),
  )?.[1];
  expect(row?.match(/(?<=`)\w+(?=`)/g)).toEqual(names);
});

it('prints what its comments say', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const before = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'quorate-kv-'));
  try {
    process.chdir(folder);
    await import('./example.ts');
    expect(log.mock.calls).toEqual([['2', 'red']]);
  } finally {
    process.chdir(before);
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
});
