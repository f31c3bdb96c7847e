/** What a benchmark is, and what it is handed. */
import type { Row } from '../results/row.ts';
import type { Stage } from './stage.ts';

/** What can be chosen about a run. */
export interface Settings {
  /** Of one measurement. */
  readonly seconds: number;
  readonly rounds: number;
  /** Commands in flight, or entries of one write. */
  readonly windows: readonly number[];
  readonly valueBytes: number;
  readonly algorithms: readonly string[];
  readonly storages: readonly string[];
  readonly variants: readonly string[];
  /** In a log before it is measured. */
  readonly entries: number;
  /** Of the machine, and so of a snapshot. */
  readonly stateMiB: number;
  /** What snapshots may take, in MiB a second; `null`: as fast as it goes. */
  readonly pacesMiB: readonly (number | null)[];
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
  /** Those that it can measure, none by default; and those that it measures where none are named. */
  readonly storages?: { readonly known: readonly string[]; readonly usual: readonly string[] };
  /** Where they are not those of the others. */
  readonly defaults?: Partial<Pick<Settings, 'seconds' | 'rounds'>>;
  run(context: Context): Promise<readonly Row[]>;
}
