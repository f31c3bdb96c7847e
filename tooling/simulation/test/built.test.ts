/** The program itself, built, with its threads. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const tool = fileURLToPath(new URL('..', import.meta.url));
const program = join(tool, 'dist', 'bin.js');

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function finish(words: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, words, { stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, ...output };
}

beforeAll(async () => {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(compiler), 'bin', 'tsc');
  const { code, stdout } = await finish([tsc, '-b', tool]);
  if (code !== 0) throw new Error(`the program does not compile:\n${stdout}`);
}, 180_000);

describe('sim', { timeout: 120_000 }, () => {
  it('comes to the same with one thread and with two', async () => {
    const tallies: unknown[] = [];
    for (const jobs of ['1', '2']) {
      const words = ['--algorithm', 'raft', '--seeds', '20', '--profile', 'calm', '--json'];
      const { code, stdout, stderr } = await finish([program, ...words, '--jobs', jobs]);
      const [line = '', total] = stdout.split('\n');
      expect({ code, total }, stderr).toEqual({ code: 0, total: '20 passed, 0 failed' });
      tallies.push(inAnyOrder(JSON.parse(line) as Readonly<Record<string, unknown>>));
    }
    expect(tallies[1]).toEqual(tallies[0]);
    expect(tallies[0]).toMatchObject({ seeds: 20, twice: 1, failures: [] });
  });

  it('explains what it did not understand', async () => {
    const { code, stdout, stderr } = await finish([program, '--profile', 'wild']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--profile is of swarm, calm');
  });
});

/** Sums of fractions depend on their order, by less than anybody can see. */
function inAnyOrder({ virtualMs, ...tally }: Readonly<Record<string, unknown>>): object {
  return { ...tally, virtualMs: Math.round(Number(virtualMs)) };
}
