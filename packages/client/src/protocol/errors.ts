/**
 * Errors that have crossed the network: their code and message, in the classes of core, so that a caller far
 * away tells them apart as one beside the replica does.
 */
import {
  AbortedError,
  ChangeInProgressError,
  ClosedError,
  CommandRejectedError,
  CompactedError,
  CorruptError,
  type ErrorCode,
  ForeignDataError,
  InvalidArgumentError,
  InvariantError,
  LockedError,
  MalformedError,
  type NodeId,
  NotLeaderError,
  OutcomeUnknownError,
  OutOfOrderError,
  OverloadedError,
  type QuorateError,
  SessionExpiredError,
  StorageFailedError,
  TimeoutError,
  TooLargeError,
  TransferFailedError,
  TransportFailedError,
  UnavailableError,
} from '@quorate/core';

type Make = (message: string, leader: NodeId | undefined) => QuorateError;

const classes: Readonly<Record<ErrorCode, Make>> = {
  ABORTED: (message) => new AbortedError(message),
  CHANGE_IN_PROGRESS: (message) => new ChangeInProgressError(message),
  CLOSED: (message) => new ClosedError(message),
  COMMAND_REJECTED: (message) => new CommandRejectedError(message),
  COMPACTED: (message) => new CompactedError(message),
  CORRUPT: (message) => new CorruptError(message),
  FOREIGN_DATA: (message) => new ForeignDataError(message),
  INVALID_ARGUMENT: (message) => new InvalidArgumentError(message),
  INVARIANT_BROKEN: (message) => new InvariantError(message),
  LOCKED: (message) => new LockedError(message),
  MALFORMED: (message) => new MalformedError(message),
  NOT_LEADER: (_message, leader) => new NotLeaderError(leader),
  OUTCOME_UNKNOWN: (message) => new OutcomeUnknownError(message),
  OUT_OF_ORDER: (message) => new OutOfOrderError(message),
  OVERLOADED: (message) => new OverloadedError(message),
  SESSION_EXPIRED: (message) => new SessionExpiredError(message),
  STORAGE_FAILED: (message) => new StorageFailedError(message),
  TIMEOUT: (message) => new TimeoutError(message),
  TOO_LARGE: (message) => new TooLargeError(message),
  TRANSFER_FAILED: (message) => new TransferFailedError(message),
  TRANSPORT_FAILED: (message) => new TransportFailedError(message),
  UNAVAILABLE: (message) => new UnavailableError(message),
};

/** The error of a code; one of a code that a later version may have added promises nothing. */
export function errorOf(code: string, message: string, leader: NodeId | undefined): QuorateError {
  return isCode(code)
    ? classes[code](message, leader)
    : new OutcomeUnknownError(`an answer with the code ${code}, which is unknown here: ${message}`);
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(classes, code);
}

const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CLOSED',
  'NOT_LEADER',
  'OUTCOME_UNKNOWN',
  'OUT_OF_ORDER',
  'OVERLOADED',
  'TIMEOUT',
  'UNAVAILABLE',
]);

const local: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CLOSED',
  'NOT_LEADER',
  'OUTCOME_UNKNOWN',
  'TIMEOUT',
  'UNAVAILABLE',
]);

/** Whether another member may take what this one has refused: it may be cut off, or going. */
export function isOfOneMember({ code }: QuorateError): boolean {
  return local.has(code);
}

/** Whether asking again may help: another leads, too much is waiting, a member is going. */
export function isPassing({ code }: QuorateError): boolean {
  return passing.has(code);
}
