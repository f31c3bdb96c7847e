/**
 * Who gets in, as programs are told at their command lines: the flags that they share, and files of certificates and
 * of tokens, checked before anything is opened. Commands start with this, so it loads nothing of what connects.
 *
 * @packageDocumentation
 */
import { resolve } from 'node:path';
import {
  InvalidArgumentError,
  type Logger,
  type Runtime,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
import type { TlsOptions, TlsTrust } from './credentials.ts';
import type { ClientCertificates } from './tls-accept.ts';
import { checkToken, readToken, TokenFile } from './tokens.ts';

export { modeForOthers, readToken, readTokens } from './tokens.ts';

/** What {@link ClientCertificates} can be. */
export const clientCertificatesNames: readonly ClientCertificates[] = [
  'required',
  'optional',
  'none',
];

/** A flag with its value, as a command line shows it, and what it means. */
export type Flag = readonly [flag: string, meaning: string];

/** The flags of a program that runs a node. */
export const nodeAccessFlags: readonly Flag[] = [
  ['--tls-ca <file>', 'PEM of the authority that is trusted; with it all ports speak TLS'],
  ['--tls-cert <file>', "PEM of this node's certificate, for quorate://CLUSTER/member/NAME"],
  ['--tls-key <file>', 'PEM of its private key'],
  [
    '--client-certificates <how>',
    `${clientCertificatesNames.join(', ')}: whether clients show one (default: required, and none with tokens)`,
  ],
  ['--client-tokens <file>', 'what clients are let in by, one a line; mode 0600'],
];

/** The flags of a program that is a client. */
export const clientAccessFlags: readonly Flag[] = [
  [
    '--tls-ca <file>',
    "PEM of the authority that signed the nodes' certificates; with it TLS is spoken (env QUORATE_TLS_CA)",
  ],
  ['--tls-cert <file>', 'PEM of a certificate to show (env QUORATE_TLS_CERT)'],
  ['--tls-key <file>', 'PEM of its private key (env QUORATE_TLS_KEY)'],
  ['--token-file <file>', 'file with the token to show (env QUORATE_TOKEN: the token itself)'],
];

/** Paths of PEM files, as far as they are given. */
export interface TlsFiles {
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

/** How the user knows each file. */
const flags = { tlsCa: '--tls-ca', tlsCert: '--tls-cert', tlsKey: '--tls-key' } as const;

/**
 * The TLS of a member: all three files, or none and plain text.
 *
 * @returns absolute paths, so that files which are renewed are found wherever the program goes.
 * @throws InvalidArgumentError naming those that are missing.
 */
export function memberTls({ tlsCa, tlsCert, tlsKey }: TlsFiles): TlsOptions | undefined {
  if (tlsCa !== undefined && tlsCert !== undefined && tlsKey !== undefined) {
    return { ca: resolve(tlsCa), cert: resolve(tlsCert), key: resolve(tlsKey) };
  }
  const files = [
    [flags.tlsCa, tlsCa],
    [flags.tlsCert, tlsCert],
    [flags.tlsKey, tlsKey],
  ] as const;
  const named = (given: boolean): readonly string[] =>
    files.flatMap(([flag, path]) => ((path !== undefined) === given ? [flag] : []));
  if (named(true).length === 0) return undefined;
  throw new InvalidArgumentError(
    `${named(false).join(' and ')} missing: TLS takes all three of ${Object.values(flags).join(', ')}, or none, and got ${named(true).join(' and ')}`,
  );
}

/** Whom a node lets in at the port for clients. */
export interface ClientPolicy {
  /** Of no meaning without TLS. */
  readonly clientCertificates: ClientCertificates;
  /** Those that hold now: the file is read again when it has changed. `undefined`: none is asked for. */
  readonly tokens: (() => readonly string[]) | undefined;
}

/** What {@link clientPolicy} is given. */
export interface ClientPolicyOptions {
  readonly tls?: TlsOptions | undefined;
  readonly clientCertificates?: ClientCertificates | undefined;
  /** Path of a file of tokens. */
  readonly clientTokens?: string | undefined;
  /** Told what becomes of the file later. @default silentLogger */
  readonly logger?: Logger;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
}

/**
 * Reads the tokens, and says whether certificates are asked for where nobody has said so: with TLS every
 * client has to prove itself, by a token where there are tokens, and otherwise by a certificate.
 *
 * @throws InvalidArgumentError for a file that cannot be used, and for certificates without TLS.
 */
export function clientPolicy({
  tls,
  clientCertificates,
  clientTokens,
  logger = silentLogger,
  runtime = systemRuntime,
}: ClientPolicyOptions): ClientPolicy {
  if (tls === undefined && clientCertificates !== undefined && clientCertificates !== 'none') {
    throw new InvalidArgumentError(
      `--client-certificates ${clientCertificates} needs TLS, without which nobody can show one: pass ${Object.values(flags).join(', ')}, or none`,
    );
  }
  if (clientTokens === undefined) {
    return { clientCertificates: clientCertificates ?? 'required', tokens: undefined };
  }
  const file = new TokenFile(clientTokens, '--client-tokens', { runtime, logger });
  return { clientCertificates: clientCertificates ?? 'none', tokens: () => file.current };
}

/** What a program that is a client was told. */
export interface ClientAccessFiles extends TlsFiles {
  /** Path of a file with one token. */
  readonly tokenFile?: string | undefined;
}

/** What a client needs to get in. */
export interface ClientAccess {
  /** `undefined`: plain text. */
  readonly tls?: TlsTrust;
  readonly token?: string;
}

/**
 * How a command gets in: by what it was told, and otherwise by the environment: `QUORATE_TLS_CA`,
 * `QUORATE_TLS_CERT`, `QUORATE_TLS_KEY`, and `QUORATE_TOKEN` with the token itself.
 *
 * @throws InvalidArgumentError for a certificate without its key or without an authority, and for a token
 *   that is none or cannot be read.
 */
export function clientAccess(
  { tlsCa, tlsCert, tlsKey, tokenFile }: ClientAccessFiles,
  environment: Readonly<Record<string, string | undefined>>,
): ClientAccess {
  const pathOf = (path: string | undefined, name: string): string | undefined => {
    // Set and empty is how shells say that it is not.
    const text = path ?? (environment[name] === '' ? undefined : environment[name]);
    return text === undefined ? undefined : resolve(text);
  };
  const ca = pathOf(tlsCa, 'QUORATE_TLS_CA');
  const cert = pathOf(tlsCert, 'QUORATE_TLS_CERT');
  const key = pathOf(tlsKey, 'QUORATE_TLS_KEY');
  if ((cert === undefined) !== (key === undefined)) {
    throw new InvalidArgumentError(`${flags.tlsCert} and ${flags.tlsKey} go together`);
  }
  if (ca === undefined && cert !== undefined) {
    throw new InvalidArgumentError(
      `${flags.tlsCert} needs ${flags.tlsCa} too: the authority that has signed the certificates of the nodes`,
    );
  }
  const pair = cert === undefined || key === undefined ? {} : { cert, key };
  const token = tokenOf(tokenFile, environment['QUORATE_TOKEN']);
  return {
    ...(ca === undefined ? {} : { tls: { ca, ...pair } }),
    ...(token === undefined ? {} : { token }),
  };
}

function tokenOf(path: string | undefined, given: string | undefined): string | undefined {
  if (path !== undefined) return readToken(path, '--token-file');
  if (given === undefined || given === '') return undefined;
  checkToken(given, 'QUORATE_TOKEN');
  return given;
}
