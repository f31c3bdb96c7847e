/**
 * The transport over WebSockets on Node: its links under what all transports on links share.
 */
import type { Server } from 'node:http';
import { InvalidArgumentError } from '@quorate/core';
import {
  checkMemberOptions,
  formatAddress,
  isWildcard,
  type Listening,
  linkTransport,
  type LinkTransport,
  type MemberOptions,
  memberOptionNames,
  parseAddress,
  refuseUnknown,
} from '@quorate/connections';
import type { TlsOptions } from '@quorate/connections/node';
import { wsLinks, type WsListenOptions, wsListenOptionNames } from './links.ts';
import { defaultPath, parseWsAddress } from './protocol.ts';

/** Options of {@link wsTransport}. */
export interface WsTransportOptions extends MemberOptions, WsListenOptions {
  /**
   * `host:port` to listen on. Port 0 takes a free one. Without it and without `server` the node only
   * dials, and others answer on the connections that it opens.
   */
  readonly listen?: string;
  /** In the place of `listen`: an `http` or `https` server that listens already. Needs `advertise`. */
  readonly server?: Server;
  /**
   * `ws://host:port/path` or `wss://…` under which others reach this node. Port 0 stands for the port
   * that is listened on.
   *
   * @default `listen` and `path`
   */
  readonly advertise?: string;
  /**
   * Encrypts, and lets in whoever proves to be a member of the cluster. All nodes, or none. Not
   * together with `server`.
   *
   * @default none: names are believed
   */
  readonly tls?: TlsOptions;
}

/** A transport over WebSockets. */
export interface WsTransport extends LinkTransport {
  /** Looks at the files of the certificates now. @returns whether something new is in use. */
  reloadCertificates(): boolean;
}

/**
 * Makes a transport over WebSockets; nothing is opened before `start`.
 *
 * @throws InvalidArgumentError for options that can never work.
 */
export function wsTransport(options: WsTransportOptions = {}): WsTransport {
  refuseUnknown(
    options,
    ['listen', 'server', 'advertise', 'tls', ...wsListenOptionNames, ...memberOptionNames],
    'wsTransport',
  );
  const settings = checkMemberOptions(options);
  const { runtime, logger } = settings;
  const { path, origins, requireOrigin, hosts, server, tls } = options;
  const links = wsLinks({
    runtime,
    logger,
    ...(path === undefined ? {} : { path }),
    ...(origins === undefined ? {} : { origins }),
    ...(requireOrigin === undefined ? {} : { requireOrigin }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(server === undefined ? {} : { server }),
    ...(tls === undefined ? {} : { tls }),
  });
  const transport = linkTransport(links, listening(options), settings);
  return Object.assign(transport, { reloadCertificates: () => links.reload() });
}

function listening(options: WsTransportOptions): Listening | undefined {
  const { listen, server, path = defaultPath, tls } = options;
  if (listen !== undefined && server !== undefined) {
    throw new InvalidArgumentError('listen and server exclude each other');
  }
  if (listen === undefined && server === undefined) {
    if (options.advertise === undefined) return undefined;
    throw new InvalidArgumentError('a node that does not listen has nothing to advertise');
  }
  const advertise = options.advertise ?? addressOf(listen, path, tls !== undefined);
  const { isSecure } = parseWsAddress(advertise, 'advertise');
  // Beside a server of its own it may be a proxy, or the server, that speaks TLS.
  if (server === undefined && isSecure !== (tls !== undefined)) {
    throw new InvalidArgumentError(
      `advertise (${advertise}) must be ${tls === undefined ? 'ws://, or tls be set' : 'wss://, since tls is set'}`,
    );
  }
  return {
    address: listen,
    advertise: (bound) => withPort(advertise, parseWsAddress(bound, 'bound').port),
  };
}

function addressOf(listen: string | undefined, path: string, isSecure: boolean): string {
  if (listen === undefined) {
    throw new InvalidArgumentError(
      "'server' does not say where others reach this node: set 'advertise'",
    );
  }
  const address = parseAddress(listen, 'listen');
  if (isWildcard(address.host)) {
    throw new InvalidArgumentError(
      `listening on all interfaces (${listen}) does not say where others reach this node: set 'advertise'`,
    );
  }
  return `${isSecure ? 'wss' : 'ws'}://${formatAddress(address)}${path}`;
}

/** Puts the port that was free in the place of port 0. */
function withPort(address: string, port: number): string {
  const url = new URL(address);
  if (url.port !== '0') return address;
  url.port = String(port);
  return url.href;
}
