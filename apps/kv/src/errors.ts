/**
 * What a user of the program is told when something did not work: which codes there are.
 */
import type { EndCode } from '@quorate/connections';
import type { ErrorCode } from '@quorate/core';
import { ProgramError as ServiceError } from '@quorate/program';

export { ServiceError };

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

/** A {@link ServiceError} with one of the known codes. */
export function serviceError(
  code: ServiceErrorCode,
  message: string,
  options?: { readonly cause?: unknown },
): ServiceError {
  return new ServiceError(code, message, options);
}
