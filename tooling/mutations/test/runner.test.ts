/** Which mutations are tried how, and what is made of that; with other means than real tests. */
import { describe, expect, it } from 'vitest';
import type { Mutation } from '../src/mutation.ts';
import { type Means, type Order, runAll } from '../src/runner.ts';
import { verdictOfSeeds } from '../src/simulator.ts';
import type { Outcome, Verdict } from '../src/verdict.ts';
import { bugs } from './fixture/bugs.ts';

const survived: Verdict = { type: 'survived' };
const killed: Verdict = {
  type: 'killed',
  by: { type: 'test', file: 'f', title: 't', message: 'm' },
};

function orderOf(mutations: readonly Mutation[], more: Partial<Order> = {}): Order {
  const { signal } = new AbortController();
  return { mutations, jobs: 1, seeds: 20, timeoutMs: 1000, signal, done: () => undefined, ...more };
}

/** Tests that pass without a bug, and notice some. */
function noticing(...noticed: readonly Mutation[]): Means & { readonly runs: string[] } {
  const runs: string[] = [];
  return {
    runs,
    suites: (_suite, edits) => {
      const bug = Object.values(bugs).find((each) => each.edits === edits);
      runs.push(bug?.id ?? 'baseline');
      return Promise.resolve(bug !== undefined && noticed.includes(bug) ? killed : survived);
    },
    simulator: undefined,
  };
}

function words(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map(({ id, suites, simulator }) =>
    [id, suites?.type ?? '-', simulator?.type ?? '-'].join(' '),
  );
}

describe('the runner', () => {
  it('tries the tests without a bug first, once, and then each bug', async () => {
    const means = noticing(bugs.wrong);
    const outcomes = await runAll(orderOf([bugs.wrong, bugs.unnoticed]), means);
    expect(words(outcomes)).toEqual(['wrong killed -', 'unnoticed survived -']);
    expect(means.runs).toEqual(['baseline', 'wrong', 'unnoticed']);
  });

  it('believes nothing of tests that fail without a bug', async () => {
    const means: Means = { suites: () => Promise.resolve(killed), simulator: undefined };
    const [outcome] = await runAll(orderOf([bugs.wrong]), means);
    expect(outcome?.suites).toMatchObject({ type: 'invalid' });
    expect(JSON.stringify(outcome?.suites)).toContain('fails without any bug');
  });

  it.each([
    [bugs.noProgram, 'no program'],
    [bugs.elsewhere, 'does not contain'],
  ])('does not try what cannot be planted: $id', async (bug, reason) => {
    const means = noticing();
    const [outcome] = await runAll(orderOf([bug]), means);
    expect(outcome?.suites).toMatchObject({ type: 'invalid' });
    expect(JSON.stringify(outcome?.suites)).toContain(reason);
    expect(means.runs).toEqual([]);
  });

  it('tries so many at a time, and gives the outcomes in their order', async () => {
    let underWay = 0;
    let most = 0;
    let release: () => void = () => undefined;
    // The first one ends only once the last one has begun.
    const lastBegun = new Promise<void>((resolve) => {
      release = resolve;
    });
    const told: string[] = [];
    const means: Means = {
      suites: async (_suite, edits) => {
        most = Math.max(most, ++underWay);
        if (edits === bugs.wrong.edits) await lastBegun;
        if (edits === bugs.late.edits) release();
        underWay--;
        return survived;
      },
      simulator: undefined,
    };
    const done = ({ id }: Outcome, count: number): void => void told.push(`${String(count)} ${id}`);
    const order = orderOf([bugs.wrong, bugs.unnoticed, bugs.late], { jobs: 2, done });
    const outcomes = await runAll(order, means);
    expect(most).toBe(2);
    expect(outcomes.map(({ id }) => id)).toEqual(['wrong', 'unnoticed', 'late']);
    expect(told[0]).toBe('1 unnoticed');
    expect(told).toHaveLength(3);
  });

  it('gives the simulator few seeds without a bug, and all of them with one', async () => {
    const tried: string[] = [];
    const means: Means = {
      suites: undefined,
      simulator: ({ edits }, { count }) => {
        tried.push(`${String(edits.length)} edits, ${String(count)} seeds`);
        return Promise.resolve(survived);
      },
    };
    const outcomes = await runAll(orderOf([bugs.wrong, bugs.late]), means);
    expect(words(outcomes)).toEqual(['wrong - survived', 'late - survived']);
    expect(tried).toEqual(['0 edits, 10 seeds', '1 edits, 20 seeds', '1 edits, 20 seeds']);
  });
});

describe('the output of the simulator', () => {
  const about = { algorithm: 'raft', first: 1, from: 11, chunk: 30 };

  it('with a seed that failed names the first, and says after how many', () => {
    const output =
      'seed 5 of something\nraft, seed 30: x\nraft --seed=12: y\n28 passed, 2 failed\n';
    const by = { type: 'seed', algorithm: 'raft', seed: 12, after: 12 };
    expect(verdictOfSeeds(1, output, about)).toEqual({ type: 'killed', by });
  });

  it('without one says that nobody noticed, if it says how many passed', () => {
    expect(verdictOfSeeds(0, 'raft\n30 passed, 0 failed\n', about)).toEqual(survived);
    expect(verdictOfSeeds(0, '', about)).toMatchObject({ type: 'invalid' });
  });

  it('of a program that broke says nothing', () => {
    expect(verdictOfSeeds(1, 'Error: x', about)).toMatchObject({ type: 'invalid' });
    expect(verdictOfSeeds(undefined, 'seed 3', about)).toMatchObject({ type: 'invalid' });
  });
});
