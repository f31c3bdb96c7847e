/**
 * What commands that talk to a bank have in common: their flags, and a client that is closed whatever happens.
 */
import type { ClientAccessFiles } from '@quorate/connections/access';
import { addressesOf } from '@quorate/program';
import {
  accessOf,
  parsed,
  withAccessFlags,
  withClient,
  withTimeout,
} from '@quorate/program/command-line';
import type { Command } from 'commander';
import { type Bank, openBank } from '../bank.ts';

/** Where commands look for nodes unless told: where a demo has them. */
const defaultEndpoints = '127.0.0.1:7601,7602,7603';

/** Flags of every command that talks to a bank. */
export interface BankFlags extends ClientAccessFiles {
  readonly endpoints: readonly string[];
  readonly timeout: number;
  readonly json: boolean;
}

/** Adds them. */
export function withBankFlags(command: Command): Command {
  const read = (text: string, what: string): readonly string[] =>
    addressesOf(text, what, defaultEndpoints);
  return withTimeout(withAccessFlags(command))
    .option(
      '--endpoints <list>',
      'where nodes serve clients; a bare port stands for the host before it (env QUORATE_BANK)',
      parsed(read),
      read(process.env['QUORATE_BANK'] ?? defaultEndpoints, 'QUORATE_BANK'),
    )
    .option('--json', 'print JSON', false);
}

/**
 * Connects with the bank that the flags name, and closes the connection whatever happens.
 *
 * @throws BankError with the code USAGE or INSECURE, with UNAVAILABLE if no node answers, or with that of the refusal
 *   if none lets this client in.
 */
export async function withBank<T>(flags: BankFlags, use: (bank: Bank) => Promise<T>): Promise<T> {
  const { endpoints, timeout: timeoutMs } = flags;
  const access = accessOf(flags);
  return withClient(
    {
      endpoints,
      flag: '--endpoints',
      open: (onRefused): Bank => openBank({ endpoints, timeoutMs, onRefused, ...access }),
    },
    use,
  );
}
