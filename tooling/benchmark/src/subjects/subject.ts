/** What a worker process hosts and measures. */
import type { Measurement } from '../results/measurement.ts';
import type { LoopTask } from './closed-loop.ts';

/** Something that can be put to work. */
export interface Subject {
  /** Whether it would do the work itself at the moment: it leads, and hears from all others. */
  readonly leads: boolean;
  /** Port on which it listens, where it does. */
  readonly port?: number;
  /** @throws DisturbedError if it was no fair measurement, and another try may be one. */
  measure(task: LoopTask): Promise<Measurement>;
  close(): Promise<void>;
}

/** Something came in between that has nothing to do with speed, such as an election. */
export class DisturbedError extends Error {}
