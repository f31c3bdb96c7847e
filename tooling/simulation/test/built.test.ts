/** The program itself, built, with its threads. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { built, compile, finish } from './compile.ts';

const program = fileURLToPath(built('bin.js'));

beforeAll(compile, 180_000);

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
