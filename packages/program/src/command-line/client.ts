/**
 * What commands that use a client have in common: it is closed whatever happens, and whoever waits is told why
 * nobody answers.
 */
import type { ClientStatus, Refusal } from '@quorate/client';
import { QuorateError } from '@quorate/core';
import { codeOf, ProgramError } from '../errors.ts';

/** What is needed of a client here. */
export interface OpenClient {
  readonly status: ClientStatus;
  close(): Promise<void>;
}

/** How a command comes to its client. */
export interface ClientUse<C extends OpenClient> {
  readonly endpoints: readonly string[];
  /** The flag that names the endpoints. */
  readonly flag: string;
  /** Makes it; `onRefused` has to be told when no node will have it. */
  readonly open: (onRefused: (refusal: Refusal) => void) => C;
}

/**
 * Uses a client, and closes it.
 *
 * @throws ProgramError with the code UNAVAILABLE if no node answers, with that of the refusal if none will have this
 *   client, and otherwise whatever `open` and `use` throw.
 */
export async function withClient<C extends OpenClient, T>(
  { endpoints, flag, open }: ClientUse<C>,
  use: (client: C) => Promise<T>,
): Promise<T> {
  let refusal: Refusal | undefined;
  const client: C = open((told) => {
    // Nobody waits at a command line for somebody else to change what is configured. Whatever is under way ends by
    // that, and is not left behind half done.
    refusal = told;
    void client.close();
  });
  try {
    return await use(client);
  } catch (error) {
    if (refusal !== undefined && codeOf(error) !== 'OUTCOME_UNKNOWN') {
      throw new ProgramError(refusal.code, `no node lets this client in: ${refusal.message}`);
    }
    if (!isUnanswered(error, client)) throw error;
    const { trouble } = client.status;
    throw new ProgramError(
      'UNAVAILABLE',
      `no node answers at ${endpoints.join(', ')}${trouble === undefined ? '' : `: ${trouble}`}; ` +
        `start them, or name them with ${flag} HOST:PORT,…`,
    );
  } finally {
    await client.close();
  }
}

/** A command that was handed on may have happened, and says so; only what definitely has not is told anew. */
function isUnanswered(error: unknown, { status }: OpenClient): boolean {
  return (
    error instanceof QuorateError &&
    (error.code === 'TIMEOUT' || error.code === 'UNAVAILABLE') &&
    status.node === undefined
  );
}
