/**
 * Errors over HTTP: `{"error":{"code","message"}}`, and the status that goes with each code.
 */
import { describeError } from '@quorate/core';
import { codeOf } from '@quorate/program';
import type { ServiceErrorCode } from '../errors.ts';
import { jsonReply, type Reply } from './reply.ts';

const statuses: Readonly<Record<ServiceErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  MALFORMED: 400,
  PLAINTEXT_REFUSED: 400,
  TLS_FAILED: 400,
  USAGE: 400,
  // Nothing that is accepted was shown; with it, it may work.
  CERTIFICATE_EXPIRED: 401,
  CERTIFICATE_MISSING: 401,
  CERTIFICATE_NAMELESS: 401,
  CERTIFICATE_UNTRUSTED: 401,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_A_MEMBER: 403,
  OTHER_CLUSTER: 403,
  OTHER_MEMBER: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CHANGE_IN_PROGRESS: 409,
  COMMAND_REJECTED: 409,
  OUT_OF_ORDER: 409,
  COMPACTED: 410,
  SESSION_EXPIRED: 410,
  TOO_LARGE: 413,
  // The node, or the group, cannot right now; the request did not happen.
  ABORTED: 503,
  CLOSED: 503,
  NOT_LEADER: 503,
  OVERLOADED: 503,
  TRANSFER_FAILED: 503,
  UNAVAILABLE: 503,
  // Nobody knows whether it happened, or a read was not answered in time.
  OUTCOME_UNKNOWN: 504,
  TIMEOUT: 504,
  // The node is broken.
  BUSY_PORT: 500,
  CORRUPT: 500,
  FOREIGN_DATA: 500,
  INSECURE: 500,
  INVARIANT_BROKEN: 500,
  IO_FAILED: 500,
  LOCKED: 500,
  OTHER_HOST: 500,
  STATE_LOST: 500,
  STORAGE_FAILED: 500,
  TLS_REFUSED: 500,
  TRANSPORT_FAILED: 500,
  UNKNOWN: 500,
};

/** What an answer with a status says besides. */
const extraHeaders: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  // A client may come back at once or soon.
  503: { 'retry-after': '1' },
  // RFC 9110, section 15.5.2: how to prove oneself.
  401: { 'www-authenticate': 'Bearer' },
};

/** The answer that says what went wrong. */
export function errorReply(error: unknown): Reply {
  const code = codeOf(error);
  const status = isKnown(code) ? statuses[code] : 500;
  const headers = extraHeaders[status] ?? {};
  return jsonReply({ error: { code, message: describeError(error) } }, status, headers);
}

function isKnown(code: string): code is ServiceErrorCode {
  return Object.hasOwn(statuses, code);
}
