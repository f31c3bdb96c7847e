/** What a worker process hosts and measures. */
import type { Measurement } from '../results/measurement.ts';
import type { Service } from '../load/connection.ts';
import type { LoadOrder } from '../load/generate.ts';
import type { LoopTask } from './closed-loop.ts';

/** Something that can be put to work. */
export interface Subject {
  /** Whether it would do the work itself at the moment: it leads, and hears from all others. */
  readonly leads: boolean;
  /** Port on which it listens, where it does. */
  readonly port?: number;
  /** @throws DisturbedError if it was no fair measurement, and another try may be one. */
  measure(task: Task): Promise<Measurement>;
  /** Of a load generator. @param program what does it in its place. */
  load?(order: LoadOrder, program: string | undefined): Promise<Measurement>;
  /** Of a load generator: writes every key once. */
  fillKeys?(service: Service, work: Pick<LoadOrder, 'keys' | 'valueBytes'>): Promise<void>;
  /** Of a log alone: what is to be there before. */
  fill?(fill: Fill): Promise<void>;
  /** Of a node that leads: leaves those behind for good that are away. */
  outrun?(): Promise<void>;
  close(): Promise<void>;
}

/** What is measured: a loop, and what happens meanwhile. */
export interface Task extends LoopTask {
  readonly during?: Happening;
}

/**
 * What a leader does beside commands, and for how long that is measured: `take` and `receive` for as
 * long as it takes a snapshot or brings one to another node; `away` for the time of the task, while
 * one node is away and nothing else happens.
 */
export type Happening = 'take' | 'away' | 'receive';

/** How a log is filled. */
export interface Fill {
  /** How many there are to be. */
  readonly entries: number;
  /** How many in one write. */
  readonly batch: number;
  /** Whether more are written after that, for as long as the process lives. */
  readonly goOn: boolean;
}

/** Something came in between that has nothing to do with speed, such as an election. */
export class DisturbedError extends Error {
  /** What was measured all the same; for want of a better one it counts. */
  readonly measurement: Measurement | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { readonly measurement?: Measurement } = {},
  ) {
    super(message, options);
    this.measurement = options.measurement;
  }
}
