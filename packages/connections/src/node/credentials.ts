/**
 * This side's certificate and key and the authorities it trusts: checked before they are used, and
 * read again when their files change.
 */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { describeError, InvalidArgumentError, type Logger, type Runtime } from '@quorate/core';
import { type Identity, identityUri } from '../identity.ts';
import { refuseUnknown } from '../options.ts';
import { identityOf } from './certificates.ts';
import { FileChanges } from './file-changes.ts';

/** What a side that only proves the other one needs. */
export interface TlsTrust {
  /**
   * Certificates of the authorities that are trusted, and nobody else is: PEM, or the path of a file.
   */
  readonly ca: string;
  /** This side's certificate, with the chain up to the authority: PEM, or the path of a file. */
  readonly cert?: string;
  /** The certificate's private key, not encrypted: PEM, or the path of a file. */
  readonly key?: string;
  /**
   * Files are looked at when a connection is made, at most this often: that is when certificates
   * matter. @default 1 000
   */
  readonly reloadIntervalMs?: number;
}

/** What a member needs. */
export interface TlsOptions extends TlsTrust {
  /** Its one `quorate://` URI is `quorate://<cluster>/member/<node>`. */
  readonly cert: string;
  readonly key: string;
}

/** Names of the options. */
export const tlsOptionNames: readonly string[] = ['ca', 'cert', 'key', 'reloadIntervalMs'];

/** Contents of the files. */
interface Material {
  readonly ca: string;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What is in use. */
interface Loaded {
  readonly contextOptions: SecureContextOptions;
  readonly context: SecureContext;
  readonly identity: Identity | undefined;
}

/** Holds what is in use, and replaces it when the files change. */
export class Credentials {
  readonly #options: TlsTrust;
  readonly #logger: Logger;
  readonly #changes: FileChanges;
  #loaded: Loaded;

  /**
   * @throws InvalidArgumentError for what would fail with everybody, or switch off what TLS is for.
   */
  constructor(options: TlsTrust, runtime: Runtime, logger: Logger) {
    refuseUnknown(options, tlsOptionNames, 'tls');
    if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
      throw new InvalidArgumentError(
        'NODE_TLS_REJECT_UNAUTHORIZED=0 switches the verification of certificates off in this process; unset it, and trust the authority with ca',
      );
    }
    this.#options = options;
    this.#logger = logger;
    const { ca, cert, key, reloadIntervalMs = 1_000 } = options;
    const paths = [ca, cert, key].flatMap((each) =>
      each === undefined || isPem(each) ? [] : [each],
    );
    this.#changes = new FileChanges(paths, reloadIntervalMs, runtime);
    this.#loaded = load(options);
  }

  /** What this side's certificate proves. */
  get identity(): Identity | undefined {
    return this.#loaded.identity;
  }

  /** For sides that dial. */
  get context(): SecureContext {
    return this.#loaded.context;
  }

  /** For sides that listen; another object whenever something has changed. */
  get contextOptions(): SecureContextOptions {
    return this.#loaded.contextOptions;
  }

  /** To be called before a connection is made: looks at the files if that is due. */
  refresh(): void {
    if (this.#changes.isDue) this.reload();
  }

  /**
   * Looks at the files now. One that is bad changes nothing and is logged: what is in use goes on.
   *
   * @returns whether something new is in use.
   */
  reload(): boolean {
    try {
      if (!this.#changes.look()) return false;
      const loaded = load(this.#options);
      const [before, after] = [this.#loaded.identity, loaded.identity].map((identity) =>
        identity === undefined ? 'nobody' : identityUri(identity),
      );
      if (before !== after) {
        throw new InvalidArgumentError(
          `it is for ${after ?? ''}, the one in use for ${before ?? ''}`,
        );
      }
      this.#loaded = loaded;
      this.#logger.info('new certificates are in use');
      return true;
    } catch (error) {
      this.#logger.error(
        `new certificates cannot be used, those that were read before still are: ${describeError(error)}`,
      );
      return false;
    }
  }
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

function read(text: string, name: string): string {
  if (isPem(text)) return text;
  let content: string;
  try {
    content = readFileSync(text, 'utf8');
  } catch (cause) {
    throw new InvalidArgumentError(
      `${name} is neither PEM nor a file that can be read: ${describeError(cause)}`,
      { cause },
    );
  }
  if (isPem(content)) return content;
  throw new InvalidArgumentError(`${name}: ${text} is no PEM file`);
}

function load(options: TlsTrust): Loaded {
  // Asked at run time: from JavaScript an absent `ca` would mean the hundred of authorities of the web.
  const { ca, cert, key } = options as Partial<TlsTrust>;
  if (ca === undefined || ca === '') {
    throw new InvalidArgumentError('tls needs ca: the authority that has signed the certificates');
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new InvalidArgumentError('cert and key go together');
  }
  const material: Material = {
    ca: read(ca, 'ca'),
    cert: cert === undefined ? undefined : read(cert, 'cert'),
    key: key === undefined ? undefined : read(key, 'key'),
  };
  const contextOptions: SecureContextOptions = {
    ca: material.ca,
    ...(material.cert === undefined ? {} : { cert: material.cert }),
    ...(material.key === undefined ? {} : { key: material.key }),
    minVersion: 'TLSv1.2',
    // A session that is taken up again shows no certificate: every connection proves itself anew.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    // The two throw for what they cannot parse, the authorities included.
    new X509Certificate(material.ca);
    const context = createSecureContext(contextOptions);
    return { contextOptions, context, identity: check(material) };
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause;
    throw new InvalidArgumentError(`ca, cert or key cannot be used: ${describeError(cause)}`, {
      cause,
    });
  }
}

function check({ cert, key }: Material): Identity | undefined {
  if (cert === undefined || key === undefined) return undefined;
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    throw new InvalidArgumentError('key is not the private key of cert');
  }
  return identityOf(certificate);
}
