/**
 * The program itself, built, with its processes; each run as brief as it can be.
 *
 * What needs strace, mounts and root is skipped where there is none of that, and says so. Where the
 * environment says CI it must run: a machine that checks changes has to be able to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { type Means, whyNot } from '../src/kernel/means.ts';
import type { Row } from '../src/results/row.ts';
import { Stage } from '../src/scenarios/stage.ts';
import { storageNames } from '../src/storages.ts';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const tool = fileURLToPath(new URL('..', import.meta.url));
const program = join(tool, 'dist', 'bin.js');
const seed = process.env['QUORATE_SEED'] ?? '1';
const required = (process.env['CI'] ?? '') !== '';

let directory = '';
let child: ChildProcess | undefined;

beforeAll(async () => {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(compiler), 'bin', 'tsc');
  const { code, stdout } = await finish(spawn(process.execPath, [tsc, '-b', tool]));
  if (code !== 0) throw new Error(`the program does not compile:\n${stdout}`);
}, 180_000);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-faults-test-'));
});

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

function start(words: readonly string[]): ChildProcess {
  child = spawn(process.execPath, [program, ...words, '--directory', directory], { stdio: 'pipe' });
  return child;
}

async function finish(process: ChildProcess): Promise<Finished> {
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    process.once('close', resolve);
  });
  return { code, ...output };
}

/** Runs a scenario that must go well. */
async function survive(name: string, storage: string, rounds: number): Promise<Row> {
  const words = [name, '--storage', storage, '--rounds', String(rounds), '--seed', seed, '--json'];
  const { code, stdout, stderr } = await finish(start(words));
  const [line = '', total] = stdout.split('\n');
  expect({ code, total }, stderr).toEqual({ code: 0, total: `${rounds} passed, 0 failed` });
  expect(await readdir(directory)).toEqual([]);
  return JSON.parse(line) as Row;
}

/** Skips a test where this machine has no means for it, but never where it is required. */
async function needs(context: TestContext, ...all: readonly Means[]): Promise<void> {
  const stage = new Stage(directory, false);
  try {
    for (const means of all) {
      const why = await whyNot(means, stage);
      if (why === undefined || required) continue;
      console.warn(`skipped: ${context.task.name}: ${why}`);
      context.skip(why);
    }
  } finally {
    await stage.clear();
  }
}

describe('faults', () => {
  it('a storage survives kill -9', { timeout: 120_000 }, async () => {
    const row = await survive('kill', 'file', 2);
    expect(row.struck).toBeGreaterThan(0);
    expect(row.acknowledged).toBeGreaterThan(0);
  });

  it('prints a table, and the total alone on the last line', { timeout: 120_000 }, async () => {
    const words = ['kill', '--storage', storageNames.join(','), '--rounds', '1', '--seed', seed];
    const { code, stdout, stderr } = await finish(start(words));
    expect(code, stderr).toBe(0);
    const lines = stdout.split('\n');
    expect(lines).toHaveLength(storageNames.length + 3);
    expect(lines[0]).toMatch(/^scenario +storage +rounds/);
    for (const [at, name] of storageNames.entries()) {
      expect(lines[at + 1]).toMatch(new RegExp(`^kill +${name} +1 `));
    }
    expect(lines.slice(-2)).toEqual([`${storageNames.length} passed, 0 failed`, '']);
    expect(stderr).toContain(`seed ${seed}\n`);
  });

  it('ends its processes and removes its folders when it is interrupted', async () => {
    const running = start(['kill', '--rounds', '10000', '--seed', seed]);
    const finished = finish(running);
    await new Promise<void>((resolve, reject) => {
      let stderr = '';
      running.stderr?.on('data', (text: string) => {
        stderr += text;
        if (stderr.includes('acknowledged')) resolve();
      });
      running.once('exit', () => {
        reject(new Error(stderr));
      });
    });
    running.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 130, stdout: '' });
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('explains what it did not understand', async () => {
    const { code, stdout, stderr } = await finish(start(['fire']));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('NAME takes kill, sync-error, full, power, node');
  });
});

// On our own files only: `pnpm faults` does all of it to LevelDB, too, in many more rounds.
describe('faults of the real kernel', { timeout: 300_000 }, () => {
  it('a storage stops when calls fail, and loses nothing', async (context) => {
    await needs(context, 'strace');
    const row = await survive('sync-error', 'file', 5);
    expect(row.struck).toBeGreaterThan(0);
    expect(row.refused).toBeGreaterThan(0);
  });

  it('a storage stops on a full disk, and loses nothing', async (context) => {
    await needs(context, 'tmpfs');
    const row = await survive('full', 'file', 2);
    expect(row.struck).toBe(2);
    expect(row.refused).toBeGreaterThanOrEqual(2);
  });

  it('a storage survives losses of power', async (context) => {
    await needs(context, 'loop');
    expect((await survive('power', 'file', 2)).struck).toBe(2);
  });

  it('a node whose disk fails ends, and catches up afterwards', async (context) => {
    await needs(context, 'strace');
    const row = await survive('node', 'file', 1);
    expect(row).toMatchObject({ struck: 1, refused: 1 });
    expect(row.acknowledged).toBeGreaterThan(0);
  });
});
