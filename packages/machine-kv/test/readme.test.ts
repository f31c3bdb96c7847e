/** The example in the README is the file beside this one, and prints what it says it prints. */
import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';

test('the example in the README is true', async () => {
  const read = async (path: string): Promise<string> =>
    readFile(new URL(path, import.meta.url), 'utf8');
  const example = await read('./example.ts');
  expect(await read('../README.md')).toContain(`<!-- example -->\n\n\`\`\`ts\n${example}\`\`\`\n`);

  const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
  await import('./example.ts');
  expect(log.mock.calls).toEqual([[true], [false], [['jobs/1 waiting']]]);
  log.mockRestore();
});
