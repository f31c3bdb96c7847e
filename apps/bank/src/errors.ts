/**
 * What a user of the program is told when something did not work: a code, a message that ends with what
 * to do next, and an exit code that a script can tell apart.
 */
import { describeError, type ErrorCode, QuorateError } from '@quorate/core';

/** Codes of the bank itself, besides those of the packages. */
export type BankErrorCode =
  | ErrorCode
  /** A demo found that something does not hold. */
  | 'DEMO_FAILED'
  /** It would show to others what is to be secret. */
  | 'INSECURE'
  /** A file cannot be read or written. */
  | 'IO_FAILED'
  /** There is no such account, or was not yet. */
  | 'NOT_FOUND'
  /** The ledger refused what was asked for, and nothing was done. */
  | 'REFUSED'
  /** What a node knew is gone, and with it the votes that it gave. */
  | 'STATE_LOST'
  | 'UNKNOWN'
  /** The books, or an export of them, are not what they should be. */
  | 'UNSOUND'
  /** The command line makes no sense. */
  | 'USAGE';

/** Exit codes of every command. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  outcomeUnknown: 4,
  refused: 5,
  /** Ended by a signal: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** An error with a code of this program, or one that a node ended with. */
export class BankError extends Error {
  /** One of {@link BankErrorCode}. */
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'BankError';
    this.code = code;
  }
}

/** A {@link BankError} with one of the known codes. */
export function bankError(
  code: BankErrorCode,
  message: string,
  options?: { readonly cause?: unknown },
): BankError {
  return new BankError(code, message, options);
}

/** The command line, or a value on it, makes no sense. */
export function usageError(message: string): BankError {
  return bankError('USAGE', message);
}

/** The code of anything that was thrown. */
export function codeOf(error: unknown): string {
  if (error instanceof QuorateError || error instanceof BankError) return error.code;
  // `ENOENT`, `EACCES`, …: what Node says about a failed system call.
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? 'IO_FAILED'
    : 'UNKNOWN';
}

/** `CODE: message`, the form in which every error of the program reads. */
export function formatError(error: unknown): string {
  return `${codeOf(error)}: ${describeError(error)}`;
}

/** The exit code that goes with an error. */
export function exitCodeOf(error: unknown): number {
  switch (codeOf(error)) {
    case 'USAGE':
      return exitCodes.usage;
    case 'NOT_FOUND':
      return exitCodes.notFound;
    case 'OUTCOME_UNKNOWN':
      return exitCodes.outcomeUnknown;
    case 'REFUSED':
      return exitCodes.refused;
    case 'ABORTED':
      return exitCodes.interrupted;
    default:
      return exitCodes.failed;
  }
}
