/**
 * Flags that programs share, and how values of flags are read.
 */
import {
  type ClientAccess,
  clientAccess,
  type ClientAccessFiles,
  clientAccessFlags,
} from '@quorate/connections/access';
import { describeError, InvalidArgumentError } from '@quorate/core';
import { type Command, InvalidArgumentError as CommanderError } from 'commander';
import { usageError } from '../errors.ts';

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

/** Adds the flag of everything that may take a while. */
export function withTimeout(command: Command): Command {
  return command.option('--timeout <ms>', 'how long to go on trying', parsed(positive), 10_000);
}

/** Adds what a command may have to show, and whom it trusts; commander makes `ClientAccessFiles` of them. */
export function withAccessFlags(command: Command): Command {
  for (const [flag, meaning] of clientAccessFlags) command.option(flag, meaning);
  return command;
}

/** @throws ProgramError with the code USAGE if the flags, or the files that they name, make no sense. */
export function accessOf(files: ClientAccessFiles): ClientAccess {
  try {
    return clientAccess(files, process.env);
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}
