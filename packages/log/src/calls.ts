/**
 * Calls that wait, and can be given up with a signal.
 */
import { AbortedError, type CallOptions, OutcomeUnknownError, QuorateError } from '@quorate/core';

/** Gives the waiting up. @returns whether it is sure that nothing comes of what was asked for. */
export type GiveUp = () => boolean;

/**
 * Turns a settling callback into a promise.
 *
 * @param begin starts the work.
 */
export function call<T>(
  options: CallOptions | undefined,
  begin: (settle: (result: T | QuorateError) => void) => GiveUp,
): Promise<T> {
  const signal = options?.signal;
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new AbortedError('the signal was aborted before the call', { cause: signal.reason }));
      return;
    }
    let giveUp: GiveUp = () => false;
    const abort = (): void => {
      const cause: unknown = signal?.reason;
      reject(
        giveUp()
          ? new AbortedError('given up by its signal', { cause })
          : new OutcomeUnknownError('given up by its signal; it may still happen', { cause }),
      );
    };
    // Before it begins: what settles at once takes its listener back, however long the signal lives.
    signal?.addEventListener('abort', abort, { once: true });
    giveUp = begin((result) => {
      signal?.removeEventListener('abort', abort);
      if (result instanceof QuorateError) reject(result);
      else resolve(result);
    });
  });
}
