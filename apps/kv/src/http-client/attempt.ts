/**
 * One request to one node, and what its failure says about the world: whether it was ever taken.
 */
import type { IncomingMessage } from 'node:http';
import { describeError } from '@quorate/core';
import { systemCodeOf } from '@quorate/program';
import { ServiceError, serviceError } from '../errors.ts';
import { type HttpDialler, type KvRequest, UnprovenError } from './dialler.ts';

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
  /** Nothing was sent, and waiting does not help: the node has not proven itself, or would hear what is secret. */
  | { readonly type: 'unproven'; readonly error: ServiceError }
  /** It may have happened. */
  | { readonly type: 'unknown'; readonly error: ServiceError };

/** Failures before a byte of the request has left. */
const neverSent: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
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
  dialler: HttpDialler,
  endpoint: string,
  request: KvRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: KvResponse;
  try {
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const answer = await dialler.ask(endpoint, request, either);
    response = await responseOf(answer, endpoint);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (timeout.aborted) {
      const message = `${endpoint} did not answer within ${String(timeoutMs)} ms`;
      return { type: 'unknown', error: serviceError('TIMEOUT', message, { cause: thrown }) };
    }
    if (thrown instanceof UnprovenError) return { type: 'unproven', error: thrown };
    const code = systemCodeOf(thrown) ?? '';
    const message =
      code === 'ECONNRESET'
        ? `the connection with ${endpoint} broke`
        : `${endpoint} cannot be reached (${code === '' ? describeError(thrown) : code})`;
    const isUnsent = neverSent.has(code) || (thrown instanceof Error && isConnecting(thrown));
    const error = serviceError('UNAVAILABLE', message, { cause: thrown });
    return { type: isUnsent ? 'not-taken' : 'unknown', error };
  }
  // No node sends anybody elsewhere.
  if (response.status < 300) return { type: 'answered', response };
  const error = errorOf(response);
  if (error.code === 'OUTCOME_UNKNOWN') return { type: 'unknown', error };
  if (passing.has(error.code)) return { type: 'not-taken', error };
  // Something between here and the node (a proxy) that does not speak our JSON: nobody knows.
  if (error.code === 'UNKNOWN' && response.status >= 500) return { type: 'unknown', error };
  return { type: 'refused', error };
}

/** Reads an answer to its end. */
export async function responseOf(answer: IncomingMessage, endpoint: string): Promise<KvResponse> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) chunks.push(chunk as Uint8Array);
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return { status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks), endpoint };
}

/** Such as ETIMEDOUT, which may come from a connection that stands, too. */
function isConnecting(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo');
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
