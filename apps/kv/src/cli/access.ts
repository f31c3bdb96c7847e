/**
 * What every command that talks to nodes may have to show, and whom it trusts: the flags, and what they come to.
 */
import {
  type ClientAccess,
  clientAccess,
  type ClientAccessFiles,
  clientAccessFlags,
} from '@quorate/connections/access';
import { describeError } from '@quorate/core';
import type { Command } from 'commander';
import { usageError } from '../errors.ts';

/** Adds them; commander makes {@link ClientAccessFiles} of them. */
export function withAccessFlags(command: Command): Command {
  for (const [flag, meaning] of clientAccessFlags) command.option(flag, meaning);
  return command;
}

/** @throws ServiceError with the code USAGE if the flags, or the files that they name, make no sense. */
export function accessOf(flags: ClientAccessFiles): ClientAccess {
  try {
    return clientAccess(flags, process.env);
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}
