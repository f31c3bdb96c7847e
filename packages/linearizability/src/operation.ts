/**
 * Histories: what was called when, by whom, and how it ended.
 *
 * Only the order of invocations and completions counts (Herlihy and Wing 1990, §2): an operation
 * precedes another if it was completed before the other was invoked. Times are for pictures.
 */
import type { Json } from './json.ts';

/** Who calls, one operation at a time. */
export type Process = number | string;

/** What is called in a history of JSON lines. */
export interface Call {
  /** The name of the operation: `read`, `write`, … */
  readonly f: string;
  /** The part of the state that it is about. */
  readonly key?: string | number;
  /** The argument. */
  readonly value?: Json;
}

/** What came back in a history of JSON lines. */
export interface Answer {
  /** What a read read. */
  readonly value?: Json;
  /** What became of it: of a `cas`, whether the register held what it was to hold. */
  readonly result?: Json;
}

/** Where a call or a completion stands in the history. */
export interface Moment {
  /** Ascends through the history. At equal numbers, calls come before completions. */
  readonly order: number;
  /** Nanoseconds from wherever. */
  readonly time?: number;
  /** The line of the file, counted from 1. */
  readonly line?: number;
}

/**
 * How an operation ended. `ok`: it happened, with this output. `fail`: it did not happen. `info`: not
 * known, it may happen at any time from its call on, or never.
 */
export type Ending<Output> =
  | { readonly type: 'ok'; readonly output: Output }
  | { readonly type: 'fail' }
  | { readonly type: 'info' };

/** One operation of a history. */
export interface Operation<Input = Call, Output = Answer> {
  readonly process: Process;
  readonly input: Input;
  readonly start: Moment;
  readonly ending: Ending<Output>;
  /** When the ending was told. Absent while there is none (then it is `info`). */
  readonly end?: Moment;
}

/** Operations in the order of their calls. */
export type History<Input = Call, Output = Answer> = readonly Operation<Input, Output>[];
