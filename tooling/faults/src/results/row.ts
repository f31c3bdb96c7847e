/** What a scenario on a storage came to, and rows of that as a table for people. */
import type { ProblemKind } from '../scenarios/scenario.ts';

/** A row. */
export interface Row {
  readonly scenario: string;
  readonly storage: string;
  readonly seed: number;
  readonly rounds: number;
  readonly passed: number;
  readonly failed: number;
  /** Faults that struck. */
  readonly struck: number;
  /** Times that it stopped, with STORAGE_FAILED. */
  readonly refused: number;
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  /** Writes that took effect without being acknowledged. */
  readonly beyond: number;
  readonly problems: Readonly<Record<ProblemKind, number>>;
  readonly seconds: number;
  /** Why it did not run. */
  readonly skipped: string | undefined;
}

const columns: readonly (readonly [head: string, cell: (row: Row) => string | number])[] = [
  ['scenario', (row) => row.scenario],
  ['storage', (row) => row.storage],
  ['rounds', (row) => row.rounds],
  ['struck', (row) => row.struck],
  ['stopped', (row) => row.refused],
  ['acknowledged', (row) => row.acknowledged],
  ['beyond', (row) => row.beyond],
  ['lost', (row) => row.problems.lost],
  ['refused', (row) => row.problems.refused],
  ['unnoticed', (row) => row.problems.unnoticed],
  ['stuck', (row) => row.problems.stuck],
  ['broken', (row) => row.problems.broken],
  ['seconds', (row) => row.seconds.toFixed(1)],
];

/** Lines that end in a line break. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [
    columns.map(([head]) => head),
    ...rows.map((row) => columns.map(([, cell]) => String(cell(row)))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const skipped = rows.flatMap(({ scenario, storage, skipped: why }) =>
    why === undefined ? [] : [`skipped: ${scenario} ${storage}: ${why}`],
  );
  return [...lines, ...skipped].map((line) => `${line}\n`).join('');
}
