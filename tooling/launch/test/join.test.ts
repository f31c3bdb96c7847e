/** What tests start in the place of a program does what the program does. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { programOf, root } from '../src/program.js';

const joiner = fileURLToPath(new URL('../src/join.js', import.meta.url));

function node(...words: readonly string[]): readonly [number | null, string, string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  return [status, stdout, stderr];
}

describe.each(['apps/kv', 'apps/bank', 'apps/counter'])('%s, joined', (folder) => {
  const joined = join(root, 'node_modules/.cache/quorate/joined', folder, 'dist/program.js');

  beforeAll(() => {
    expect(node(joiner, folder)).toEqual([0, '', '']);
  }, 180_000);

  it.each([['--help'], ['--version'], ['--nonsense']])(
    'says to %s what the program says',
    (word) => {
      const said = node(programOf(folder), word);
      expect(said.join('').length).toBeGreaterThan(3);
      expect(node(joined, word)).toEqual(said);
    },
  );
});

it('refuses a folder that has no program', () => {
  const [code, , said] = node(joiner, 'packages/core');
  expect([code, said]).toEqual([1, expect.stringContaining('has no "bin"')]);
});
