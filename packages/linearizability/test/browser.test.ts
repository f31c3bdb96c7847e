/** What `@quorate/linearizability` exports runs in a browser: nothing behind it comes from Node. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

function importsOf(file: URL, seen = new Map<string, readonly string[]>()) {
  if (seen.has(file.href)) return seen;
  const text = readFileSync(fileURLToPath(file), 'utf8');
  const names = [...text.matchAll(/from '([^']+)'/g)].map(([, name = '']) => name);
  seen.set(file.href, names);
  for (const name of names) if (name.startsWith('.')) importsOf(new URL(name, file), seen);
  return seen;
}

const modules = importsOf(new URL('../src/index.ts', import.meta.url));

it('imports its own files only', () => {
  const others = [...modules.values()].flat().filter((name) => !name.startsWith('.'));
  expect(others).toEqual([]);
  expect(modules.size).toBeGreaterThan(20);
});

it('does not reach into the program', () => {
  expect([...modules.keys()].filter((file) => file.includes('/cli/'))).toEqual([]);
});
