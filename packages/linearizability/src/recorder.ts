/** Writes a history down while it happens: for simulators and tests. */
import { LinearizabilityError, positive } from './errors.ts';
import { Events } from './events.ts';
import type { Answer, Call, Ending, History, Process } from './operation.ts';

/** @see HistoryRecorder */
export interface RecorderOptions {
  /** How many operations are kept at most. @default 1_000_000 */
  readonly maxOperations?: number;
}

/**
 * Records operations of any type. The order of the calls of its methods is the order of the history, so
 * call `invoke` before the request can leave and `ok` after its answer has come.
 */
export class HistoryRecorder<Input = Call, Output = Answer> {
  readonly #events: Events<Input, Output>;
  readonly #processes = new Map<number, Process>();

  /** @throws {LinearizabilityError} `INVALID_ARGUMENT` */
  constructor(options: RecorderOptions = {}) {
    this.#events = new Events(positive('maxOperations', options.maxOperations, 1_000_000));
  }

  /**
   * An operation is called. A process calls one at a time; after `info` it may go on, and what it left
   * behind stays open for ever.
   *
   * @param time nanoseconds from wherever, for pictures
   * @returns the number by which its ending is told: its place in the history
   * @throws {LinearizabilityError} `OUT_OF_ORDER` if the process is busy, `TOO_LARGE`
   */
  invoke(process: Process, input: Input, time?: number): number {
    const id = this.#events.invoke(process, input, time);
    this.#processes.set(id, process);
    return id;
  }

  /** It happened, and answered so. @throws {LinearizabilityError} `OUT_OF_ORDER` if it has ended */
  ok(id: number, output: Output, time?: number): void {
    this.#end(id, { type: 'ok', output }, time);
  }

  /** It did not and will never happen. @throws {LinearizabilityError} `OUT_OF_ORDER` if it has ended */
  fail(id: number, time?: number): void {
    this.#end(id, { type: 'fail' }, time);
  }

  /** Nobody knows. @throws {LinearizabilityError} `OUT_OF_ORDER` if it has ended */
  info(id: number, time?: number): void {
    this.#end(id, { type: 'info' }, time);
  }

  /** The history so far; what has not ended may or may not have happened. */
  history(): History<Input, Output> {
    return this.#events.history();
  }

  #end(id: number, ending: Ending<Output>, time: number | undefined): void {
    const process = this.#processes.get(id);
    if (process === undefined) {
      throw new LinearizabilityError(
        'OUT_OF_ORDER',
        `operation ${id} has ended or never began; tell each ending once`,
      );
    }
    this.#processes.delete(id);
    this.#events.end(process, ending, time);
  }
}
