/**
 * Whoever waits for commands: a {@link Call} is one `executeAll`, a {@link CommandCaller} each of its
 * commands; one `execute` is an `Execution` (`execution.ts`), which is both. Nothing is allocated per
 * command but its caller, a plain object which travels through the log and comes back with the decided
 * entry.
 *
 *     waiting ──► applied              a result, decided by a quorum and applied here
 *        │ └────► held ──► applied     'all': kept until every voter has applied it
 *        │          └────► rejected    (not confirmed by all)
 *        └──────► rejected             by the log or by the machine
 *
 * A call that was given up (deadline, signal, close) is settled at once; its commands still come back
 * and only free their places then.
 */
import {
  type Acknowledge,
  type Caller,
  type ClosedError,
  InvariantError,
  type LogIndex,
  NotConfirmedByAllError,
  OutcomeUnknownError,
  type QuorateError,
} from '@quorate/core';
import { BatchOutcomeError, type CommandOutcome } from './outcomes.ts';
import { Waiting } from '@quorate/core/waiting';

/**
 * Whoever waits for a payload of the log: somebody here, with the machine's own types, or somebody far away, in
 * bytes. Made by a replica alone.
 */
export interface PayloadCaller<R> extends Caller {
  /** The machine gave a result. Tells whether it must be held until every voter has applied it. */
  applied(result: R, index: LogIndex): boolean;
  /** The same for a payload whose reply is bytes (core/reply.ts): those of sessions. */
  answered(reply: Uint8Array, index: LogIndex): boolean;
  /** Every voter has applied what was held. */
  confirmed(): void;
  /** It will not be known in time whether every voter has applied what was held. */
  unconfirmed(cause: unknown): void;
  /** When whoever waits gives up, in monotonic ms. */
  readonly deadlineAt: number;
}

/** Counts what waits, over all calls. */
export interface Tally {
  /** Commands that have not come back from the log, or are held. */
  pending: number;
  timedOut: number;
  aborted: number;
}

/** What a command sees of the call that it belongs to. */
interface Owner<R> {
  readonly acknowledge: Acknowledge;
  /** Monotonic ms at which the call is given up. */
  readonly at: number;
  readonly results: R[];
  /** A command has come back; its state says how. */
  back(): void;
}

/** Waits for one command. */
export class CommandCaller<R> implements PayloadCaller<R> {
  readonly #call: Owner<R>;
  readonly #position: number;
  #state: 'waiting' | 'held' | 'applied' | 'rejected' = 'waiting';
  #error: QuorateError | undefined;
  #index: LogIndex = 0;

  constructor(call: Owner<R>, position: number) {
    this.#call = call;
    this.#position = position;
  }

  applied(result: R, index: LogIndex): boolean {
    if (this.#state !== 'waiting') return false;
    this.#call.results[this.#position] = result;
    if (this.#call.acknowledge === 'all') {
      this.#index = index;
      this.#state = 'held';
      return true;
    }
    this.#state = 'applied';
    this.#call.back();
    return false;
  }

  answered(): boolean {
    throw new InvariantError('a command without a session has a result, no reply');
  }

  confirmed(): void {
    if (this.#state !== 'held') return;
    this.#state = 'applied';
    this.#call.back();
  }

  unconfirmed(cause: unknown): void {
    if (this.#state !== 'held') return;
    this.#state = 'rejected';
    this.#error = this.#notConfirmed(cause);
    this.#call.back();
  }

  reject(error: QuorateError): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'rejected';
    this.#error = error;
    this.#call.back();
  }

  get deadlineAt(): number {
    return this.#call.at;
  }

  /** The reason why there is no result; `otherwise` where the command has not come back. */
  error(otherwise: OutcomeUnknownError | undefined): QuorateError | undefined {
    switch (this.#state) {
      case 'waiting':
        return otherwise;
      case 'held':
        return this.#notConfirmed(otherwise);
      case 'applied':
      case 'rejected':
        return this.#error;
    }
  }

  /** Result or reason, for a batch of which not everything worked. */
  outcome(otherwise: OutcomeUnknownError | undefined): CommandOutcome {
    const error = this.error(otherwise);
    if (error === undefined) return { type: 'result', result: this.#call.results[this.#position] };
    return error instanceof OutcomeUnknownError
      ? { type: 'unknown', error }
      : { type: 'rejected', error };
  }

  #notConfirmed(cause: unknown): NotConfirmedByAllError {
    return new NotConfirmedByAllError(this.#index, this.#call.results[this.#position], cause);
  }
}

/** Waits for all commands of one `executeAll`. */
export class Call<R> extends Waiting<readonly R[]> implements Owner<R> {
  readonly acknowledge: Acknowledge;
  readonly results: R[];
  readonly commands: readonly CommandCaller<R>[];
  readonly #tally: Tally;
  #remaining: number;

  constructor(
    count: number,
    acknowledge: Acknowledge,
    tally: Tally,
    resolve: (results: readonly R[]) => void,
    reject: (error: unknown) => void,
  ) {
    super(resolve, reject);
    this.acknowledge = acknowledge;
    this.results = new Array<R>(count);
    const commands: CommandCaller<R>[] = [];
    for (let position = 0; position < count; position++) {
      commands.push(new CommandCaller<R>(this, position));
    }
    this.commands = commands;
    this.#tally = tally;
    this.#remaining = count;
    tally.pending += count;
  }

  back(): void {
    this.#tally.pending--;
    this.#remaining--;
    if (this.#remaining === 0) this.#conclude(undefined);
  }

  override giveUp(closed?: ClosedError): void {
    if (closed === undefined) this.#tally.timedOut++;
    this.#conclude(whyGivenUp(closed));
  }

  protected override aborted(reason: unknown): void {
    this.#tally.aborted++;
    this.#conclude(whyAborted(reason));
  }

  /** Settles. `otherwise` is for commands that have not come back; `undefined` where all have. */
  #conclude(otherwise: OutcomeUnknownError | undefined): void {
    if (this.settled) return;
    let definite = true;
    let first: QuorateError | undefined;
    for (const command of this.commands) {
      const error = command.error(otherwise);
      first ??= error;
      definite &&= error !== undefined && !(error instanceof OutcomeUnknownError);
    }
    if (first === undefined) {
      this.fulfil(this.results);
    } else if (definite || this.commands.length === 1) {
      this.fail(first);
    } else {
      this.fail(
        new BatchOutcomeError(
          this.commands.map((command) => command.outcome(otherwise)),
          first,
        ),
      );
    }
  }
}

/** What whoever waits for a command is told at its deadline, or when the replica closes. */
export function whyGivenUp(closed: ClosedError | undefined): OutcomeUnknownError {
  return closed === undefined
    ? new OutcomeUnknownError('not decided before the deadline; it may still happen')
    : new OutcomeUnknownError('the replica was closed first; it may still happen', {
        cause: closed,
      });
}

/** What they are told when their signal fires. */
export function whyAborted(reason: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError('aborted after it was handed on; it may still happen', {
    cause: reason,
  });
}
