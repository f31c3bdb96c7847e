/**
 * Sends a body that is too large to be held: each piece when the client has taken those before.
 */
import type { ServerResponse } from 'node:http';
import type { StreamBody } from './reply.ts';

/**
 * Sends all of it, or cuts the connection: the length was announced, so the client knows.
 *
 * @param idleMs how long the client may take for a piece.
 * @throws whatever the body throws; the connection is cut then.
 */
export async function sendStream(
  response: ServerResponse,
  body: StreamBody,
  idleMs: number,
): Promise<void> {
  try {
    for await (const chunk of body.chunks()) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response, idleMs);
    }
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  }
}

/** Resolves when there is room again, or the client has gone; cuts it off after the time. */
function drained(response: ServerResponse, idleMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), idleMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
    if (response.destroyed) done();
  });
}
