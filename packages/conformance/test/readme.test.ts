/** The example of the README is `example.test.ts`, which runs beside this file. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

it('stands in the README word for word', () => {
  const block = /<!-- example -->\n+```ts\n(.*?)```/s.exec(read('../README.md'))?.[1];
  expect(block).toBe(read('example.test.ts'));
});
