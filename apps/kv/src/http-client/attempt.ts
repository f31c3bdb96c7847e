/**
 * One request to one node, and what its failure says about the world: whether it was ever taken.
 */
import { describeError } from '@quorate/core';
import { ServiceError, serviceError, systemCodeOf } from '../errors.ts';

/** A request, ready to be sent to any node. */
export interface KvRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly contentType?: string;
}

/** An answer that was read to its end. */
export interface KvResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The node that answered. */
  readonly endpoint: string;
}

/** What became of an attempt. */
export type Attempt =
  | { readonly type: 'answered'; readonly response: KvResponse }
  /** The node refused for ever: another one would say the same. */
  | { readonly type: 'refused'; readonly error: ServiceError }
  /** It did not happen, and may work elsewhere or later. */
  | { readonly type: 'not-taken'; readonly error: ServiceError }
  /** It may have happened. */
  | { readonly type: 'unknown'; readonly error: ServiceError };

/** Failures before a byte of the request has left. */
const neverSent: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Answers after which the request has definitely not happened, though it may later or elsewhere. */
const passing: ReadonlySet<string> = new Set([
  'ABORTED',
  'CHANGE_IN_PROGRESS',
  'CLOSED',
  'NOT_LEADER',
  'OVERLOADED',
  'STORAGE_FAILED',
  'TIMEOUT',
  'UNAVAILABLE',
]);

/** Sends the request once. Never throws, except when `signal` fires. */
export async function attempt(
  endpoint: string,
  request: KvRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: KvResponse;
  try {
    const answer = await fetch(new URL(request.path, endpoint), {
      method: request.method,
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.contentType === undefined
        ? {}
        : { headers: { 'content-type': request.contentType } }),
    });
    const body = new Uint8Array(await answer.arrayBuffer());
    response = { status: answer.status, headers: answer.headers, body, endpoint };
  } catch (thrown) {
    signal?.throwIfAborted();
    if (timeout.aborted) {
      const message = `${endpoint} did not answer within ${String(timeoutMs)} ms`;
      return { type: 'unknown', error: serviceError('TIMEOUT', message, { cause: thrown }) };
    }
    // fetch wraps what the socket said.
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    if (cause instanceof Error && cause.message === 'bad port') {
      const message = `${endpoint} has a port that fetch refuses, as browsers do; serve on another one`;
      return { type: 'refused', error: serviceError('INVALID_ARGUMENT', message) };
    }
    const code = systemCodeOf(cause) ?? '';
    const message =
      code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
        ? `the connection with ${endpoint} broke`
        : `${endpoint} cannot be reached (${code === '' ? describeError(cause) : code})`;
    const error = serviceError('UNAVAILABLE', message, { cause });
    return { type: neverSent.has(code) ? 'not-taken' : 'unknown', error };
  }
  if (response.status < 400) return { type: 'answered', response };
  const error = errorOf(response);
  if (error.code === 'OUTCOME_UNKNOWN') return { type: 'unknown', error };
  if (passing.has(error.code)) return { type: 'not-taken', error };
  // Something between here and the node (a proxy) that does not speak our JSON: nobody knows.
  if (error.code === 'UNKNOWN' && response.status >= 500) return { type: 'unknown', error };
  return { type: 'refused', error };
}

/** The error in an answer: `{"error":{"code","message"}}`, or the status where there is none. */
export function errorOf(response: KvResponse): ServiceError {
  try {
    const json = JSON.parse(Buffer.from(response.body).toString('utf8')) as {
      readonly error?: { readonly code?: unknown; readonly message?: unknown };
    } | null;
    const { code, message } = json?.error ?? {};
    if (typeof code === 'string' && typeof message === 'string') {
      return new ServiceError(code, message);
    }
  } catch {
    // Not JSON: said below.
  }
  return serviceError(
    'UNKNOWN',
    `${response.endpoint} answered ${String(response.status)} without an error of quorate-kv; is it one of its nodes?`,
  );
}
