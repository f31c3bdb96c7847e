/** The program itself, built, with its processes; each run as brief as it can be. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { algorithmNames } from '../src/algorithms.ts';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Line = Readonly<Record<string, unknown>>;

const tool = fileURLToPath(new URL('..', import.meta.url));
const program = join(tool, 'dist', 'bin.js');
/** What every line of every benchmark has. */
const fields = [
  ...['bench', 'algorithm', 'operation', 'connections', 'clients', 'valueBytes', 'seconds'],
  ...['operationsPerSecond', 'p50', 'p99', 'p999', 'max'],
];

let directory = '';
let child: ChildProcess | undefined;

beforeAll(async () => {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(compiler), 'bin', 'tsc');
  const { code, stdout } = await finish(spawn(process.execPath, [tsc, '-b', tool]));
  if (code !== 0) throw new Error(`the program does not compile:\n${stdout}`);
}, 180_000);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-bench-test-'));
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

function linesOf({ stdout }: Finished): readonly Line[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('bench', () => {
  it('engine measures every algorithm', { timeout: 60_000 }, async () => {
    const plot = join(directory, 'plot.svg');
    const brief = ['--seconds', '0.05', '--rounds', '2', '--windows', '1,64'];
    const finished = await finish(start(['engine', ...brief, '--json', '--svg', plot]));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    expect(lines).toHaveLength(4 * algorithmNames.length);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
      expect(line['microsecondsPerCommand']).toBeGreaterThan(0);
    }
    expect(finished.stderr).toContain('round 2 of 2');
    expect(await readFile(plot, 'utf8')).toContain('</svg>');
  });

  it('algorithms runs replicas in memory and on disk, and leaves nothing', async () => {
    const brief = ['--seconds', '0.05', '--rounds', '1', '--windows', '16'];
    const finished = await finish(start(['algorithms', ...brief, '--json']));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    const floors = lines.filter(({ algorithm }) => algorithm === null);
    expect(new Set(floors.map(({ when }) => when))).toEqual(new Set(['before', 'after']));
    const work = lines.filter(({ algorithm }) => algorithm !== null);
    expect(work.map(({ variant, algorithm }) => `${String(variant)} ${String(algorithm)}`)).toEqual(
      ['memory', 'durable'].flatMap((variant) =>
        algorithmNames.map((algorithm) => `${variant} ${algorithm}`),
      ),
    );
    for (const line of lines) expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
    // Sixteen clients share entries, syncs and frames.
    for (const line of work) expect(line['commandsPerEntry']).toBeGreaterThan(1);
    expect(work.map(({ storage }) => storage)).toEqual([undefined, undefined, 'file', 'file']);
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('storage measures every storage beside what the disk and LevelDB do', async () => {
    const brief = ['--seconds', '0.05', '--rounds', '1', '--windows', '1,64', '--entries', '500'];
    const finished = await finish(start(['storage', ...brief, '--json']));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    const names = ['raw append', 'classic-level', 'file', 'level', 'memory'];
    expect(lines.map(({ storage, clients }) => [storage, clients])).toEqual(
      [1, 64].flatMap((entries) => names.map((name) => [name, entries])),
    );
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
      const compared = ['raw append', 'classic-level'].filter((name) => name !== line['storage']);
      expect(line['ratios']).toMatchObject(compared.map((to) => ({ to, of: 'speed' })));
      // One write is under way at a time: none can share a sync.
      if (['file', 'level'].includes(String(line['storage']))) {
        expect(line['syncsPerWrite']).toBeGreaterThanOrEqual(1);
        expect(line['diskBytesPerEntry']).toBeGreaterThan(256);
      }
    }
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('recover opens what a killed process left', async () => {
    const brief = ['--rounds', '1', '--entries', '500', '--windows', '64'];
    const finished = await finish(start(['recover', ...brief, '--json']));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    expect(lines.map(({ storage }) => storage)).toEqual(['file', 'level']);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
      expect(line['peakRssMiB']).toBeGreaterThanOrEqual(Number(line['rssBeforeMiB']));
      expect(line['diskBytesPerEntry']).toBeGreaterThan(256);
    }
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('snapshot puts load beside one that is taken and one that is sent', async () => {
    const brief = ['--seconds', '0.2', '--rounds', '1', '--state-mib', '4', '--paces', '16'];
    const words = ['snapshot', ...brief, '--algorithms', 'raft', '--storage', 'file', '--json'];
    const finished = await finish(start(words));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const [steady, take, away, receive, ...more] = linesOf(finished);
    expect(more).toEqual([]);
    expect(steady).toMatchObject({ variant: 'steady', storage: 'file', paceMiB: 16, ratios: [] });
    const compared = [{ to: 'steady', of: 'p99' }];
    expect(away).toMatchObject({ variant: 'away', ratios: compared });
    expect(away).not.toHaveProperty('snapshotMiBPerSecond');
    for (const [line, variant] of [
      [take, 'take'],
      [receive, 'receive'],
    ] as const) {
      expect(Object.keys(line ?? {})).toEqual(expect.arrayContaining(fields));
      expect(line).toMatchObject({ variant, clients: 16, ratios: compared });
      // What passes without having waited, and a timer that is early by less than a millisecond.
      expect(line?.['snapshotMiBPerSecond']).toBeLessThan(20);
      expect(line?.['snapshotMiBPerSecond']).toBeGreaterThan(0);
    }
    expect(receive?.['receiverPeakRssMiB']).toBeGreaterThan(0);
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('ledger applies transfers beside what hashing them takes', async () => {
    const brief = ['--seconds', '0.01', '--rounds', '1', '--windows', '1,100'];
    const finished = await finish(start(['ledger', ...brief, '--json']));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    expect(lines.map(({ operation, clients }) => [operation, clients])).toEqual([
      ...[1, 100].flatMap((transfers) => [
        ['transfer', transfers],
        ['its hashes', transfers],
      ]),
    ]);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
      const compared = line['operation'] === 'transfer' ? [{ to: 'its hashes', of: 'speed' }] : [];
      expect(line['ratios']).toMatchObject(compared);
    }
    const refused = await finish(start(['ledger', ...brief, '--windows', '257']));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('up to 256 transfers');
  });

  it('floor prints a table', async () => {
    const finished = await finish(start(['floor', '--seconds', '0.05', '--rounds', '1']));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(finished.stdout).toMatch(/disk +synced append +1048576/);
    expect(finished.stdout).toMatch(/network +ping-pong of 64 frames/);
    expect(await readdir(directory)).toEqual([]);
  });

  it('ends its processes and removes its folders when it is interrupted', async () => {
    const words = ['algorithms', '--variants', 'durable', '--seconds', '60', '--windows', '16'];
    const running = start(words);
    const finished = finish(running);
    let stderr = '';
    await new Promise<void>((resolve, reject) => {
      running.stderr?.on('data', (text: string) => {
        stderr += text;
        if (stderr.includes('durable')) resolve();
      });
      running.once('exit', () => {
        reject(new Error(stderr));
      });
    });
    running.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 130, stdout: '' });
    expect(await readdir(directory)).toEqual([]);
  }, 60_000);

  it('explains what it did not understand', async () => {
    const { code, stdout, stderr } = await finish(start(['speed']));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('name one benchmark: algorithms, engine, floor, storage');
  });
});
