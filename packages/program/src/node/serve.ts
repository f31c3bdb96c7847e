/**
 * A program that is one node: from its start until it is told to end or fails.
 */
import { describeError } from '@quorate/core';
import { codeOf, exitCodes } from '../errors.ts';
import { waitForEnd } from '../shutdown.ts';
import { spaceCollections } from './collections.ts';
import { tellSupervisor } from './supervision.ts';

/** A node that serves. */
export interface Serving {
  /** Rejects with what is wrong when the node can go on no longer; it must be closed then. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * Serves until the program is told to end, or until its supervisor is gone.
 *
 * @param announce tells the user that it serves; of a supervised node the supervisor is told instead.
 * @throws whatever keeps the node from starting or going on, which is closed then. A supervised one tells its
 *   supervisor instead, and ends the process.
 */
export async function serveUntilEnd<N extends Serving>(
  supervised: boolean,
  start: () => Promise<N>,
  announce: (node: N) => Promise<void>,
): Promise<void> {
  const leaveToV8 = spaceCollections();
  // From the first moment on: a signal during the start must end the node in good order too.
  const over = new AbortController();
  const ended = waitForEnd({ supervised, until: over.signal });
  let node: N | undefined;
  try {
    node = await start();
    await (supervised ? tellSupervisor({ type: 'serving' }) : announce(node));
    await Promise.race([ended, node.failed]);
    await node.close();
  } catch (error) {
    await node?.close();
    if (!supervised) throw error;
    // The supervisor tells it to the user; twice would be once too often.
    await tellSupervisor({ type: 'failed', code: codeOf(error), message: describeError(error) });
    process.exit(exitCodes.failed);
  } finally {
    over.abort();
    leaveToV8();
  }
}
