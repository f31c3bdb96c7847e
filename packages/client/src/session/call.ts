/**
 * One command that somebody waits for, from `execute` to its outcome. Where it stands on its way into the log is
 * known by its place in the session; the call only knows what that means for whoever waits.
 */
import {
  AbortedError,
  type Acknowledge,
  type ClosedError,
  OutcomeUnknownError,
  type QuorateError,
  UnavailableError,
} from '@quorate/core';
import { Waiting } from '@quorate/core/waiting';

/** What a call knows of its command's way. */
export interface Standing {
  /** Whether it may happen, or has. */
  readonly uncertain: boolean;
}

/** What the calls of a client share. */
export interface CallOwner {
  /** Why there is no connection, for the message. */
  readonly trouble: string | undefined;
  /** Nobody waits for one of them any more; called once for each. */
  callSettled(): void;
}

const notSent: Standing = { uncertain: false };

/** Waits for the result of one command. */
export class Call<R> extends Waiting<R> {
  /** The machine's command, encoded; without an envelope. */
  readonly command: Uint8Array;
  readonly acknowledge: Acknowledge;
  /** Its place in the session, once it has one. */
  standing: Standing = notSent;
  readonly #owner: CallOwner;

  constructor(
    owner: CallOwner,
    command: Uint8Array,
    acknowledge: Acknowledge,
    resolve: (result: R) => void,
    reject: (error: unknown) => void,
  ) {
    super(resolve, reject);
    this.#owner = owner;
    this.command = command;
    this.acknowledge = acknowledge;
  }

  /** It has happened. */
  succeed(result: R): void {
    if (this.settled) return;
    this.fulfil(result);
    this.#owner.callSettled();
  }

  /** There is no result; the error says whether there may be one yet. */
  refuse(error: QuorateError): void {
    if (this.settled) return;
    this.fail(error);
    this.#owner.callSettled();
  }

  override giveUp(closed?: ClosedError): void {
    if (closed !== undefined) {
      this.refuse(
        this.standing.uncertain
          ? new OutcomeUnknownError('the client was closed first; it may still happen', {
              cause: closed,
            })
          : closed,
      );
      return;
    }
    const { trouble } = this.#owner;
    const because = trouble === undefined ? '' : `: ${trouble}`;
    this.refuse(
      this.standing.uncertain
        ? new OutcomeUnknownError(
            `not answered before the deadline${because}; it may still happen: read the state`,
          )
        : new UnavailableError(
            `no member has taken the command before the deadline${because}; it did not happen: retry`,
          ),
    );
  }

  protected override aborted(reason: unknown): void {
    this.refuse(
      this.standing.uncertain
        ? new OutcomeUnknownError('aborted after it was handed on; it may still happen', {
            cause: reason,
          })
        : new AbortedError('aborted before it was handed on', { cause: reason }),
    );
  }
}
