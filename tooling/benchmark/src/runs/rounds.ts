/**
 * Interleaved rounds: in each round everybody does everything once, one after the other. What the
 * machine does to one it then does to all, and a ratio can be believed where seconds cannot.
 */
import type { Measurement } from '../results/measurement.ts';
import {
  type Comparison,
  type Entrant,
  nameOf,
  type Row,
  type Rounds,
  rowsOf,
  type Subject,
} from '../results/row.ts';
import { formatCount, formatLatency, formatPace } from '../results/table.ts';
import { DisturbedError } from '../subjects/subject.ts';
import type { Context } from './bench.ts';

/** Something that is measured, and by whom. */
export interface Match {
  readonly subject: Subject;
  readonly contestants: readonly Contestant[];
  /** Whom everybody else is compared with. @default the first, by speed */
  readonly comparisons?: readonly Comparison[];
}

/** One of those who take turns. */
export interface Contestant extends Entrant {
  /** @throws DisturbedError if it is worth another try. */
  measure(): Promise<Measurement>;
}

/** As much of a context as it needs. */
export interface Surroundings extends Pick<Context, 'stage' | 'progress'> {
  readonly settings: Pick<Context['settings'], 'rounds'>;
}

/** One that is disturbed so often is taken as it is, if it was measured; otherwise it is given up, and the run with it. */
const maxTries = 4;

/** V8 compiles what has run so often, and a command by itself goes another way than one of many. */
const warmCommands = 5000;
const mostWarmUps = 4;

/**
 * Has everybody do everything once before it counts, or a few times where that is little: as if up for a while. One
 * after the other, each through all it has to do: whose turn it becomes has to be waited for.
 */
export async function warmUp(
  matches: readonly Match[],
  { stage, progress }: Pick<Surroundings, 'stage' | 'progress'>,
): Promise<void> {
  const all = matches.flatMap(({ subject, contestants }) =>
    contestants.map((contestant) => ({ contestant, label: labelOf(subject, contestant) })),
  );
  for (const name of new Set(all.map(({ contestant }) => nameOf(contestant)))) {
    for (const { contestant, label } of all) {
      if (nameOf(contestant) !== name) continue;
      progress(`warming up: ${label}`);
      let commands = 0;
      for (let times = 0; times < mostWarmUps && commands < warmCommands; times++) {
        stage.checkpoint();
        const { operationsPerSecond, seconds } = await persist(contestant, () => undefined);
        commands += operationsPerSecond * seconds;
      }
    }
  }
}

/** Measures all matches in each round, and gives their rows in order. */
export async function interleave(
  matches: readonly Match[],
  { settings, stage, progress }: Surroundings,
): Promise<readonly Row[]> {
  const tables = matches.map(({ subject, contestants, comparisons }) => ({
    subject,
    comparisons,
    entries: contestants.map((contestant) => ({
      contestant,
      measurements: [] as Measurement[],
    })),
  }));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const { subject, entries } of tables) {
      for (const { contestant, measurements } of entries) {
        stage.checkpoint();
        const label = labelOf(subject, contestant);
        const measurement = await persist(contestant, (reason, consequence) => {
          progress(`${label}: disturbed (${reason}), ${consequence}`);
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
  return tables.flatMap(({ subject, entries, comparisons }) =>
    rowsOf(
      subject,
      entries.map(({ contestant, measurements }): Rounds => ({ ...contestant, measurements })),
      comparisons,
    ),
  );
}

async function persist(
  contestant: Contestant,
  disturbed: (reason: string, consequence: string) => void,
): Promise<Measurement> {
  for (let tries = 1; ; tries++) {
    try {
      return await contestant.measure();
    } catch (error) {
      if (!(error instanceof DisturbedError)) throw error;
      const [reason = ''] = error.message.split('\n', 1);
      if (tries < maxTries) {
        disturbed(reason, 'once more');
      } else if (error.measurement === undefined) {
        throw error;
      } else {
        disturbed(reason, 'as before, so it counts');
        return error.measurement;
      }
    }
  }
}

function labelOf(subject: Subject, contestant: Contestant): string {
  const row = { ...subject, ...contestant.row };
  const { variant, operation, connections, clients, valueBytes, paceMiB } = row;
  const name = nameOf(contestant);
  if (name === undefined) return `${variant}, ${operation} of ${valueBytes} bytes`;
  const pace = paceMiB === undefined ? [] : [formatPace(paceMiB)];
  const load = connections === 0 ? `${clients} in flight` : `${connections} × ${clients}`;
  return [variant, load, ...pace, name].join(', ');
}
