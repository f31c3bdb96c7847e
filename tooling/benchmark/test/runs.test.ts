/**
 * The program itself, built, with its processes; each run as brief as it can be. It is loaded once, into this
 * process, which is what most runs would take longest for; only how it is started and ended needs one of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { algorithmNames } from '../src/algorithms.ts';
import type * as program from '../src/program.ts';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Line = Readonly<Record<string, unknown>>;

const tool = fileURLToPath(new URL('..', import.meta.url));
const file = (name: string): string => join(tool, 'dist', name);
/** What every line of every benchmark has. */
const fields = [
  ...['bench', 'algorithm', 'operation', 'connections', 'clients', 'valueBytes', 'seconds'],
  ...['operationsPerSecond', 'p50', 'p99', 'p999', 'max'],
];

let main: typeof program.main;
let directory = '';
let child: ChildProcess | undefined;
let interrupted = new AbortController();

beforeAll(async () => {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(compiler), 'bin', 'tsc');
  const { code, stdout } = await finish(spawn(process.execPath, [tsc, '-b', tool]));
  if (code !== 0) throw new Error(`the program does not compile:\n${stdout}`);
  // Not the sources: its workers are programs that Node has to understand.
  ({ main } = (await import(pathToFileURL(file('program.js')).href)) as typeof program);
}, 180_000);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-bench-test-'));
  interrupted = new AbortController();
});

afterEach(async () => {
  // Nothing of a run that took too long goes on.
  interrupted.abort();
  if (child?.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs it in this process. */
async function run(...words: readonly string[]): Promise<Finished> {
  const output = { stdout: '', stderr: '' };
  const { signal } = interrupted;
  const code = await main([...words, '--directory', directory], {
    print: (text) => {
      output.stdout += text;
    },
    say: (text) => {
      output.stderr += text;
    },
    signal,
  });
  return { code, ...output };
}

/** Runs it in a process of its own. */
function start(words: readonly string[]): ChildProcess {
  child = spawn(process.execPath, [file('bin.js'), ...words, '--directory', directory], {
    stdio: 'pipe',
  });
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
    const brief = ['--seconds', '0.05', '--rounds', '2', '--windows', '1,64', '--no-floors'];
    const finished = await run('engine', ...brief, '--json', '--svg', plot);
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
    // Long enough for several entries, however busy the machine is.
    const brief = ['--seconds', '0.2', '--rounds', '1', '--windows', '16', '--no-floors'];
    const finished = await run('algorithms', ...brief, '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const work = linesOf(finished);
    expect(work.map(({ variant, algorithm }) => `${String(variant)} ${String(algorithm)}`)).toEqual(
      ['memory', 'durable'].flatMap((variant) =>
        algorithmNames.map((algorithm) => `${variant} ${algorithm}`),
      ),
    );
    for (const line of work) expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
    // Sixteen clients share entries, syncs and frames.
    for (const line of work) expect(line['commandsPerEntry']).toBeGreaterThan(1);
    expect(work.map(({ storage }) => storage)).toEqual([undefined, undefined, 'file', 'file']);
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('storage measures every storage beside what the disk and LevelDB do', async () => {
    const brief = ['--seconds', '0.05', '--rounds', '1', '--windows', '1,64', '--entries', '500'];
    const finished = await run('storage', ...brief, '--no-floors', '--json');
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
    const brief = ['--rounds', '1', '--entries', '500', '--windows', '64', '--no-floors'];
    const finished = await run('recover', ...brief, '--json');
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
    // One at a time: many would take the processors from the processes that start meanwhile.
    const own = ['--algorithms', 'raft', '--storage', 'file', '--windows', '1', '--no-floors'];
    const words = ['snapshot', ...brief, ...own, '--json'];
    const finished = await run(...words);
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
      expect(line).toMatchObject({ variant, clients: 1, ratios: compared });
      // What passes without having waited, and a timer that is early by less than a millisecond.
      expect(line?.['snapshotMiBPerSecond']).toBeLessThan(20);
      expect(line?.['snapshotMiBPerSecond']).toBeGreaterThan(0);
    }
    expect(receive?.['receiverPeakRssMiB']).toBeGreaterThan(0);
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('ledger applies transfers beside what hashing them takes', async () => {
    const brief = ['--seconds', '0.01', '--rounds', '1', '--windows', '1,100', '--no-floors'];
    const finished = await run('ledger', ...brief, '--json');
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
    const refused = await run('ledger', ...brief, '--windows', '257');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('up to 256 transfers');
  });

  it('group hands in commands by promises, and in batches', async () => {
    const brief = ['--seconds', '0.05', '--rounds', '1', '--windows', '128', '--no-floors'];
    const finished = await run('group', ...brief, '--algorithms', 'raft', '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const [promise, batch, ...more] = linesOf(finished);
    expect(more).toEqual([]);
    expect(promise).toMatchObject({ variant: 'promise', operation: 'execute', clients: 128 });
    expect(batch).toMatchObject({
      ...{ variant: 'batch', operation: 'executeAll', clients: 128 },
      ratios: [{ to: 'raft', of: 'speed' }],
    });
    expect(Object.keys(promise ?? {})).toEqual(expect.arrayContaining(fields));
  }, 120_000);

  it('cluster puts on quorate-kv in a closed loop, and by a schedule', async () => {
    const brief = ['--seconds', '0.2', '--rounds', '1', '--shapes', '2x8', '--members', '1'];
    const own = ['--etcd', 'none', '--algorithms', 'raft,paxos', '--keys', '100'];
    const finished = await run('cluster', ...brief, ...own, '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    const floors = lines.filter(({ when }) => when !== undefined);
    expect(new Set(floors.map(({ when }) => when))).toEqual(new Set(['before', 'after']));
    const work = lines.filter(({ when }) => when === undefined);
    expect(work.map(({ variant, algorithm }) => `${String(variant)} ${String(algorithm)}`)).toEqual(
      ['closed', 'open-50', 'open-80'].flatMap((variant) => [
        `${variant} raft`,
        `${variant} paxos`,
      ]),
    );
    for (const line of lines) expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
    for (const line of work) {
      expect(line).toMatchObject({ client: '@quorate/client', connections: 2, clients: 8 });
      expect(line['loadPercent']).toBeGreaterThan(0);
      if (line['variant'] !== 'closed') expect(line['offeredPerSecond']).toBeGreaterThan(0);
      // Whoever waits for its turn is paused.
      if (process.platform === 'linux') expect(line['othersPercent']).toBeLessThan(5);
    }
    // Only Linux tells how much of the processors others use.
    const measures = ['speed', 'p99', ...(process.platform === 'linux' ? ['processor'] : [])];
    expect(work[1]).toMatchObject({ ratios: measures.map((of) => ({ to: 'raft', of })) });
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('read asks in every way', async () => {
    const brief = ['--seconds', '0.1', '--rounds', '1', '--shapes', '1x4', '--members', '2'];
    const own = ['--etcd', 'none', '--algorithms', 'paxos', '--keys', '100', '--no-floors'];
    const finished = await run('read', ...brief, ...own, '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    expect(lines.map(({ variant }) => variant)).toEqual([
      ...['linearizable', 'lease', 'local', 'follower'],
    ]);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
      expect(line).toMatchObject({ operation: 'read', algorithm: 'paxos', clients: 4 });
    }
  }, 120_000);

  it('failover kills the leader, sees how long nothing works, and reads everything back', async () => {
    const brief = ['--seconds', '3', '--rounds', '1', '--rate', '50', '--shapes', '3x3'];
    const own = ['--etcd', 'none', '--algorithms', 'raft', '--no-floors'];
    const finished = await run('failover', ...brief, ...own, '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const [line, ...more] = linesOf(finished);
    expect(more).toEqual([]);
    expect(Object.keys(line ?? {})).toEqual(expect.arrayContaining(fields));
    expect(line).toMatchObject({
      algorithm: 'raft',
      lost: 0,
      acknowledged: 150,
      unacknowledged: 0,
    });
    // Nobody stands for election before half a second without a leader.
    expect(line?.['outageMs']).toBeGreaterThan(300);
    expect(await readdir(directory)).toEqual([]);
  }, 120_000);

  it('scale goes through members and sizes of values', async () => {
    const brief = ['--seconds', '0.1', '--rounds', '1', '--shapes', '1x4', '--no-floors'];
    const own = ['--algorithms', 'raft', '--members', '1', '--value-sizes', '16,1024'];
    const finished = await run('scale', ...brief, ...own, '--keys', '100', '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    expect(lines.map(({ variant, members, valueBytes }) => [variant, members, valueBytes])).toEqual(
      [
        ['members', 1, 256],
        ['values', 1, 16],
        ['values', 1, 1024],
      ],
    );
    for (const line of lines) expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
  }, 120_000);

  it('soak goes on at half of the peak, and looks at the nodes', async () => {
    const brief = ['--seconds', '0.8', '--algorithms', 'raft', '--members', '1', '--no-floors'];
    const own = ['--shapes', '1x4', '--keys', '100'];
    const finished = await run('soak', ...brief, ...own, '--json');
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    const lines = linesOf(finished);
    const quarters = ['first', 'second', 'third', 'fourth'].map((each) => `${each} quarter`);
    expect(lines.map(({ variant }) => variant)).toEqual(quarters);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(fields));
      expect(line['offeredPerSecond']).toBe(lines[0]?.['offeredPerSecond']);
      for (const vital of ['rssMiB', 'peakRssMiB', 'heapMiB', 'loopDelayP99Ms']) {
        expect(line[vital], vital).toBeGreaterThan(0);
      }
      expect(line['collectorPercent']).toBeGreaterThanOrEqual(0);
    }
    expect(lines[3]).toMatchObject({ ratios: [{ to: 'first quarter', of: 'p99' }] });
  }, 120_000);

  it('floor prints a table', async () => {
    const finished = await finish(start(['floor', '--seconds', '0.05', '--rounds', '1']));
    expect(finished, finished.stderr).toMatchObject({ code: 0 });
    expect(finished.stdout).toMatch(/disk +synced append +1048576/);
    expect(finished.stdout).toMatch(/network +ping-pong of 64 frames/);
    expect(await readdir(directory)).toEqual([]);
  });

  it('ends its processes and removes its folders when it is interrupted', async () => {
    const words = ['cluster', '--seconds', '60', '--etcd', 'none', '--algorithms', 'paxos'];
    const running = start([...words, '--shapes', '1x1', '--no-floors']);
    const finished = finish(running);
    let stderr = '';
    await new Promise<void>((resolve, reject) => {
      running.stderr?.on('data', (text: string) => {
        stderr += text;
        if (stderr.includes('starting')) resolve();
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
    expect(stderr).toContain('name one benchmark: algorithms, engine, floor, group, storage');
  });
});
