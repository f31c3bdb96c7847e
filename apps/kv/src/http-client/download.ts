/**
 * Asks nodes for something large: the answer is handed on as it comes, and a node that goes away in the
 * middle is noticed at once.
 */
import { describeError } from '@quorate/core';
import { systemCodeOf } from '@quorate/program';
import { ServiceError, serviceError } from '../errors.ts';
import { errorOf, responseOf } from './attempt.ts';
import type { HttpDialler } from './dialler.ts';

/** Options of {@link download}. */
export interface DownloadOptions {
  readonly dialler: HttpDialler;
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
  dialler,
  endpoint,
  path,
  silenceMs,
}: DownloadOptions): AsyncGenerator<Uint8Array, void> {
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
  }, silenceMs);
  try {
    const answer = await dialler.ask(endpoint, { method: 'GET', path }, abort.signal);
    if (answer.statusCode !== 200) throw errorOf(await responseOf(answer, endpoint));
    for await (const piece of answer) {
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
    const why = systemCodeOf(thrown) ?? describeError(thrown);
    const message = `${endpoint} cannot be reached, or broke off (${why}); ask another one`;
    throw serviceError('UNAVAILABLE', message, { cause: thrown });
  } finally {
    clearTimeout(timer);
    // Whoever takes no more ends the connection.
    abort.abort();
  }
}
