/**
 * What callers are told when a request did not come about, as the docs put it: *definitely not*,
 * or *unknown*. Which of the two it is, is decided in `requests.ts`.
 */
import {
  ChangeInProgressError,
  ClosedError,
  InvalidArgumentError,
  OutcomeUnknownError,
  OverloadedError,
  type QuorateError,
  TimeoutError,
  TooLargeError,
  TransferFailedError,
  UnavailableError,
  unreachable,
} from '@quorate/core';
import type { RequestBody, RequestOutcome } from './frames.ts';

type Kind = RequestBody['kind'];

/**
 * The error for what an engine rejected; `undefined`: it did not happen, and asking again may help.
 */
export function rejection(
  kind: Kind,
  outcome: Extract<RequestOutcome, { readonly type: 'rejected' }>,
): QuorateError | undefined {
  switch (outcome.reason) {
    case 'not-leader':
      return undefined;
    case 'transferring':
      return kind === 'transfer'
        ? new TransferFailedError('leadership is being handed over already; wait for it')
        : undefined;
    case 'overloaded':
      return new OverloadedError('the leader has too much to do; slow down and retry');
    case 'change-in-progress':
      return new ChangeInProgressError(
        'another membership change is under way; wait for it and retry',
      );
    case 'invalid':
    case 'stale':
      return new InvalidArgumentError(outcome.detail ?? 'the leader refuses it');
    case 'timed-out':
      return new TransferFailedError(
        'the other node did not take over in time; the old leader goes on',
      );
    default:
      return unreachable(outcome.reason);
  }
}

/** A snapshot covers the index where it was accepted. */
export function jumpedOver(): QuorateError {
  return new OutcomeUnknownError(
    'a snapshot took the place of the log here; look at the state before retrying',
  );
}

/** The engine does not know itself. */
export function leadershipLost(): QuorateError {
  return new OutcomeUnknownError(
    'leadership was lost on the way; look at the state before retrying',
  );
}

/** Time ran out before it was handed on. */
export function neverHandedOn(kind: Kind): QuorateError {
  const text = 'no leader took it in time, and it did not happen; retry when a majority is up';
  return kind === 'read' ? new TimeoutError(text) : new UnavailableError(text);
}

/** Time ran out after it was handed on. */
export function tooLate(kind: Kind): QuorateError {
  return kind === 'read'
    ? new TimeoutError('the read got no answer in time; retry')
    : new OutcomeUnknownError(
        'no decision was heard of in time; look at the state before retrying',
      );
}

/** The log ended, before or after it was handed on. */
export function closed(
  kind: Kind,
  handedOn: boolean,
  cause: QuorateError | undefined,
): QuorateError {
  const because = cause === undefined ? {} : { cause };
  if (kind === 'read') return new ClosedError('the log is closed', because);
  return handedOn
    ? new OutcomeUnknownError(
        'the log was closed on the way; look at the state before retrying',
        because,
      )
    : new ClosedError('the log is closed; nothing was handed on', because);
}

/** A command over its limit. */
export function commandTooLarge(bytes: number, limit: number): QuorateError {
  return new TooLargeError(
    `a command of ${String(bytes)} bytes is over limits.maxCommandBytes (${String(limit)})`,
  );
}

/** Payloads over the limit of one entry. */
export function entryTooLarge(bytes: number, limit: number): QuorateError {
  return new TooLargeError(
    `one entry of ${String(bytes)} bytes is over limits.maxEntryBytes (${String(limit)}); append fewer payloads`,
  );
}

/** Too much waits here. */
export function tooMuchPending(limit: number): QuorateError {
  return new OverloadedError(
    `limits.maxPendingBytes (${String(limit)}) of commands wait here; slow down and retry`,
  );
}
