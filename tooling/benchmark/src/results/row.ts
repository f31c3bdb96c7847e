/** A row: what all rounds of one measurement come to, as it stands in tables, plots and JSON. */
import type { Figures, Measurement } from './measurement.ts';
import { median, ratio, type Spread, spread } from './statistics.ts';

/** What is measured in one row. */
export interface Subject {
  readonly bench: string;
  /** How it is put together: `memory`, `durable`, `batch`, … */
  readonly variant: string;
  readonly operation: string;
  /** What puts the load on where that differs: `@quorate/client`, `etcd-load`, `http2`. */
  readonly client?: string;
  /** Nodes of the service where that differs. */
  readonly members?: number;
  /** Connections to the service; 0 where it is called from within the process that serves. */
  readonly connections: number;
  /** Commands in flight; entries of one write where a storage is measured alone. */
  readonly clients: number;
  readonly valueBytes: number;
  /** What is durable lies in it. */
  readonly storage?: string;
  /** What snapshots may take, in MiB a second; `null`: as fast as it goes. */
  readonly paceMiB?: number | null;
  /** For floors, which are measured on both sides of the work. */
  readonly when?: 'before' | 'after';
}

/** One row. Medians of all rounds, latencies in microseconds. */
export interface Row extends Subject {
  /** `null` where none is involved. */
  readonly algorithm: string | null;
  readonly rounds: number;
  /** Of one round. */
  readonly seconds: number;
  readonly operationsPerSecond: number;
  readonly operationsPerSecondLow: number;
  readonly operationsPerSecondHigh: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly figures: Figures;
  /** Against others in the same rounds. */
  readonly ratios: readonly Ratio[];
}

/** What is compared: operations per second, a latency, the time without service, or what a command costs the processors. */
export type Measure = 'speed' | 'p99' | 'outage' | 'processor';

/** Whom everybody else is compared with, and in what. */
export interface Comparison {
  /** Its name. */
  readonly to: string;
  readonly of: Measure;
}

/** How one stands to another. */
export interface Ratio extends Comparison, Spread {}

/** Whoever takes part in a measurement. */
export interface Entrant {
  readonly algorithm: string | null;
  /** How others call it. @default the algorithm */
  readonly name?: string;
  /** Where its row differs from those of the others. */
  readonly row?: Partial<Subject>;
}

/** All rounds of one at one measurement. */
export interface Rounds extends Entrant {
  readonly measurements: readonly Measurement[];
}

/** What an entrant is called; `undefined`: it stands alone, as floors do. */
export function nameOf({ name, algorithm }: Entrant): string | undefined {
  return name ?? algorithm ?? undefined;
}

/**
 * One row each.
 *
 * @param comparisons by default the operations per second of the first.
 */
export function rowsOf(
  subject: Subject,
  contestants: readonly Rounds[],
  comparisons: readonly Comparison[] = bySpeedOfFirst(contestants),
): readonly Row[] {
  return contestants.map((contestant) => ({
    ...rowOf(subject, contestant),
    ratios: comparisons.flatMap(({ to, of }) => {
      const base = contestants.find((other) => nameOf(other) === to);
      if (base === undefined || base === contestant) return [];
      const spread = ratio(valuesOf(contestant, of), valuesOf(base, of));
      // Not every system tells everything.
      return Number.isNaN(spread.median) ? [] : [{ to, of, ...spread }];
    }),
  }));
}

/** One line of JSON: figures lie flat in it. */
export function jsonLine({ figures, ...fields }: Row): string {
  return JSON.stringify({ ...fields, ...figures });
}

function bySpeedOfFirst(contestants: readonly Rounds[]): readonly Comparison[] {
  const [first] = contestants;
  const to = first === undefined ? undefined : nameOf(first);
  return to === undefined ? [] : [{ to, of: 'speed' }];
}

function rowOf(subject: Subject, { algorithm, measurements, row }: Rounds): Omit<Row, 'ratios'> {
  const middle = (of: (measurement: Measurement) => number): number => median(measurements.map(of));
  const speed = spread(measurements.map(({ operationsPerSecond }) => operationsPerSecond));
  const names = new Set(measurements.flatMap(({ figures }) => Object.keys(figures)));
  return {
    ...subject,
    ...row,
    algorithm,
    rounds: measurements.length,
    seconds: middle(({ seconds }) => seconds),
    operationsPerSecond: speed.median,
    operationsPerSecondLow: speed.low,
    operationsPerSecondHigh: speed.high,
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    p999: middle(({ p999 }) => p999),
    max: middle(({ max }) => max),
    figures: Object.fromEntries(
      [...names].map((name) => [name, middle(({ figures }) => figures[name] ?? Number.NaN)]),
    ),
  };
}

function valuesOf({ measurements }: Rounds, of: Measure): readonly number[] {
  return measurements.map(({ operationsPerSecond, p99, figures }) => {
    switch (of) {
      case 'speed':
        return operationsPerSecond;
      case 'p99':
        return p99;
      case 'outage':
        return figures['outageMs'] ?? Number.NaN;
      case 'processor':
        return figures['processorMicroseconds'] ?? Number.NaN;
    }
  });
}
