import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { settingsOf } from '../../src/options.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

it('the README names every option, and no other', () => {
  const named = [...readme.matchAll(/^\| `(\w+)` +\|.*\|.*\|$/gm)].map(([, name]) => name);
  const options = Object.keys(settingsOf({}));
  expect(named.filter((name) => options.includes(name ?? '')).sort()).toEqual(options.sort());
});
