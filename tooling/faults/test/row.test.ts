import { describe, expect, it } from 'vitest';
import { type Row, tableOf } from '../src/results/row.ts';

const row: Row = {
  ...{ scenario: 'kill', storage: 'file', seed: 1, rounds: 300, passed: 299, failed: 1 },
  ...{ struck: 280, refused: 0, acknowledged: 12_345, beyond: 67, seconds: 61.26 },
  problems: { lost: 1, refused: 0, unnoticed: 0, stuck: 0, broken: 0 },
  skipped: undefined,
};

describe('the table', () => {
  it('has a line for each scenario and storage', () => {
    expect(tableOf([row, { ...row, scenario: 'sync-error', storage: 'level' }])).toBe(
      [
        'scenario    storage  rounds  struck  stopped  acknowledged  beyond  lost  refused  unnoticed  stuck  broken  seconds',
        'kill        file        300     280        0         12345      67     1        0          0      0       0     61.3',
        'sync-error  level       300     280        0         12345      67     1        0          0      0       0     61.3',
        '',
      ].join('\n'),
    );
  });

  it('says what did not run, and why', () => {
    const skipped = { ...row, rounds: 0, passed: 0, failed: 0, skipped: 'only root may mount' };
    expect(tableOf([skipped])).toContain('\nskipped: kill file: only root may mount\n');
  });
});
