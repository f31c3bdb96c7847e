/**
 * Reads a request's body under two bounds: its own, and that of all bodies held at the same time.
 * Both are checked before a byte is kept.
 */
import type { IncomingMessage } from 'node:http';
import { AbortedError, OverloadedError, TooLargeError } from '@quorate/core';
import type { ByteBudget } from './limits.ts';

/** Reads one body; `release` gives back what it took from the budget. */
export class BodyReader {
  readonly #message: IncomingMessage;
  readonly #budget: ByteBudget;
  #held = 0;

  constructor(message: IncomingMessage, budget: ByteBudget) {
    this.#message = message;
    this.#budget = budget;
  }

  /** @throws TooLargeError | OverloadedError | AbortedError */
  async read(maxBytes: number): Promise<Uint8Array> {
    const announced = Number(this.#message.headers['content-length'] ?? 0);
    if (announced > maxBytes) throw tooLarge(announced, maxBytes);
    const parts: Uint8Array[] = [];
    try {
      for await (const part of this.#message.iterator({ destroyOnReturn: false })) {
        const bytes = part as Uint8Array;
        if (this.#held + bytes.length > maxBytes) {
          throw tooLarge(this.#held + bytes.length, maxBytes);
        }
        if (!this.#budget.take(bytes.length)) {
          throw new OverloadedError('too many request bodies at once; slow down and retry');
        }
        this.#held += bytes.length;
        parts.push(bytes);
      }
    } catch (error) {
      if (error instanceof TooLargeError || error instanceof OverloadedError) throw error;
      throw new AbortedError('the client went away in the middle of the body', { cause: error });
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, this.#held);
  }

  release(): void {
    this.#budget.give(this.#held);
    this.#held = 0;
  }
}

function tooLarge(bytes: number, maxBytes: number): TooLargeError {
  return new TooLargeError(
    `the body has ${String(bytes)} bytes or more, over the limit of ${String(maxBytes)}; ` +
      'split it',
  );
}
