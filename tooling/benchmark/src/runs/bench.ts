/** What a benchmark is, and what it is handed. */
import type { Row } from '../results/row.ts';
import type { Stage } from './stage.ts';

/** What can be chosen about a run. */
export interface Settings {
  /** Of one measurement. */
  readonly seconds: number;
  readonly rounds: number;
  /** Commands in flight. */
  readonly windows: readonly number[];
  readonly valueBytes: number;
  readonly algorithms: readonly string[];
  readonly variants: readonly string[];
  /** Where folders for what is durable are made: the disk that is measured. */
  readonly directory: string;
}

/** Where a benchmark runs. */
export interface Context {
  readonly settings: Settings;
  readonly stage: Stage;
  /** Says how far it is. */
  readonly progress: (line: string) => void;
}

/** A benchmark. */
export interface Benchmark {
  /** One line of help. */
  readonly summary: string;
  readonly variants: readonly string[];
  readonly windows: readonly number[];
  run(context: Context): Promise<readonly Row[]>;
}
