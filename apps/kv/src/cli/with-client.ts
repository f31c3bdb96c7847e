/**
 * What commands that use a client have in common: their flags, and a client that is closed whatever happens.
 */
import type { ClientAccessFiles } from '@quorate/connections/access';
import { type Logger, silentLogger } from '@quorate/core';
import { addressesOf } from '@quorate/program';
import {
  accessOf,
  parsed,
  withAccessFlags,
  withClient as withOpenClient,
  withTimeout,
} from '@quorate/program/command-line';
import type { Command } from 'commander';
import type { KvClient, KvClientOptions } from '../client/connect.ts';
import { nameSetting } from '../node/settings.ts';

/** Where commands look for nodes unless told: where a demo has them. */
const defaultAddresses = '127.0.0.1:7501,7502,7503';

/** Flags of every command that uses a client. */
export interface ClientFlags extends ClientAccessFiles {
  readonly client: readonly string[];
  readonly cluster?: string;
  readonly timeout: number;
}

/** Adds them. */
export function withClientFlags(command: Command): Command {
  const read = (text: string, what: string): readonly string[] =>
    addressesOf(text, what, defaultAddresses);
  return withTimeout(
    withAccessFlags(command)
      .option(
        '--client <addresses>',
        'where nodes serve clients; a bare port stands for the host before it (env QUORATE_CLIENT)',
        parsed(read),
        read(process.env['QUORATE_CLIENT'] ?? defaultAddresses, 'QUORATE_CLIENT'),
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
  const open = (onRefused: NonNullable<KvClientOptions['onRefused']>): KvClient =>
    connectKv({
      ...{ endpoints, timeoutMs, onRefused, ...access },
      ...(cluster === undefined ? {} : { cluster }),
      ...(logger === undefined ? {} : { logger }),
    });
  return withOpenClient({ endpoints, flag: '--client', open }, use);
}

/** Passes on what people may want to know while something goes on: which node it is connected with, and why not. */
export function noticesTo(tell: (message: string) => void): Logger {
  return { ...silentLogger, info: tell, warn: tell, error: tell };
}
