/** The table is sorted, stable, and keeps what a partial run did not try. */
import { describe, expect, it } from 'vitest';
import type { Mutation } from '../src/mutation.ts';
import { beginMarker, cellsIn, endMarker, TableError, tableOf, withTable } from '../src/table.ts';
import type { Outcome, Verdict } from '../src/verdict.ts';

function mutation(id: string): Mutation {
  return {
    id,
    area: 'raft',
    title: `bug ${id}`,
    edits: [{ file: 'packages/raft/src/commit.ts', find: 'a', replace: 'b' }],
    suite: { files: ['packages/raft/test/a.test.ts'] },
  };
}

function outcome(id: string, suites?: Verdict, simulator?: Verdict): Outcome {
  return { id, suites, simulator, seconds: Math.PI };
}

const byTest: Verdict = {
  type: 'killed',
  by: { type: 'test', file: 'packages/raft/test/a.test.ts', title: 'a | b', message: 'm' },
};
const bySeed: Verdict = {
  type: 'killed',
  by: { type: 'seed', algorithm: 'raft', seed: 12, after: 12 },
};
const page = `# Page\n\n${beginMarker}\n${endMarker}\n\nmore\n`;

function ids(table: string): readonly string[] {
  return [...cellsIn(table).keys()];
}

describe('the table', () => {
  it('has the known pitfalls first, each list in the order of its numbers', () => {
    const mutations = ['raft-10', 'S1', 'P2', 'R10', 'raft-2', 'R2b', 'R2', 'driver-1'];
    expect(ids(tableOf(mutations.map(mutation), []))).toEqual([
      ...['R2', 'R2b', 'R10', 'P2', 'S1'],
      ...['driver-1', 'raft-2', 'raft-10'],
    ]);
  });

  it('says where a bug is and who noticed it', () => {
    const table = tableOf([mutation('R1')], [outcome('R1', byTest, bySeed)]);
    expect(table.split('\n')[2]).toMatch(
      /^\| R1 +\| bug R1 +\| raft: commit\.ts \| raft\/test\/a\.test\.ts: a \\\| b \| 12 \(raft\) +\|$/,
    );
  });

  it.each([
    [{ type: 'survived' }, '**survived**'],
    [{ type: 'survived', seeds: 300 }, 'not within 300'],
    [{ type: 'invalid', reason: 'x' }, '**invalid**'],
    [{ type: 'absent' }, 'not part of it'],
    [{ type: 'killed', by: { type: 'time-out', seconds: 90 } }, 'time-out'],
    [{ type: 'killed', by: { type: 'error', message: 'm' } }, 'an error outside of all tests'],
  ] as const)('says of %j: %s', (verdict, cell) => {
    const table = tableOf([mutation('R1')], [outcome('R1', verdict)]);
    expect(cellsIn(table).get('R1')?.[0]).toBe(cell);
  });

  it('is the same whenever the outcomes are', () => {
    const mutations = [mutation('R1'), mutation('R2')];
    const outcomes = [outcome('R1', byTest), outcome('R2', bySeed)];
    const once = withTable(page, mutations, outcomes);
    expect(withTable(once, mutations, outcomes.toReversed())).toBe(once);
  });

  it('keeps what a partial run did not try, and forgets what is not in the catalogue any more', () => {
    const before = withTable(
      page,
      ['R1', 'R2', 'R3'].map(mutation),
      ['R1', 'R2', 'R3'].map((id) => outcome(id, byTest, bySeed)),
    );
    const after = withTable(before, ['R1', 'R2'].map(mutation), [
      outcome('R1', { type: 'survived' }),
      outcome('R2', undefined, { type: 'survived' }),
    ]);
    expect(Object.fromEntries(cellsIn(after))).toMatchObject({
      R1: ['**survived**', '12 (raft)'],
      R2: ['raft/test/a.test.ts: a | b', '**survived**'],
    });
    expect(ids(after)).not.toContain('R3');
    expect(after.startsWith('# Page\n\n')).toBe(true);
    expect(after.endsWith(`${endMarker}\n\nmore\n`)).toBe(true);
  });

  it('needs its place', () => {
    expect(() => withTable('# Page\n', [], [])).toThrow(TableError);
  });
});
