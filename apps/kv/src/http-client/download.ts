/**
 * Asks nodes for something large: the answer is handed on as it comes, and a node that goes away in the
 * middle is noticed at once.
 */
import { describeError } from '@quorate/core';
import { ServiceError, serviceError, systemCodeOf } from '../errors.ts';
import { errorOf } from './attempt.ts';

/** Options of {@link download}. */
export interface DownloadOptions {
  readonly endpoint: string;
  /** Path and query. */
  readonly path: string;
  /** How long the node may keep silent, at first and in between. */
  readonly silenceMs: number;
}

/**
 * The bytes of an answer.
 *
 * @throws ServiceError with the node's code if it refuses, UNAVAILABLE if it cannot be reached or breaks
 *   off, TIMEOUT if it keeps silent.
 */
export async function* download({
  endpoint,
  path,
  silenceMs,
}: DownloadOptions): AsyncGenerator<Uint8Array, void> {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
  }, silenceMs);
  try {
    const answer = await fetch(new URL(path, endpoint), {
      redirect: 'error',
      signal: abort.signal,
    });
    if (answer.status !== 200) {
      const body = new Uint8Array(await answer.arrayBuffer());
      throw errorOf({ status: answer.status, headers: answer.headers, body, endpoint });
    }
    for await (const piece of answer.body ?? []) {
      timer.refresh();
      yield piece as Uint8Array;
      timer.refresh();
    }
  } catch (thrown) {
    if (thrown instanceof ServiceError) throw thrown;
    if (abort.signal.aborted) {
      const message = `${endpoint} said nothing for ${String(silenceMs)} ms; ask another one, or allow for more with --timeout`;
      throw serviceError('TIMEOUT', message, { cause: thrown });
    }
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    const message = `${endpoint} cannot be reached, or broke off (${systemCodeOf(cause) ?? describeError(cause)}); ask another one`;
    throw serviceError('UNAVAILABLE', message, { cause });
  } finally {
    clearTimeout(timer);
    // Whoever takes no more ends the connection.
    abort.abort();
  }
}
