/** Any parts make the same counter, it is exact, and it is small. Each run is a process of its own. */
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  builtProgram,
  cleanUp,
  finish,
  type Finished,
  freePort,
  startProcess,
  temporaryFolder,
} from '@quorate/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { algorithms, networks, storages } from '../src/parts.ts';

const app = fileURLToPath(new URL('..', import.meta.url));

/** Each part at least once. That any goes with any is what `replica` tests in its matrix.test.ts. */
const combinations = Object.keys(storages).map((storage, at) => ({
  algorithm: nth(algorithms, at),
  storage,
  transport: nth(networks, at),
}));

const program = builtProgram('apps/counter');

beforeAll(() => program.build(), 180_000);
afterAll(cleanUp);

describe.concurrent('a counter', { timeout: 90_000 }, () => {
  it.each(combinations)(
    'is exact on $algorithm, $storage, $transport',
    async ({ algorithm, storage, transport }) => {
      const flags = ['--algorithm', algorithm, '--storage', storage, '--transport', transport];
      const counted = await run([...flags, '--port', String(await freePorts())]);
      const lines = linesOf(counted);
      expect([counted.code, counted.stderr, lines]).toEqual([0, '', printed(0)]);
      expect(leads.exec(lines[2] ?? '')?.[1]).not.toBe(killed.exec(lines[1] ?? '')?.[1]);
    },
  );

  it('goes on in a folder that it is given', async () => {
    const data = await temporaryFolder();
    const flags = ['--algorithm', 'paxos', '--storage', 'file', '--data', data];
    expect(linesOf(await run(flags))).toEqual(printed(0));
    expect(linesOf(await run(flags))).toEqual(printed(2000));
    expect((await readdir(data)).sort()).toEqual(['a', 'b', 'c']);
  });

  it('says what it cannot do', async () => {
    const part = await run(['--storage', 'tape']);
    const choice = "quorate-counter: no 'tape' here; choose memory, file, level\n";
    expect([part.code, part.stderr]).toEqual([2, choice]);

    const port = await freePorts();
    const busy = createServer().listen(port + 2, '127.0.0.1');
    const over = await run(['--transport', 'tcp', '--port', String(port)]);
    expect([over.code, over.stderr]).toEqual([2, expect.stringContaining('cannot listen')]);
    busy.close();
  });

  it('has a README that lists the parts, and shows what it prints', async () => {
    const readme = await readFile(join(app, 'README.md'), 'utf8');
    for (const [option, table] of Object.entries({ algorithms, storages, networks })) {
      const row = Object.keys(table).map((name) => `\`${name}\``);
      expect(readme, option).toContain(` ${row.join(', ')}`);
    }
    const shown = /```text\n(.*?)```/s.exec(readme)?.[1]?.trimEnd().split('\n');
    expect(shown).toEqual(printed(0));
  });

  it('takes fewer than 100 lines', async () => {
    const sources = new URL('../src/', import.meta.url);
    const files = await readdir(sources);
    const texts = await Promise.all(files.map((file) => readFile(new URL(file, sources), 'utf8')));
    expect(texts.join('').match(/\n/g)?.length).toBeLessThan(100);
  });
});

/** A name of the table; behind the last one it begins again. */
function nth(table: Readonly<Record<string, unknown>>, at: number): string {
  const names = Object.keys(table);
  return names[at % names.length] ?? '';
}

const killed = /^killed the leader ([abc]), 1000 more under way$/;
const leads = /^([abc]) leads now, and the count is \d+$/;

/** What is printed where the count was so much before. */
function printed(before: number): readonly unknown[] {
  return [
    `counted from ${before} to ${before + 1000}`,
    expect.stringMatching(killed),
    expect.stringMatching(new RegExp(`^[abc] leads now, and the count is ${before + 2000}$`)),
  ];
}

function run(words: readonly string[]): Promise<Finished> {
  return finish(startProcess(process.execPath, [program.path, ...words]));
}

/** With the neighbours that it uses. */
function freePorts(): Promise<number> {
  return freePort([0, 1, 2, 10, 11, 12]);
}

function linesOf({ stdout }: Finished): readonly string[] {
  return stdout.trimEnd().split('\n');
}
