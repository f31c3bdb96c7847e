/**
 * Links over TCP, plain or with TLS.
 */
import type { Socket } from 'node:net';
import { type Logger, type Runtime, silentLogger, systemRuntime } from '@quorate/core';
import {
  type Expected,
  formatAddress,
  type Identity,
  type Link,
  type LinkHandler,
  type Links,
  type Listener,
  parseAddress,
  type Platform,
  refuseUnknown,
} from '@quorate/connections';
import {
  type ClientCertificates,
  Credentials,
  dialSocket,
  listenOn,
  nodePlatform,
  SocketLink,
  TlsAcceptor,
  type TlsTrust,
} from '@quorate/connections/node';

/** Options of {@link tcpLinks}. */
export interface TcpLinksOptions {
  /** With it everything is encrypted and proven, and plain text refused. @default none */
  readonly tls?: TlsTrust;
  /** Whether those that dial have to show a certificate. @default 'required' */
  readonly clientCertificates?: ClientCertificates;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** Links over TCP. */
export interface TcpLinks extends Links {
  /**
   * Looks at the files of the certificates now, not when the next connection is made.
   *
   * @returns whether something new is in use.
   */
  reload(): boolean;
}

/**
 * Makes links over TCP. Addresses are `host:port`, or `[ipv6]:port`.
 *
 * @throws InvalidArgumentError for options that can never work, or that would switch off what TLS is
 *   for.
 */
export function tcpLinks(options: TcpLinksOptions = {}): TcpLinks {
  return new LinksOverTcp(options);
}

class LinksOverTcp implements TcpLinks {
  readonly proves: boolean;
  readonly platform: Platform = nodePlatform;
  readonly #logger: Logger;
  readonly #credentials: Credentials | undefined;
  readonly #acceptor: TlsAcceptor | undefined;

  constructor(options: TcpLinksOptions) {
    refuseUnknown(options, ['tls', 'clientCertificates', 'runtime', 'logger'], 'tcpLinks');
    const { tls, clientCertificates = 'required', runtime = systemRuntime } = options;
    this.#logger = options.logger ?? silentLogger;
    this.#credentials = tls === undefined ? undefined : new Credentials(tls, runtime, this.#logger);
    this.#acceptor =
      this.#credentials === undefined
        ? undefined
        : new TlsAcceptor(this.#credentials, clientCertificates);
    this.proves = this.#credentials !== undefined && clientCertificates !== 'none';
  }

  get identity(): Identity | undefined {
    return this.#credentials?.identity;
  }

  reload(): boolean {
    return this.#credentials?.reload() ?? false;
  }

  dial(address: string, expected: Expected, handler: (link: Link) => LinkHandler): Link {
    const parsed = parseAddress(address, 'address');
    const dialling = dialSocket(parsed, this.#credentials, expected);
    const link = new SocketLink(dialling.socket, address);
    link.attach(handler(link), (error) => dialling.explain(error));
    dialling.onceOpen((proof) => link.open(dialling.socket, proof));
    return link;
  }

  async listen(
    address: string | undefined,
    accept: (link: Link) => LinkHandler | undefined,
  ): Promise<Listener> {
    const parsed = parseAddress(address ?? '', 'listen');
    const port = await listenOn(parsed, (socket) => this.#accept(socket, accept), this.#logger);
    return { address: formatAddress(port.address), close: () => port.close() };
  }

  #accept(raw: Socket, accept: (link: Link) => LinkHandler | undefined): void {
    const link = new SocketLink(raw);
    const handler = accept(link);
    if (handler === undefined) {
      raw.destroy();
      return;
    }
    link.attach(handler);
    if (this.#acceptor === undefined) {
      link.open(raw, { type: 'proven', identity: undefined });
      return;
    }
    this.#acceptor.secure(raw, {
      done: (socket, proof) => link.open(socket, proof),
      failed: (end) => link.fail(end),
    });
  }
}
