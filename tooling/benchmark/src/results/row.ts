/** A row: what all rounds of one measurement come to, as it stands in tables, plots and JSON. */
import type { Figures, Measurement } from './measurement.ts';
import { median, ratio, type Spread, spread } from './statistics.ts';

/** What is measured in one row. */
export interface Subject {
  readonly bench: string;
  /** How it is put together: `memory`, `durable`, `batch`, … */
  readonly variant: string;
  readonly operation: string;
  /** Connections to the service; 0 where it is called from within the process that serves. */
  readonly connections: number;
  /** Commands in flight. */
  readonly clients: number;
  readonly valueBytes: number;
  /** For floors, which are measured on both sides of the work. */
  readonly when?: 'before' | 'after';
}

/** One row. Medians of all rounds, latencies in microseconds. */
export interface Row extends Subject {
  /** `null` for floors: no algorithm is involved. */
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
  /** Operations per second against those of another algorithm in the same rounds. */
  readonly ratio?: Ratio;
}

/** How an algorithm stands to the one that it is compared with. */
export interface Ratio extends Spread {
  readonly to: string;
}

/** All rounds of one algorithm at one measurement. */
export interface Rounds {
  readonly algorithm: string | null;
  readonly measurements: readonly Measurement[];
}

/** One row an algorithm; the first is what the others are compared with. */
export function rowsOf(subject: Subject, contestants: readonly Rounds[]): readonly Row[] {
  const [base] = contestants;
  return contestants.map((contestant) => {
    const row = rowOf(subject, contestant);
    if (base === undefined || base === contestant || base.algorithm === null) return row;
    const against = ratio(speeds(contestant), speeds(base));
    return { ...row, ratio: { to: base.algorithm, ...against } };
  });
}

/** One line of JSON: figures and the ratio lie flat in it. */
export function jsonLine({ figures, ratio: against, ...fields }: Row): string {
  return JSON.stringify({
    ...fields,
    ...figures,
    ...(against === undefined
      ? {}
      : {
          ratioTo: against.to,
          ratio: against.median,
          ratioLow: against.low,
          ratioHigh: against.high,
        }),
  });
}

function rowOf(subject: Subject, { algorithm, measurements }: Rounds): Row {
  const middle = (of: (measurement: Measurement) => number): number => median(measurements.map(of));
  const speed = spread(measurements.map(({ operationsPerSecond }) => operationsPerSecond));
  const names = new Set(measurements.flatMap(({ figures }) => Object.keys(figures)));
  return {
    ...subject,
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

function speeds({ measurements }: Rounds): readonly number[] {
  return measurements.map(({ operationsPerSecond }) => operationsPerSecond);
}
