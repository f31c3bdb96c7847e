/**
 * What a user of a program is told when something did not work: a code, a message that ends with what to do next,
 * and an exit code that a script can tell apart.
 */
import { describeError, QuorateError } from '@quorate/core';

/** An error with a code of a program, or one that a node has told. */
export class ProgramError extends Error {
  /** A code of the program, or whatever a newer node may say. */
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ProgramError';
    this.code = code;
  }
}

/** The command line, or a value on it, makes no sense. */
export function usageError(message: string): ProgramError {
  return new ProgramError('USAGE', message);
}

/** The code of anything that was thrown: `IO_FAILED` for what the system refused, `UNKNOWN` for what nobody foresaw. */
export function codeOf(error: unknown): string {
  if (error instanceof QuorateError || error instanceof ProgramError) return error.code;
  return systemCodeOf(error) === undefined ? 'UNKNOWN' : 'IO_FAILED';
}

/** `ENOENT`, `EACCES`, …: what Node says about a failed system call. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof QuorateError || error instanceof ProgramError) return undefined;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Searches an error and its causes for a system code such as `EADDRINUSE`. */
export function hasSystemCode(error: unknown, code: string): boolean {
  // A chain of causes is short; the bound only keeps a cyclic one from hanging the program.
  let at: unknown = error;
  for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
    if (systemCodeOf(at) === code) return true;
    at = at.cause;
  }
  return false;
}

/** `CODE: message`, the form in which every error of a program reads. */
export function formatError(error: unknown): string {
  return `${codeOf(error)}: ${describeError(error)}`;
}

/** Exit codes that mean the same for every program. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  outcomeUnknown: 4,
  /** Ended by a signal: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

const exitCodeOfCode: Readonly<Record<string, number>> = {
  USAGE: exitCodes.usage,
  NOT_FOUND: exitCodes.notFound,
  OUTCOME_UNKNOWN: exitCodes.outcomeUnknown,
};

/**
 * The exit code that goes with an error.
 *
 * @param own exit codes of this program alone, by the code of the error.
 */
export function exitCodeOf(error: unknown, own: Readonly<Record<string, number>> = {}): number {
  return { ...exitCodeOfCode, ...own }[codeOf(error)] ?? exitCodes.failed;
}
