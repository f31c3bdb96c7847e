/**
 * Waiting for clients: until they have taken an answer, and until they have stopped to send.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Resolves when the answer is with the system or the client has gone; cuts it off after the time. */
export function sent(response: ServerResponse, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    response.once('finish', done);
    response.once('close', done);
  });
}

/** Throws away what still comes, until it ends or the time is over. */
export function drain(message: IncomingMessage, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, timeoutMs);
    function done(): void {
      clearTimeout(timer);
      resolve();
    }
    message.once('end', done);
    message.once('close', done);
    message.once('error', done);
    message.resume();
  });
}
