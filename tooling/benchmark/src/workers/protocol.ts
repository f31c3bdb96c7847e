/** What the benchmark and its worker processes say to each other. Both are the same build. */
import type { Measurement } from '../results/measurement.ts';
import type { LoopTask } from '../subjects/closed-loop.ts';
import type { DurableNode } from '../subjects/durable-node.ts';
import type { Packing } from '../subjects/engine-load.ts';

/** What a worker hosts. Algorithms go by name. */
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
  | { readonly kind: 'echo' };

/** What a worker is asked for, one thing at a time. */
export type Request =
  | { readonly type: 'open'; readonly job: Job }
  | { readonly type: 'look' }
  | { readonly type: 'measure'; readonly task: LoopTask }
  /** The last one. */
  | { readonly type: 'close' };

/** The answer to the request before it. */
export type Reply =
  | { readonly type: 'state'; readonly leads: boolean; readonly port: number | undefined }
  | { readonly type: 'measured'; readonly measurement: Measurement }
  | { readonly type: 'closed' }
  /** `disturbed`: it was no fair measurement, and another try may be one. */
  | { readonly type: 'failed'; readonly message: string; readonly disturbed: boolean };
