/**
 * What a user of the program is told when something did not work: which codes there are, and exit codes that
 * only a bank has.
 */
import type { ErrorCode } from '@quorate/core';
import { exitCodes as commonExitCodes, ProgramError as BankError } from '@quorate/program';

export { BankError };

/** Codes of the bank itself, besides those of the packages. */
export type BankErrorCode =
  | ErrorCode
  /** Another program listens on a port that is wanted. */
  | 'BUSY_PORT'
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
export const exitCodes: typeof commonExitCodes & { readonly refused: 5 } = {
  ...commonExitCodes,
  refused: 5,
};

/** A {@link BankError} with one of the known codes. */
export function bankError(
  code: BankErrorCode,
  message: string,
  options?: { readonly cause?: unknown },
): BankError {
  return new BankError(code, message, options);
}
