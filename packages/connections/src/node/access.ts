/**
 * Who gets in, as programs are told at their command lines: files of certificates and of tokens, checked
 * before anything is opened. Commands start with this, so it loads nothing of what connects.
 *
 * @packageDocumentation
 */
import { resolve } from 'node:path';
import { InvalidArgumentError } from '@quorate/core';
import type { TlsOptions, TlsTrust } from './credentials.ts';
import type { ClientCertificates } from './tls-accept.ts';
import { checkToken, readToken, readTokens } from './tokens.ts';

export { readToken, readTokens } from './tokens.ts';

/** What {@link ClientCertificates} can be. */
export const clientCertificatesNames: readonly ClientCertificates[] = [
  'required',
  'optional',
  'none',
];

/** Paths of PEM files, as far as they are given. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** How the user knows a file: `--tls-ca`. */
type NameOf = (file: keyof TlsFiles) => string;

const fileNames = ['ca', 'cert', 'key'] as const;

/**
 * The TLS of a member: all three files, or none and plain text.
 *
 * @returns absolute paths, so that files which are renewed are found wherever the program goes.
 * @throws InvalidArgumentError naming those that are missing.
 */
export function memberTls(files: TlsFiles, nameOf: NameOf): TlsOptions | undefined {
  const { ca, cert, key } = files;
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (ca !== undefined && cert !== undefined && key !== undefined) {
    return { ca: resolve(ca), cert: resolve(cert), key: resolve(key) };
  }
  const [missing, given] = [true, false].map((isMissing) =>
    fileNames
      .filter((name) => (files[name] === undefined) === isMissing)
      .map(nameOf)
      .join(' and '),
  );
  throw new InvalidArgumentError(
    `${given ?? ''} needs ${missing ?? ''} too: TLS takes all three of ${fileNames.map(nameOf).join(', ')}, or none`,
  );
}

/** Whom a node lets in at the port for clients. */
export interface ClientPolicy {
  readonly clientCertificates: ClientCertificates;
  /** `undefined`: none is asked for. */
  readonly tokens: readonly string[] | undefined;
}

/** What {@link checkClientPolicy} is given. */
export interface ClientPolicyFiles {
  readonly tls: TlsOptions | undefined;
  readonly clientCertificates: ClientCertificates | undefined;
  /** Path of a file of tokens. */
  readonly tokens: string | undefined;
}

/**
 * Reads the tokens, and says whether certificates are asked for where nobody has said so: with TLS every
 * client has to prove itself, by a token where there are tokens, and otherwise by a certificate.
 *
 * @param nameOf how the user knows a setting: `--client-tokens`.
 * @throws InvalidArgumentError for a file that cannot be used, and for certificates without TLS.
 */
export function checkClientPolicy(
  { tls, clientCertificates, tokens }: ClientPolicyFiles,
  nameOf: (setting: 'clientCertificates' | 'tokens') => string,
): ClientPolicy {
  if (tls === undefined && clientCertificates !== undefined && clientCertificates !== 'none') {
    throw new InvalidArgumentError(
      `${nameOf('clientCertificates')} ${clientCertificates} needs TLS: without it nobody can show a certificate`,
    );
  }
  return {
    clientCertificates: clientCertificates ?? (tokens === undefined ? 'required' : 'none'),
    tokens: tokens === undefined ? undefined : readTokens(tokens, nameOf('tokens')),
  };
}

/** What a client is told. */
export interface ClientAccessFiles extends TlsFiles {
  /** Path of a file with one token. */
  readonly token?: string | undefined;
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
 * @param nameOf how the user knows a file: `--tls-ca`.
 * @throws InvalidArgumentError for a certificate without its key or without an authority, and for a token
 *   that is none or cannot be read.
 */
export function clientAccess(
  files: ClientAccessFiles,
  environment: Readonly<Record<string, string | undefined>>,
  nameOf: (file: keyof ClientAccessFiles) => string,
): ClientAccess {
  const path = (name: keyof TlsFiles): string | undefined => {
    // Set and empty is how shells say that it is not.
    const text = files[name] ?? (environment[`QUORATE_TLS_${name.toUpperCase()}`] || undefined);
    return text === undefined ? undefined : resolve(text);
  };
  const [ca, cert, key] = fileNames.map(path);
  if ((cert === undefined) !== (key === undefined)) {
    throw new InvalidArgumentError(`${nameOf('cert')} and ${nameOf('key')} go together`);
  }
  if (ca === undefined && cert !== undefined) {
    throw new InvalidArgumentError(
      `${nameOf('cert')} needs ${nameOf('ca')} too: the authority that the nodes' certificates are signed by`,
    );
  }
  const token = tokenOf(files.token, environment['QUORATE_TOKEN'], nameOf('token'));
  return {
    ...(ca === undefined
      ? {}
      : { tls: { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) } }),
    ...(token === undefined ? {} : { token }),
  };
}

function tokenOf(
  path: string | undefined,
  given: string | undefined,
  what: string,
): string | undefined {
  if (path !== undefined) return readToken(path, what);
  if (given === undefined || given === '') return undefined;
  checkToken(given, 'QUORATE_TOKEN');
  return given;
}
