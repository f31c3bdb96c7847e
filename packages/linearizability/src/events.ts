/** Puts events together into operations: the rules that hold for every history, read or recorded. */
import { LinearizabilityError } from './errors.ts';
import type { Ending, History, Moment, Operation, Process } from './operation.ts';

interface Started<Input, Output> {
  operation: Operation<Input, Output>;
  readonly at: number;
}

/** Collects the operations of a history, in order. */
export class Events<Input, Output> {
  readonly #operations: Operation<Input, Output>[] = [];
  readonly #open = new Map<Process, Started<Input, Output>>();
  readonly #maxOperations: number;
  #order = 0;

  constructor(maxOperations: number) {
    this.#maxOperations = maxOperations;
  }

  /** What was collected so far; what has not ended is of unknown outcome. */
  history(): History<Input, Output> {
    return [...this.#operations];
  }

  /** What the process has under way. */
  inputOf(process: Process): Input | undefined {
    return this.#open.get(process)?.operation.input;
  }

  /**
   * @throws {LinearizabilityError} `OUT_OF_ORDER` if the process is busy, `TOO_LARGE` if there are too many
   */
  invoke(process: Process, input: Input, time?: number, line?: number): number {
    if (this.#open.has(process)) {
      throw new LinearizabilityError(
        'OUT_OF_ORDER',
        `process ${process} has an operation under way; complete that one (ok, fail or info) before the next invoke`,
        line,
      );
    }
    if (this.#operations.length >= this.#maxOperations) {
      throw new LinearizabilityError(
        'TOO_LARGE',
        `there are more than ${this.#maxOperations} operations; raise maxOperations or check a part`,
        line,
      );
    }
    const start = this.#moment(time, line);
    const operation: Operation<Input, Output> = { process, input, start, ending: { type: 'info' } };
    const at = this.#operations.push(operation) - 1;
    this.#open.set(process, { operation, at });
    return at;
  }

  /** @throws {LinearizabilityError} `OUT_OF_ORDER` if the process has nothing under way */
  end(process: Process, ending: Ending<Output>, time?: number, line?: number): void {
    const started = this.#open.get(process);
    if (started === undefined) {
      throw new LinearizabilityError(
        'OUT_OF_ORDER',
        `process ${process} has nothing under way that could be ${ending.type}; write its invoke before`,
        line,
      );
    }
    this.#open.delete(process);
    const end = this.#moment(time, line);
    this.#operations[started.at] = { ...started.operation, ending, end };
  }

  #moment(time: number | undefined, line: number | undefined): Moment {
    const order = this.#order;
    this.#order += 1;
    return {
      order,
      ...(time === undefined ? {} : { time }),
      ...(line === undefined ? {} : { line }),
    };
  }
}
