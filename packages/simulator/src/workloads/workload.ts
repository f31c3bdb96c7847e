/** What clients do with a machine, and how it is judged: to be written for each machine. */
import type { Random, StateMachine } from '@quorate/core';
import type { Model } from '@quorate/linearizability';

/** One operation of a client, and how it stands in the history that the checker reads. */
export type Operation<Command, Result, Query, Answer> =
  | {
      readonly kind: 'execute';
      readonly command: Command;
      /** What the model takes. */
      readonly input: unknown;
      /** What the model calls its answer. */
      output(result: Result): unknown;
    }
  | {
      readonly kind: 'query';
      readonly query: Query;
      readonly input: unknown;
      output(answer: Answer): unknown;
    };

/** A machine, and what is done with it. */
export interface Workload<Command, Result, Query, Answer> {
  readonly name: string;
  /** A machine as it is before the first command. */
  machine(): StateMachine<Command, Result, Query, Answer>;
  /**
   * What a client does next.
   *
   * @param unique a number that no other operation of the run gets, for values that can be told apart.
   */
  next(random: Random, unique: number): Operation<Command, Result, Query, Answer>;
  /** What the history of all operations has to be a run of. Absent: nothing is asked of it. */
  readonly model?: Model<unknown, unknown, unknown>;
  /**
   * Called after each command on each node.
   *
   * @throws Violation if an invariant of the machine does not hold.
   */
  applied?(machine: StateMachine<Command, Result, Query, Answer>, command: Command): void;
}
