/** The example in the README is the file beside this one, and prints what it says it prints. */
import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { settingsOf } from '../../src/options.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../../README.md');

it('the example in the README is true', async () => {
  expect(readme).toContain(`<!-- example -->\n\n\`\`\`ts\n${read('./example.ts')}\`\`\`\n`);
  const log = vi.spyOn(console, 'log').mockReturnValue();
  await import('./example.ts');
  expect(readme).toContain(`\`\`\`text\n${log.mock.calls.flat().join('\n')}\n\`\`\``);
  log.mockRestore();
});

it('the README names every option, and no other', () => {
  const named = [...readme.matchAll(/^\| `(\w+)` +\|.*\|.*\|$/gm)].map(([, name]) => name);
  const options = Object.keys(settingsOf({}));
  expect(named.filter((name) => options.includes(name ?? '')).sort()).toEqual(options.sort());
});
