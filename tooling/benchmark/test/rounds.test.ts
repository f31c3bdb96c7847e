import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Measurement } from '../src/results/measurement.ts';
import { interleave, type Match, type Surroundings, warmUp } from '../src/runs/rounds.ts';
import { Stage } from '../src/runs/stage.ts';
import { DisturbedError } from '../src/subjects/subject.ts';
import { measurement, subject } from './rows.ts';

interface Run {
  readonly context: Surroundings;
  readonly stage: Stage;
  readonly lines: string[];
}

function runOf(rounds: number): Run {
  const stage = new Stage(tmpdir());
  const lines: string[] = [];
  const progress = (line: string): void => void lines.push(line);
  return { stage, lines, context: { stage, settings: { rounds }, progress } };
}

function matchOf(clients: number, measure: (algorithm: string) => Promise<Measurement>): Match {
  return {
    subject: subject({ clients }),
    contestants: ['raft', 'paxos'].map((algorithm) => ({
      algorithm,
      measure: () => measure(algorithm),
    })),
  };
}

describe('a warm-up', () => {
  it('has everybody do everything until it has done enough of it', async () => {
    const { context } = runOf(1);
    const order: string[] = [];
    const matches = [
      { clients: 1, done: 100 },
      { clients: 16, done: 3000 },
      { clients: 256, done: 5000 },
    ].map(({ clients, done }) =>
      matchOf(clients, async (algorithm) => {
        order.push(`${algorithm} ${clients}`);
        return { ...measurement(done / 2), seconds: 2 };
      }),
    );
    await warmUp(matches, context);
    const each = ['1', '1', '1', '1', '16', '16', '256'];
    expect(order).toEqual(
      ['raft', 'paxos'].flatMap((algorithm) => each.map((clients) => `${algorithm} ${clients}`)),
    );
  });
});

describe('interleaved rounds', () => {
  it('let everybody do everything in each round, one after the other', async () => {
    const { context, lines } = runOf(2);
    const order: string[] = [];
    const matches = [1, 16].map((clients) =>
      matchOf(clients, async (algorithm) => {
        order.push(`${algorithm} ${clients}`);
        return measurement(order.length * 100);
      }),
    );
    const rows = await interleave(matches, context);
    const round = ['raft 1', 'paxos 1', 'raft 16', 'paxos 16'];
    expect(order).toEqual([...round, ...round]);
    expect(rows.map(({ algorithm, clients }) => `${String(algorithm)} ${clients}`)).toEqual(round);
    expect(rows.map(({ operationsPerSecond }) => operationsPerSecond)).toEqual([
      300, 400, 500, 600,
    ]);
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe('round 1 of 2, durable, 1 in flight, raft: 100/s, p50 100 µs, p99 1 ms');
  });

  it('call those by their names who do not differ by algorithm', async () => {
    const { context, lines } = runOf(1);
    const contestants = ['steady', 'take'].map((name) => ({
      ...{ algorithm: 'raft', name, row: { variant: name } },
      measure: async () => measurement(100),
    }));
    const comparisons = [{ to: 'steady', of: 'p99' as const }];
    const match = { subject: subject({ paceMiB: 32 }), contestants, comparisons };
    const rows = await interleave([match], context);
    expect(rows.map(({ variant, ratios }) => [variant, ratios.map(({ to }) => to)])).toEqual([
      ['steady', []],
      ['take', ['steady']],
    ]);
    expect(lines[1]).toContain(': 100/s');
    expect(lines[1]).toContain('round 1 of 1, take, 256 in flight, 32 MiB/s, take');
  });

  it('repeat what was disturbed, and say so', async () => {
    const { context, lines } = runOf(1);
    let tries = 0;
    const match = matchOf(1, async () => {
      tries += 1;
      if (tries === 1) throw new DisturbedError('leadership was lost');
      return measurement(100);
    });
    expect(await interleave([match], context)).toHaveLength(2);
    expect(tries).toBe(3);
    expect(lines[0]).toContain('leadership was lost');
  });

  it('give up what is disturbed again and again', async () => {
    const match = matchOf(1, () => Promise.reject(new DisturbedError('no leader')));
    await expect(interleave([match], runOf(1).context)).rejects.toThrow('no leader');
  });

  it('take what is disturbed again and again as it is, where it was measured', async () => {
    const { context, lines } = runOf(1);
    let tries = 0;
    const match = matchOf(1, () => {
      tries += 1;
      const disturbed = { measurement: measurement(tries) };
      return Promise.reject(new DisturbedError('leadership did not last', disturbed));
    });
    const rows = await interleave([match], context);
    expect(rows.map(({ operationsPerSecond }) => operationsPerSecond)).toEqual([4, 8]);
    expect(lines[3]).toContain('disturbed (leadership did not last), as before, so it counts');
  });

  it('end with any other failure', async () => {
    let tries = 0;
    const match = matchOf(1, () => {
      tries += 1;
      return Promise.reject(new Error('the disk is full'));
    });
    await expect(interleave([match], runOf(3).context)).rejects.toThrow('the disk is full');
    expect(tries).toBe(1);
  });

  it('end when the run is interrupted', async () => {
    const { context, stage } = runOf(3);
    let measured = 0;
    const match = matchOf(1, async () => {
      measured += 1;
      stage.interrupt();
      return measurement(100);
    });
    await expect(interleave([match], context)).rejects.toThrow('interrupted');
    expect(measured).toBe(1);
  });
});
