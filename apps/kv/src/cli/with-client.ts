/**
 * What commands that use a client have in common: their flags, a client that is closed whatever happens, and what
 * is told when nobody answers.
 */
import type { Refusal } from '@quorate/client';
import type { ClientAccessFiles } from '@quorate/connections/access';
import { type Logger, QuorateError, silentLogger } from '@quorate/core';
import type { Command } from 'commander';
import { defaultAddresses, parseAddresses } from '../client/addresses.ts';
import type { KvClient } from '../client/connect.ts';
import { codeOf, ServiceError, serviceError } from '../errors.ts';
import { nameSetting } from '../node/settings.ts';
import { accessOf, withAccessFlags } from './access.ts';
import { parsed, withTimeout } from './options.ts';

/** Flags of every command that uses a client. */
export interface ClientFlags extends ClientAccessFiles {
  readonly client: readonly string[];
  readonly cluster?: string;
  readonly timeout: number;
}

/** Adds them. */
export function withClientFlags(command: Command): Command {
  return withTimeout(
    withAccessFlags(command)
      .option(
        '--client <addresses>',
        'where nodes serve clients; a bare port stands for the host before it (env QUORATE_CLIENT)',
        parsed(parseAddresses),
        parseAddresses(process.env['QUORATE_CLIENT'] ?? defaultAddresses, 'QUORATE_CLIENT'),
      )
      .option('--cluster <name>', 'speak to nodes of this cluster only', parsed(nameSetting)),
  );
}

/**
 * Uses a client, and closes it.
 *
 * @throws ServiceError with the code UNAVAILABLE if no node answers, with that of the refusal if none will have this
 *   client, with INSECURE or USAGE before any is asked, and otherwise whatever `use` throws.
 */
export async function withClient<T>(
  flags: ClientFlags,
  use: (client: KvClient) => Promise<T>,
  logger?: Logger,
): Promise<T> {
  const { connectKv } = await import('../client/connect.ts');
  const { client: endpoints, timeout: timeoutMs, cluster } = flags;
  const access = accessOf(flags);
  let refusal: Refusal | undefined;
  const client: KvClient = connectKv({
    endpoints,
    timeoutMs,
    ...access,
    onRefused: (told) => {
      // Nobody waits at a command line for somebody else to change what is configured. Whatever is under way
      // ends by that, and is not left behind half done.
      refusal = told;
      void client.close();
    },
    ...(cluster === undefined ? {} : { cluster }),
    ...(logger === undefined ? {} : { logger }),
  });
  try {
    return await use(client);
  } catch (error) {
    if (refusal !== undefined && codeOf(error) !== 'OUTCOME_UNKNOWN') {
      throw new ServiceError(refusal.code, `no node lets this client in: ${refusal.message}`);
    }
    throw isUnanswered(error, client) ? noAnswer(flags, client) : error;
  } finally {
    await client.close();
  }
}

/** Passes on what people may want to know while something goes on: which node it is connected with, and why not. */
export function noticesTo(tell: (message: string) => void): Logger {
  return { ...silentLogger, info: tell, warn: tell, error: tell };
}

/** The error of a command whose time was over before any node answered. */
function noAnswer({ client: endpoints }: ClientFlags, { status }: KvClient): Error {
  const because = status.trouble === undefined ? '' : `: ${status.trouble}`;
  return serviceError(
    'UNAVAILABLE',
    `no node answers at ${endpoints.join(', ')}${because}; start them, or name them with --client HOST:PORT,…`,
  );
}

/** A command that was handed on may have happened, and says so; only what definitely has not is told anew. */
function isUnanswered(error: unknown, { status }: KvClient): boolean {
  return (
    error instanceof QuorateError &&
    (error.code === 'TIMEOUT' || error.code === 'UNAVAILABLE') &&
    status.node === undefined
  );
}
