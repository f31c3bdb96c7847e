/**
 * What a user of the program is told when something did not work: a code, a message that ends with
 * what to do next, and an exit code that a script can tell apart.
 */
import type { EndCode } from '@quorate/connections';
import { describeError, type ErrorCode, QuorateError } from '@quorate/core';

/** Codes of the service itself, besides those of the packages. */
export type ServiceErrorCode =
  | ErrorCode
  | AccessCode
  /** Another program listens on a port that is wanted. */
  | 'BUSY_PORT'
  /** A request that came from a web page of another origin. */
  | 'FORBIDDEN'
  /** It would show to others what is to be secret. */
  | 'INSECURE'
  /** A file cannot be read or written. */
  | 'IO_FAILED'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  /** What a node knew is gone, and with it the votes that it gave. */
  | 'STATE_LOST'
  | 'UNKNOWN'
  /** The command line makes no sense. */
  | 'USAGE';

/** What has not been proven, or is not encrypted; the codes are those of `@quorate/connections`. */
export type AccessCode = Extract<
  EndCode,
  | `CERTIFICATE_${string}`
  | 'NOT_A_MEMBER'
  | 'OTHER_CLUSTER'
  | 'OTHER_HOST'
  | 'OTHER_MEMBER'
  | 'PLAINTEXT_REFUSED'
  | 'TLS_FAILED'
  | 'TLS_REFUSED'
  /** No token, or none that is accepted. */
  | 'UNAUTHENTICATED'
>;

/** Exit codes of every command. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  outcomeUnknown: 4,
} as const;

/** An error with a code of this program, or one that a node answered with. */
export class ServiceError extends Error {
  /** One of {@link ServiceErrorCode}, or whatever a newer node may say. */
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ServiceError';
    this.code = code;
  }
}

/** A {@link ServiceError} with one of the known codes. */
export function serviceError(
  code: ServiceErrorCode,
  message: string,
  options?: { readonly cause?: unknown },
): ServiceError {
  return new ServiceError(code, message, options);
}

/** The command line, or a value on it, makes no sense. */
export function usageError(message: string): ServiceError {
  return serviceError('USAGE', message);
}

/** The code of anything that was thrown. */
export function codeOf(error: unknown): string {
  if (error instanceof QuorateError || error instanceof ServiceError) return error.code;
  return systemCodeOf(error) === undefined ? 'UNKNOWN' : 'IO_FAILED';
}

/** `ENOENT`, `EACCES`, …: what Node says about a failed system call. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof QuorateError || error instanceof ServiceError) return undefined;
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
    default:
      return exitCodes.failed;
  }
}
