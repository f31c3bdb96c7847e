/** Sums over runs, what is printed of them, and which rare paths are missed. */
import { simulate, type Run } from '@quorate/simulator';
import { describe, expect, it } from 'vitest';
import { missedPaths } from '../src/paths.ts';
import { emptyTally, merge, type Tally, tallyOf } from '../src/tally.ts';
import { againLine, failureLines, tallyLines, totalLine } from '../src/text.ts';
import { worldOf } from '../src/worlds.ts';

const failure = { algorithm: 'raft', seed: 17, violation: 'durability: lost', virtualMs: 2345 };

const runOf = (seed: number): Promise<Run> =>
  simulate(seed, worldOf('raft', seed, 'registers'), { profile: 'network' });

describe('a tally', () => {
  it('is the same whether runs are counted together, or apart and merged', async () => {
    const runs = [
      await runOf(1),
      await runOf(2),
      { ...(await runOf(3)), violation: 'a rule: broken' },
    ];
    const together = emptyTally();
    const apart = emptyTally();
    for (const run of runs) {
      merge(together, tallyOf('raft', run));
      const one = emptyTally();
      merge(one, tallyOf('raft', run));
      merge(apart, one);
    }
    expect(apart).toEqual(together);
    expect(together.seeds).toBe(3);
    expect(together.ok).toBe(runs.reduce((sum, { operations }) => sum + operations.ok, 0));
    expect(together.framesSent).toBe(runs.reduce((sum, { network }) => sum + network.sent, 0));
    expect(together.longestRecoveryMs).toBe(
      Math.max(...runs.map(({ recoveredAfterMs }) => recoveredAfterMs)),
    );
    expect(together.failures).toEqual([
      {
        algorithm: 'raft',
        seed: 3,
        violation: 'a rule: broken',
        virtualMs: runs[2]?.virtualMs,
      },
    ]);
    const elected = runs.map(({ coverage }) => coverage.get('leader elected') ?? 0);
    expect(together.coverage.get('leader elected')).toBe(
      elected.reduce((sum, times) => sum + times),
    );
  });

  it('comes through a message to another thread', () => {
    const tally: Tally = { ...emptyTally(), seeds: 3, failures: [failure] };
    tally.faults.set('pause', 4);
    expect(structuredClone(tally)).toEqual(tally);
  });

  it('is printed with all of its figures', () => {
    const tally: Tally = {
      ...emptyTally(),
      seeds: 5,
      twice: 1,
      virtualMs: 7_200_000,
      ok: 11,
      failed: 12,
      unknown: 13,
      framesSent: 14,
      framesLost: 15,
      framesCorrupted: 16,
      longestRecoveryMs: 1500,
      faults: new Map([
        ['pause', 2],
        ['clog', 3],
      ]),
      coverage: new Map([['duel', 4]]),
    };
    const text = tallyLines('raft', tally, 1000);
    for (const part of [
      'raft: 5 seeds, 2.00 virtual hours, 7200 virtual seconds a second',
      '11 answered, 12 refused, 13 of unknown outcome',
      'frames 14, 15 lost, 16 damaged',
      'at most 1.5 virtual s',
      'clog 3, pause 2',
      'duel 4',
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe('a failure', () => {
  it('says what broke, and the line that shows it again', () => {
    expect(failureLines(failure, 'swarm', undefined)).toBe(
      'FAILED raft seed 17 at 2.3 virtual s: durability: lost\n' +
        '  again: npx pnpm@10 sim --algorithm raft --seed 17 --shrink --trace trace.ndjson',
    );
  });

  it('names profile and workload where they were asked for', () => {
    expect(againLine(failure, 'disks', 'bank')).toBe(
      'npx pnpm@10 sim --algorithm raft --seed 17 --profile disks --workload bank',
    );
  });

  it('counts in the last line', () => {
    expect(totalLine(99, 1)).toBe('99 passed, 1 failed');
  });
});

describe('the rare paths', () => {
  it('are all missed by nothing, and each by itself', () => {
    const all = missedPaths('raft', new Map());
    expect(all.length).toBeGreaterThan(25);
    expect(missedPaths('raft', new Map(all.map((path) => [path, 1])))).toEqual([]);
    const [left = '', ...reached] = all;
    expect(missedPaths('raft', new Map(reached.map((path) => [path, 1])))).toEqual([left]);
  });

  it('are not the same for all algorithms: Paxos truncates nothing', () => {
    expect(missedPaths('raft', new Map())).toContain('suffix truncated');
    expect(missedPaths('paxos', new Map())).not.toContain('suffix truncated');
  });
});
