/**
 * What processes say of the storage that they have open: one line of JSON each, written to the pipe
 * at once. A line that was written is read, whatever happens to its process the next moment.
 */
import type { Found } from '../plan/judge.ts';
import type { Shape, Staging } from '../plan/steps.ts';

/** What the storage was asked for when it refused. */
export type Asked = 'open' | 'write' | 'stage' | 'read' | 'close';

/** A storage that did not do what it was asked for. */
export interface Refusal {
  readonly asked: Asked;
  /** Number of the write. */
  readonly write?: number;
  /** Of the error; `undefined`: it is none of ours. */
  readonly code: string | undefined;
  readonly message: string;
}

/** One line. */
export type LifeEvent =
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'opening' }
  | { readonly type: 'opened'; readonly shape: Shape }
  /** About to be called. @property atMs by the clock of the machine. */
  | { readonly type: 'called'; readonly write: number; readonly atMs: number }
  | { readonly type: 'acknowledged'; readonly write: number }
  /** @property from bytes that an earlier life has left of it. */
  | { readonly type: 'staging'; readonly staging: Staging; readonly from: number }
  | { readonly type: 'staged' }
  /** About to be called: what was staged is published with the next write. */
  | { readonly type: 'publishing' }
  | ({ readonly type: 'refused' } & Refusal)
  /** It did something that no storage may do, whatever the disk does. */
  | { readonly type: 'broken'; readonly message: string }
  | { readonly type: 'found'; readonly found: Found }
  | { readonly type: 'closing' }
  | { readonly type: 'closed' };

/** Reads a line. Both ends are the same build. */
export function eventOf(line: string): LifeEvent {
  return JSON.parse(line) as LifeEvent;
}

/** Writes a line. */
export function lineOf(event: LifeEvent): string {
  return `${JSON.stringify(event)}\n`;
}
