/** What a benchmark is, and what it is handed. */
import type { Consistency } from '@quorate/core';
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
  readonly shapes: readonly Shape[];
  /** Different ones of load on a service. */
  readonly keys: number;
  /** The program of the peer; `undefined`: without it. */
  readonly etcd: string | undefined;
  /** A program that puts load on it. */
  readonly etcdLoad: string | undefined;
  /** In a log before it is measured. */
  readonly entries: number;
  /** Of the machine, and so of a snapshot. */
  readonly stateMiB: number;
  /** What snapshots may take, in MiB a second; `null`: as fast as it goes. */
  readonly pacesMiB: readonly (number | null)[];
  /** Of services. */
  readonly members: readonly number[];
  readonly valueSizes: readonly number[];
  /** Commands that arrive; `undefined`: as many as are answered. */
  readonly perSecond: number | undefined;
  /** Of a service that runs already. */
  readonly endpoints: readonly string[];
  readonly operation: 'put' | 'read';
  readonly consistency: Consistency;
  /** Whether disk and network are measured on both sides of it. */
  readonly floors: boolean;
  /** Where folders for what is durable are made: the disk that is measured. */
  readonly directory: string;
}

/** How load comes to a service. */
export interface Shape {
  readonly connections: number;
  /** All together. */
  readonly clients: number;
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
  /** Connections and clients where it has them. */
  readonly shapes?: readonly Shape[];
  /** Where they are not those of the others. */
  readonly defaults?: Partial<Pick<Settings, 'seconds' | 'rounds' | 'perSecond' | 'members'>>;
  /** Whether disk and network are worth measuring on both sides of it. @default true */
  readonly floors?: boolean;
  /** What it cannot work without; `undefined`: all is there. */
  missing?(settings: Settings): string | undefined;
  run(context: Context): Promise<readonly Row[]>;
}
