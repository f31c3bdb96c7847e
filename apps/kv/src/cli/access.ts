/**
 * What every command that talks to nodes may have to show, and whom it trusts: the flags, and what they come to.
 */
import { type ClientAccess, clientAccess } from '@quorate/connections/access';
import { describeError } from '@quorate/core';
import type { Command } from 'commander';
import { usageError } from '../errors.ts';

/** Flags of every command that talks to nodes. */
export interface AccessFlags {
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenFile?: string;
}

/** Adds them. */
export function withAccessFlags(command: Command): Command {
  return command
    .option(
      '--tls-ca <file>',
      "PEM of the authority that signed the nodes' certificates; with it TLS is spoken (env QUORATE_TLS_CA)",
    )
    .option('--tls-cert <file>', 'PEM of a certificate to show (env QUORATE_TLS_CERT)')
    .option('--tls-key <file>', 'PEM of its private key (env QUORATE_TLS_KEY)')
    .option('--token-file <file>', 'file with the token to show (env QUORATE_TOKEN: the token)');
}

/** @throws ServiceError with the code USAGE if the flags, or the files that they name, make no sense. */
export function accessOf({ tlsCa, tlsCert, tlsKey, tokenFile }: AccessFlags): ClientAccess {
  try {
    return clientAccess(
      { ca: tlsCa, cert: tlsCert, key: tlsKey, token: tokenFile },
      process.env,
      (file) => (file === 'token' ? '--token-file' : `--tls-${file}`),
    );
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}
