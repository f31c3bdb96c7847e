/** The example of the README is `example.ts`, and it does what it says. */
import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

it('stands in the README word for word', () => {
  const block = /<!-- example -->\n+```ts\n(.*?)```/s.exec(read('../README.md'))?.[1];
  expect(block).toBe(read('example.ts'));
});

it('prints what its comments say', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import('./example.ts');
  expect(log.mock.calls).toEqual([['red']]);
  log.mockRestore();
});
