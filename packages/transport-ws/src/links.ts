/**
 * Links over WebSockets, plain or with TLS, on Node.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import {
  InvalidArgumentError,
  type Logger,
  type Runtime,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
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
  TlsAcceptor,
  type TlsTrust,
} from '@quorate/connections/node';
import { WebSocket } from 'ws';
import { attachTo } from './attach.ts';
import { defaultPath, parseWsAddress, subProtocol } from './protocol.ts';
import { Upgrades, type UpgradeRules, webSocketLimits } from './upgrades.ts';
import { WsLink } from './ws-link.ts';

/** Which requests are taken up. */
export interface WsListenOptions {
  /** Path of the URL. @default '/quorate' */
  readonly path?: string;
  /**
   * Origins of web pages that may connect, as `https://example.org`. Every other page is refused;
   * programs that are no browsers send none. @default none
   */
  readonly origins?: readonly string[];
  /** Refuses whoever sends no origin. @default false */
  readonly requireOrigin?: boolean;
  /** Values of the `Host` header that are taken, as `example.org:7001`. @default any */
  readonly hosts?: readonly string[];
}

/** Names of these options. */
export const wsListenOptionNames: readonly string[] = ['path', 'origins', 'requireOrigin', 'hosts'];

/** Options of {@link wsLinks}. */
export interface WsLinksOptions extends WsListenOptions {
  /**
   * A server that listens already, `http` or `https`: connections are taken up there, on the path
   * alone, and everything else is left to it. Its TLS, if any, is its own: it proves nobody here.
   *
   * @default none: `listen` opens a port
   */
  readonly server?: Server;
  /** With it `wss://` is dialled and listened on, and plain text refused. @default none */
  readonly tls?: TlsTrust;
  /** Whether those that dial have to show a certificate. @default 'required' */
  readonly clientCertificates?: ClientCertificates;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** Links over WebSockets. */
export interface WsLinks extends Links {
  /**
   * Looks at the files of the certificates now, not when the next connection is made.
   *
   * @returns whether something new is in use.
   */
  reload(): boolean;
}

/**
 * Makes links over WebSockets. Addresses to dial are `ws://host:port/path`, or `wss://…` with TLS;
 * addresses to listen on are `host:port`.
 *
 * @throws InvalidArgumentError for options that can never work, or that would switch off what TLS is
 *   for.
 */
export function wsLinks(options: WsLinksOptions = {}): WsLinks {
  return new LinksOverWebSockets(options);
}

type Accept = (link: Link) => LinkHandler | undefined;

class LinksOverWebSockets implements WsLinks {
  readonly proves: boolean;
  readonly platform: Platform = nodePlatform;
  readonly #rules: UpgradeRules;
  readonly #server: Server | undefined;
  readonly #logger: Logger;
  readonly #credentials: Credentials | undefined;
  readonly #acceptor: TlsAcceptor | undefined;

  constructor(options: WsLinksOptions) {
    refuseUnknown(
      options,
      [...wsListenOptionNames, 'server', 'tls', 'clientCertificates', 'runtime', 'logger'],
      'wsLinks',
    );
    const { tls, clientCertificates = 'required', runtime = systemRuntime, server } = options;
    if (server !== undefined && tls !== undefined && clientCertificates !== 'none') {
      throw new InvalidArgumentError(
        "a server of its own asks nobody for a certificate: listen on a port, or set clientCertificates to 'none'",
      );
    }
    this.#rules = checkRules(options);
    this.#server = server;
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
    const { isSecure, host, port, authority, path } = parseWsAddress(address, 'address');
    if (isSecure !== (this.#credentials !== undefined)) {
      throw new InvalidArgumentError(
        isSecure
          ? `${address} needs TLS, which is not configured here`
          : `TLS is configured here, and ${address} is without it; use wss://`,
      );
    }
    const dialling = dialSocket({ host, port }, this.#credentials, expected);
    const { socket } = dialling;
    const link = new WsLink(socket, address);
    link.attach(handler(link), (error) => dialling.explain(error));
    dialling.onceOpen((proof) => {
      // TLS is done already: what is left is plain HTTP on this socket.
      const webSocket = new WebSocket(`ws://${authority}${path}`, subProtocol, {
        createConnection: () => socket,
        headers: { host: authority },
        ...webSocketLimits,
      });
      link.upgrade(webSocket, proof);
    });
    return link;
  }

  async listen(address: string | undefined, accept: Accept): Promise<Listener> {
    const upgrades = new Upgrades(this.#rules);
    if (this.#server !== undefined) {
      return attachTo(this.#server, this.#rules.path, upgrades, accept);
    }
    const parsed = parseAddress(address ?? '', 'listen');
    const port = await listenOn(
      parsed,
      (socket) => this.#accept(socket, upgrades, accept),
      this.#logger,
    );
    const scheme = this.#acceptor === undefined ? 'ws' : 'wss';
    return {
      address: `${scheme}://${formatAddress(port.address)}${this.#rules.path}`,
      close: () => port.close(),
    };
  }

  #accept(raw: Socket, upgrades: Upgrades, accept: Accept): void {
    const link = new WsLink(raw);
    const handler = accept(link);
    if (handler === undefined) {
      raw.destroy();
      return;
    }
    link.attach(handler);
    if (this.#acceptor === undefined) {
      upgrades.expect(raw, link, { type: 'proven', identity: undefined });
      return;
    }
    this.#acceptor.secure(raw, {
      done: (socket, proof) => upgrades.expect(socket, link, proof),
      failed: (end) => link.fail(end),
    });
  }
}

function checkRules(options: WsListenOptions): UpgradeRules {
  const { path = defaultPath, origins = [], requireOrigin = false, hosts } = options;
  if (!/^\/[^\s?#]*$/.test(path)) {
    throw new InvalidArgumentError(
      `path must start with /, without ? and #, got ${JSON.stringify(path.slice(0, 80))}`,
    );
  }
  for (const origin of origins) {
    // Compared as text, so it has to be written as browsers write it.
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    throw new InvalidArgumentError(
      `an origin is 'https://host' or 'https://host:port', without a path, got ${JSON.stringify(origin.slice(0, 80))}`,
    );
  }
  for (const host of hosts ?? []) {
    // With a scheme or a path it would never be what a request says.
    if (/^[^\s/?#@]+$/.test(host)) continue;
    throw new InvalidArgumentError(
      `hosts are 'host' or 'host:port', got ${JSON.stringify(host.slice(0, 80))}`,
    );
  }
  return { path, origins, requireOrigin, hosts: hosts?.map((host) => host.toLowerCase()) };
}
