/**
 * Flags that several commands share, and how their values are read.
 */
import type { Refusal } from '@quorate/client';
import { formatAddress, parseAddress } from '@quorate/connections';
import {
  type ClientAccess,
  clientAccess,
  type ClientAccessFiles,
  clientAccessFlags,
} from '@quorate/connections/access';
import { describeError, InvalidArgumentError } from '@quorate/core';
import { type Command, InvalidArgumentError as CommanderError } from 'commander';
import { type Bank, openBank } from '../bank.ts';
import { BankError, codeOf, usageError } from '../errors.ts';

/** Where commands look for nodes unless told: where a demo has them. */
export const defaultEndpoints = '127.0.0.1:7501,127.0.0.1:7502,127.0.0.1:7503';

/** Flags of every command that talks to a bank. */
export interface BankFlags extends ClientAccessFiles {
  readonly endpoints: readonly string[];
  readonly timeout: number;
  readonly json: boolean;
}

/** Adds them. */
export function withBankFlags(command: Command): Command {
  for (const [flag, meaning] of clientAccessFlags) command.option(flag, meaning);
  return command
    .option(
      '--endpoints <list>',
      'where nodes serve clients, host:port,… (env QUORATE_BANK)',
      parsed(parseEndpoints),
      parseEndpoints(process.env['QUORATE_BANK'] ?? defaultEndpoints, 'QUORATE_BANK'),
    )
    .option('--timeout <ms>', 'how long to go on trying', parsed(positive), 10_000)
    .option('--json', 'print JSON', false);
}

/**
 * Connects with the bank that the flags name, and closes the connection whatever happens.
 *
 * @throws BankError with the code USAGE or INSECURE, or with that of the refusal if no node lets this client in.
 */
export async function withBank<T>(flags: BankFlags, use: (bank: Bank) => Promise<T>): Promise<T> {
  let refusal: Refusal | undefined;
  const bank: Bank = openBank({
    endpoints: flags.endpoints,
    timeoutMs: flags.timeout,
    ...accessOf(flags),
    onRefused: (told) => {
      // Nobody waits at a command line for somebody else to change what is configured.
      refusal = told;
      void bank.close();
    },
  });
  try {
    return await use(bank);
  } catch (error) {
    if (refusal === undefined || codeOf(error) === 'OUTCOME_UNKNOWN') throw error;
    throw new BankError(refusal.code, `no node lets this client in: ${refusal.message}`);
  } finally {
    await bank.close();
  }
}

function accessOf(flags: BankFlags): ClientAccess {
  try {
    return clientAccess(flags, process.env);
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}

/** Turns a check of ours into one of commander's: then it names the flag by itself. */
export function parsed<T>(parse: (text: string, what: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text, 'it');
    } catch (error) {
      throw new CommanderError(`${describeError(error)}.`);
    }
  };
}

/** A whole number from 1. */
export function positive(text: string, what: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError(
    `${what} must be a whole number from 1, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

function parseEndpoints(text: string, what: string): readonly string[] {
  return text.split(',').map((each) => formatAddress(parseAddress(each.trim(), what)));
}
