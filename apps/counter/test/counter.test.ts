/** Any parts make the same counter, it is exact, and it is small. Each run is a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { algorithms, networks, storages } from '../src/parts.ts';

const app = fileURLToPath(new URL('..', import.meta.url));

/** Each part at least once. That any goes with any is what `replica` tests in its matrix.test.ts. */
const combinations = Object.keys(storages).map((storage, at) => ({
  algorithm: nth(algorithms, at),
  storage,
  transport: nth(networks, at),
}));

beforeAll(build, 180_000);

describe.concurrent('a counter', { timeout: 90_000 }, () => {
  it.each(combinations)(
    'is exact on $algorithm, $storage, $transport',
    async ({ algorithm, storage, transport }) => {
      const flags = ['--algorithm', algorithm, '--storage', storage, '--transport', transport];
      const { code, lines, stderr } = await run([...flags, '--port', String(await freePort())]);
      expect([code, stderr, lines]).toEqual([0, '', printed(0)]);
      expect(leads.exec(lines[2] ?? '')?.[1]).not.toBe(killed.exec(lines[1] ?? '')?.[1]);
    },
  );

  it('goes on in a folder that it is given', async () => {
    const data = await mkdtemp(join(tmpdir(), 'quorate-counter-test-'));
    try {
      const flags = ['--algorithm', 'paxos', '--storage', 'file', '--data', data];
      expect((await run(flags)).lines).toEqual(printed(0));
      expect((await run(flags)).lines).toEqual(printed(2000));
      expect((await readdir(data)).sort()).toEqual(['a', 'b', 'c']);
    } finally {
      await rm(data, { recursive: true });
    }
  });

  it('says what it cannot do', async () => {
    const part = await run(['--storage', 'tape']);
    const choice = "quorate-counter: no 'tape' here; choose memory, file, level\n";
    expect([part.code, part.stderr]).toEqual([2, choice]);

    const port = await freePort();
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

/** Compiles the program. Does nothing where it is up to date. */
async function build(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(compiler), 'bin', 'tsc');
  const { code, lines } = await finish(spawn(process.execPath, [tsc, '-b', app]));
  if (code !== 0) throw new Error(`the program does not compile:\n${lines.join('\n')}`);
}

function run(words: readonly string[]): Promise<Finished> {
  return finish(spawn(process.execPath, [join(app, 'dist', 'counter.js'), ...words]));
}

interface Finished {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

async function finish(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const lines = Buffer.concat(stdout).toString().trimEnd().split('\n');
  return { code, lines, stderr: Buffer.concat(stderr).toString() };
}

/**
 * The other ports lie at fixed distances, so all of them are below those that systems hand out by themselves,
 * and each worker of the test runner has its own.
 */
let nextPort = 30_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 12) * 200;

async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort += 15;
    const wanted = [0, 1, 2, 10, 11, 12].map((offset) => port + offset);
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
