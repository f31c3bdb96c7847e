/** What the benchmark and its worker processes say to each other. Both are the same build. */
import type { Service } from '../load/connection.ts';
import type { LoadOrder } from '../load/generate.ts';
import type { OutageOrder } from '../load/outage.ts';
import type { Measurement } from '../results/measurement.ts';
import type { DurableNode } from '../subjects/durable-node.ts';
import type { Packing } from '../subjects/engine-load.ts';
import type { JournalOptions } from '../subjects/journal-load.ts';
import type { OpeningOptions } from '../subjects/opening.ts';
import type { Fill, Task } from '../subjects/subject.ts';

/** What a worker hosts. Algorithms and storages go by name. */
export type Job =
  | {
      readonly kind: 'engines';
      readonly algorithm: string;
      readonly valueBytes: number;
      readonly packing: Packing;
    }
  | { readonly kind: 'memory'; readonly algorithm: string; readonly valueBytes: number }
  | {
      readonly kind: 'durable';
      readonly algorithm: string;
      readonly valueBytes: number;
      readonly node: DurableNode;
    }
  | { readonly kind: 'journal'; readonly journal: JournalOptions }
  | { readonly kind: 'opening'; readonly opening: OpeningOptions }
  | { readonly kind: 'load' }
  | { readonly kind: 'outage'; readonly outage: OutageOrder }
  | { readonly kind: 'echo' };

/** What a worker is asked for, one thing at a time. */
export type Request =
  | { readonly type: 'open'; readonly job: Job }
  | { readonly type: 'look' }
  | { readonly type: 'fill'; readonly fill: Fill }
  | { readonly type: 'outrun' }
  | { readonly type: 'measure'; readonly task: Task }
  | { readonly type: 'load'; readonly order: LoadOrder; readonly program: string | undefined }
  | {
      readonly type: 'fill-keys';
      readonly service: Service;
      readonly work: Pick<LoadOrder, 'keys' | 'valueBytes'>;
    }
  /** The last one. */
  | { readonly type: 'close' };

/** What can be seen of a worker. */
export interface WorkerState {
  readonly leads: boolean;
  readonly port: number | undefined;
  readonly peakRssMiB: number;
}

/** The answer to the request before it. */
export type Reply =
  | { readonly type: 'state'; readonly state: WorkerState }
  | { readonly type: 'measured'; readonly measurement: Measurement }
  | { readonly type: 'closed' }
  /** `disturbed`: it was no fair measurement, and another try may be one. */
  | { readonly type: 'failed'; readonly message: string; readonly disturbed: boolean };
