/** What a process is told to do with a storage. */
import type { CheckOrder } from './check.ts';
import type { LifeOrder } from './life.ts';

/** Handed over as JSON, which leaves out what is `undefined`. */
export type ProcessOrder = {
  /** Name of the storage. */
  readonly storage: string;
  readonly directory: string;
} & (({ readonly type: 'live' } & LifeOrder) | ({ readonly type: 'check' } & CheckOrder));
