/**
 * Everything a caller can be told when something did not work.
 *
 * Each class has a literal `code`, which stands as a heading in the package's README, and a message
 * that ends with what to do next. Tell errors apart by `code`; a minifier changes `name`.
 *
 * The rule for commands: whatever rejects `execute` is a *definite* rejection (the command did not
 * and will never happen), with the single exception of {@link OutcomeUnknownError}.
 */
import type { LogIndex, NodeId } from './ids.ts';

/** Every code, for exhaustive switches. */
export type ErrorCode =
  | 'ABORTED'
  | 'CHANGE_IN_PROGRESS'
  | 'CLOSED'
  | 'COMMAND_REJECTED'
  | 'COMPACTED'
  | 'CORRUPT'
  | 'FOREIGN_DATA'
  | 'INVALID_ARGUMENT'
  | 'INVARIANT_BROKEN'
  | 'LOCKED'
  | 'MALFORMED'
  | 'NOT_LEADER'
  | 'OUTCOME_UNKNOWN'
  | 'OUT_OF_ORDER'
  | 'OVERLOADED'
  | 'SESSION_EXPIRED'
  | 'STORAGE_FAILED'
  | 'TIMEOUT'
  | 'TOO_LARGE'
  | 'TRANSFER_FAILED'
  | 'TRANSPORT_FAILED'
  | 'UNAVAILABLE';

/** Base of all errors that Quorate throws or rejects with. */
export abstract class QuorateError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The caller's own `signal` fired before anything was proposed. Definite: it will never happen. */
export class AbortedError extends QuorateError {
  readonly code = 'ABORTED' as const;
}

/** Another membership change is not finished yet. Wait for it, then ask again. */
export class ChangeInProgressError extends QuorateError {
  readonly code = 'CHANGE_IN_PROGRESS' as const;
}

/** The part was closed, by `close()` or after a fatal failure (then `cause` says which). */
export class ClosedError extends QuorateError {
  readonly code = 'CLOSED' as const;
}

/** The state machine refused the command, equally on every replica; the state did not change. */
export class CommandRejectedError extends QuorateError {
  readonly code = 'COMMAND_REJECTED' as const;
}

/** What was asked for lies before the point up to which history was discarded. */
export class CompactedError extends QuorateError {
  readonly code = 'COMPACTED' as const;
}

/** Durable data failed its checks. Nothing was cut or guessed; the message names the place. */
export class CorruptError extends QuorateError {
  readonly code = 'CORRUPT' as const;
}

/** The data belongs to another cluster, node, algorithm or program. */
export class ForeignDataError extends QuorateError {
  readonly code = 'FOREIGN_DATA' as const;
}

/** An argument or option has a value that can never work. */
export class InvalidArgumentError extends QuorateError {
  readonly code = 'INVALID_ARGUMENT' as const;
}

/** A stated invariant does not hold. The node stops instead of guessing. Please report it. */
export class InvariantError extends QuorateError {
  readonly code = 'INVARIANT_BROKEN' as const;
}

/** Another process has the storage open. */
export class LockedError extends QuorateError {
  readonly code = 'LOCKED' as const;
}

/** Bytes that do not follow their format: cut short, too long for their limit, or of an unknown kind. */
export class MalformedError extends QuorateError {
  readonly code = 'MALFORMED' as const;
}

/** This node does not lead and does not forward. Definite. */
export class NotLeaderError extends QuorateError {
  readonly code = 'NOT_LEADER' as const;
  /** The leader, where this node knows one: ask there. */
  readonly leader: NodeId | undefined;

  constructor(leader: NodeId | undefined) {
    super(
      leader === undefined
        ? 'this node does not lead and knows no leader; retry in a moment'
        : `this node does not lead; ask ${leader}`,
    );
    this.leader = leader;
  }
}

/**
 * The command was handed on, and it is not known whether it happens. The only error of `execute`
 * after which the command may still take effect: read the state, or retry inside a session.
 */
export class OutcomeUnknownError extends QuorateError {
  readonly code = 'OUTCOME_UNKNOWN' as const;
}

/**
 * The command was applied and a quorum holds it, but it is not confirmed that every voter has applied it
 * (`acknowledge: 'all'`). Do not repeat it: the result is in `result`.
 *
 * It is no plain result, because the caller would then read from another replica what is not there yet; and no
 * definite rejection, because the command did happen. So it is the third outcome, with all that is known.
 */
export class NotConfirmedByAllError extends OutcomeUnknownError {
  /** Where the command stands in the log. */
  readonly index: LogIndex;
  /** What the machine returned. */
  readonly result: unknown;

  constructor(index: LogIndex, result: unknown, cause: unknown) {
    super(
      `applied at index ${String(index)}, but not every voter has confirmed it; do not repeat the command`,
      { cause },
    );
    this.index = index;
    this.result = result;
  }
}

/** A command of a session came before the one that it has to follow. Definite: hand that one in first. */
export class OutOfOrderError extends QuorateError {
  readonly code = 'OUT_OF_ORDER' as const;
}

/** A bound (queue, uncommitted bytes, waiting callers) is reached. Definite: slow down and retry. */
export class OverloadedError extends QuorateError {
  readonly code = 'OVERLOADED' as const;
}

/**
 * The session is not there any more: it was silent for too long, closed, or made room for others. Definite for
 * a command that is handed in for the first time; one that was handed in before may have happened then.
 */
export class SessionExpiredError extends QuorateError {
  readonly code = 'SESSION_EXPIRED' as const;
}

/** A write or sync failed. The storage acknowledges nothing after it; mend the disk and restart. */
export class StorageFailedError extends QuorateError {
  readonly code = 'STORAGE_FAILED' as const;
}

/** A read, or a request without effect, did not finish in time. Retrying is safe. */
export class TimeoutError extends QuorateError {
  readonly code = 'TIMEOUT' as const;
}

/** Larger than its limit; the message names both sizes and the option. Definite. */
export class TooLargeError extends QuorateError {
  readonly code = 'TOO_LARGE' as const;
}

/** Leadership did not move to the wanted node in time; the old leader goes on. */
export class TransferFailedError extends QuorateError {
  readonly code = 'TRANSFER_FAILED' as const;
}

/** The transport cannot start or go on (busy port, unusable address). */
export class TransportFailedError extends QuorateError {
  readonly code = 'TRANSPORT_FAILED' as const;
}

/** No leader could be reached in time, and nothing was handed on. Definite: retry. */
export class UnavailableError extends QuorateError {
  readonly code = 'UNAVAILABLE' as const;
}

/**
 * Asserts an invariant, in production too: a broken one stops the node, it never guesses.
 *
 * @throws InvariantError when the condition does not hold.
 */
export function invariant(condition: boolean, statement: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${statement}`);
}

/** Narrows to `never`: the branch that an exhaustive switch must not reach. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value ${JSON.stringify(value)}`.slice(0, 200));
}

/** Turns whatever was thrown into a text for a message. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
