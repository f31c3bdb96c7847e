/** What a check says. */
import type { Answer, Call, History, Operation } from './operation.ts';
import type { GiveUp } from './search/budget.ts';

/** Some operations in the order in which they can have happened, and the state after them. */
export interface Order<State, Input = Call, Output = Answer> {
  readonly operations: History<Input, Output>;
  readonly state: State;
}

/** Operations for which there is no order, and why. */
export interface Contradiction<State, Input = Call, Output = Answer> {
  /** The operations, as it was known of them at the completion of `failsAt`. */
  readonly operations: History<Input, Output>;
  /** The operation with whose completion the last order was gone. */
  readonly failsAt: Operation<Input, Output>;
  /** The operation that fits nowhere in the longest orders. Mostly the same one. */
  readonly misfit: Operation<Input, Output>;
  /**
   * The longest orders: all that completed before the misfit is in them. One for each state that can have been
   * reached, of the first 16.
   */
  readonly orders: readonly Order<State, Input, Output>[];
  /** How many states can have been reached. */
  readonly stateCount: number;
}

/** A proof that the history is not linearizable. */
export interface Violation<State, Input = Call, Output = Answer> {
  /** The part of the state in which it is, in the words of the model; `undefined` if there are no parts. */
  readonly partition: string | undefined;
  /** The history of that part up to the first completion at which no order fits. */
  readonly prefix: Contradiction<State, Input, Output>;
  /** The few of these operations that contradict each other, whatever became of the others. */
  readonly core: Contradiction<State, Input, Output>;
  /** Whether there was time to make sure that no shorter prefix fails. */
  readonly isShortest: boolean;
  /** Whether there was time to try to do without each operation of the core. */
  readonly isMinimal: boolean;
}

/** What every verdict says of the work. */
export interface Work {
  /** Operations that were looked at: those that did not fail. */
  readonly operations: number;
  /** Parts of the state, checked one by one. */
  readonly partitions: number;
  /** Configurations visited: a measure of the work that is the same on every machine. */
  readonly configurations: number;
}

/** @see check */
export type Verdict<State, Input = Call, Output = Answer> =
  | (Work & {
      readonly verdict: 'ok';
      /** For each part an order in which everything can have happened. */
      readonly orders: ReadonlyMap<string, History<Input, Output>>;
    })
  | (Work & {
      readonly verdict: 'violation';
      readonly violation: Violation<State, Input, Output>;
    })
  | (Work & {
      readonly verdict: 'unknown';
      /** Which bound was met. */
      readonly why: GiveUp;
      /** The part that was too hard; `undefined` if there are no parts. */
      readonly partition: string | undefined;
    });
