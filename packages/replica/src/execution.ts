/**
 * Whoever waits for one `execute`: the call, its place in the wheel of deadlines and the caller that travels through
 * the log are one object, and the promise is all that there is besides. The states are those of `callers.ts`; a call that was
 * given up is settled at once, and its command still comes back to free its place.
 */
import {
  type Acknowledge,
  type ClosedError,
  InvariantError,
  type LogIndex,
  NotConfirmedByAllError,
  type OutcomeUnknownError,
  type QuorateError,
} from '@quorate/core';
import { Waiting } from '@quorate/core/waiting';
import { type PayloadCaller, type Tally, whyAborted, whyGivenUp } from './callers.ts';

/** Waits for one command. */
export class Execution<R> extends Waiting<R> implements PayloadCaller<R> {
  readonly #tally: Tally;
  readonly #acknowledge: Acknowledge;
  #state: 'waiting' | 'back' | Held<R> = 'waiting';

  constructor(
    acknowledge: Acknowledge,
    tally: Tally,
    resolve: (result: R) => void,
    reject: (error: unknown) => void,
  ) {
    super(resolve, reject);
    this.#acknowledge = acknowledge;
    this.#tally = tally;
    tally.pending++;
  }

  get deadlineAt(): number {
    return this.at;
  }

  applied(result: R, index: LogIndex): boolean {
    if (this.#state !== 'waiting') return false;
    if (this.#acknowledge === 'all') {
      this.#state = { result, index };
      return true;
    }
    this.#back();
    if (!this.settled) this.fulfil(result);
    return false;
  }

  answered(): boolean {
    throw new InvariantError('a command without a session has a result, no reply');
  }

  confirmed(): void {
    const held = this.#state;
    if (typeof held === 'string') return;
    this.#back();
    if (!this.settled) this.fulfil(held.result);
  }

  unconfirmed(cause: unknown): void {
    const held = this.#state;
    if (typeof held === 'string') return;
    this.#back();
    if (!this.settled) this.fail(notConfirmed(held, cause));
  }

  reject(error: QuorateError): void {
    if (this.#state !== 'waiting') return;
    this.#back();
    if (!this.settled) this.fail(error);
  }

  override giveUp(closed?: ClosedError): void {
    if (closed === undefined) this.#tally.timedOut++;
    this.#endWith(whyGivenUp(closed));
  }

  protected override aborted(reason: unknown): void {
    this.#tally.aborted++;
    this.#endWith(whyAborted(reason));
  }

  /** It has not come back, or is held. */
  #endWith(unknown: OutcomeUnknownError): void {
    if (this.settled) return;
    const held = this.#state;
    this.fail(typeof held === 'string' ? unknown : notConfirmed(held, unknown));
  }

  #back(): void {
    this.#state = 'back';
    this.#tally.pending--;
  }
}

/** Applied here; not known to be applied by every voter. */
interface Held<R> {
  readonly result: R;
  readonly index: LogIndex;
}

function notConfirmed<R>({ index, result }: Held<R>, cause: unknown): NotConfirmedByAllError {
  return new NotConfirmedByAllError(index, result, cause);
}
