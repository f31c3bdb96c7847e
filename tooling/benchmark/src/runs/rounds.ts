/**
 * Interleaved rounds: in each round everybody does everything once, one after the other. What the
 * machine does to one it then does to all, and a ratio can be believed where seconds cannot.
 */
import type { Measurement } from '../results/measurement.ts';
import { type Row, type Rounds, rowsOf, type Subject } from '../results/row.ts';
import { formatCount, formatLatency } from '../results/table.ts';
import { DisturbedError } from '../subjects/subject.ts';
import type { Context } from './bench.ts';

/** Something that is measured, and by whom. */
export interface Match {
  readonly subject: Subject;
  readonly contestants: readonly Contestant[];
}

/** One of those who take turns. */
export interface Contestant {
  readonly algorithm: string | null;
  /** @throws DisturbedError if it is worth another try. */
  measure(): Promise<Measurement>;
}

/** A measurement that is disturbed more often than this is given up, and the run with it. */
const maxTries = 4;

/** Measures all matches in each round, and gives their rows in order. */
export async function interleave(
  matches: readonly Match[],
  { settings, stage, progress }: Pick<Context, 'settings' | 'stage' | 'progress'>,
): Promise<readonly Row[]> {
  const tables = matches.map(({ subject, contestants }) => ({
    subject,
    entries: contestants.map((contestant) => ({
      contestant,
      measurements: [] as Measurement[],
    })),
  }));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const { subject, entries } of tables) {
      for (const { contestant, measurements } of entries) {
        stage.checkpoint();
        const label = labelOf(subject, contestant.algorithm);
        const measurement = await persist(contestant, (reason) => {
          progress(`${label}: disturbed (${reason}), once more`);
        });
        measurements.push(measurement);
        const { operationsPerSecond, p50, p99 } = measurement;
        progress(
          `round ${round} of ${settings.rounds}, ${label}: ${formatCount(operationsPerSecond)}/s, ` +
            `p50 ${formatLatency(p50)}, p99 ${formatLatency(p99)}`,
        );
      }
    }
  }
  return tables.flatMap(({ subject, entries }) =>
    rowsOf(
      subject,
      entries.map(
        ({ contestant, measurements }): Rounds => ({
          algorithm: contestant.algorithm,
          measurements,
        }),
      ),
    ),
  );
}

async function persist(
  contestant: Contestant,
  disturbed: (reason: string) => void,
): Promise<Measurement> {
  for (let tries = 1; ; tries++) {
    try {
      return await contestant.measure();
    } catch (error) {
      if (!(error instanceof DisturbedError) || tries === maxTries) throw error;
      disturbed(error.message.split('\n', 1)[0] ?? '');
    }
  }
}

function labelOf(subject: Subject, algorithm: string | null): string {
  const { variant, operation, clients, valueBytes } = subject;
  return algorithm === null
    ? `${variant}, ${operation} of ${valueBytes} bytes`
    : `${variant}, ${clients} in flight, ${algorithm}`;
}
