/** Options of a server of clients. */
import {
  type AdmissionOptions,
  checkAdmission,
  type AdmissionLimits,
  checkIntegers,
  checkTimes,
  type Identity,
  type Links,
  refuseUnknown,
} from '@quorate/connections';
import {
  InvalidArgumentError,
  type Logger,
  type Runtime,
  type Service,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
import { checkFrameBytes, isKeepAlive, leastFrameBytes } from '../protocol/handshake.ts';
import { requestOverheadBytes } from '../protocol/requests.ts';

/** Whoever wants to be served. */
export interface Visitor {
  /** What it has said; empty: nothing. */
  readonly token: string;
  /** What its certificate proves, where one is asked for. */
  readonly identity: Identity | undefined;
  /** Where it is, for people. */
  readonly remote: string;
}

/** Options of `serveClients`. */
export interface ServerOptions extends AdmissionOptions {
  /** Whose requests are taken: `replica.service`. */
  readonly service: Service;
  /** What carries the connections: `tcpLinks()`, `wsLinks()`, or those of a test. */
  readonly links: Links;
  /** Where it listens; `undefined` for links that are attached to a server which listens already. */
  readonly listen?: string;
  /**
   * Clients show one of these. A function says which hold now: it is asked for each client, and every
   * `keepAliveMs`; whoever was let in by one that holds no longer is disconnected then.
   *
   * @default everybody is served who gets past the links
   */
  readonly tokens?: readonly string[] | (() => readonly string[]);
  /** Asked for each client, besides the tokens. Must not throw. @default everybody is served */
  readonly admit?: (visitor: Visitor) => boolean;
  /**
   * Largest frame that it takes: at least 1 MiB, and room for the largest command; below 2 GiB.
   *
   * @default 8 MiB, or more where a command can be larger
   */
  readonly maxFrameBytes?: number;
  /** Requests of one client under way; more are refused with OVERLOADED. @default 16 384 */
  readonly maxRequestsPerClient?: number;
  /** Watches of one client; more are refused with OVERLOADED. @default 1 024 */
  readonly maxWatchesPerClient?: number;
  /** What waits for a client that does not read; beyond it is disconnected. @default 64 MiB */
  readonly maxQueuedBytes?: number;
  /**
   * What is held for all clients: answers that wait, and frames that have come in part. Beyond, whoever holds most is
   * disconnected. @default 512 MiB
   */
  readonly maxHeldBytes?: number;
  /** Something is sent at least so often. @default 2 000 */
  readonly keepAliveMs?: number;
  /** From accepting to the end of the handshake. @default 5 000 */
  readonly handshakeTimeoutMs?: number;
  /** How long the goodbye of a connection may take. @default 500 */
  readonly closeTimeoutMs?: number;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** The options, complete. */
export interface ServerSettings extends AdmissionLimits {
  readonly service: Service;
  readonly links: Links;
  readonly listen: string | undefined;
  /** Those that hold now, the same array as long as they are the same. `undefined`: none is asked for. */
  readonly tokens: (() => readonly string[]) | undefined;
  readonly admit: (visitor: Visitor) => boolean;
  readonly maxFrameBytes: number;
  readonly maxRequestsPerClient: number;
  readonly maxWatchesPerClient: number;
  readonly maxQueuedBytes: number;
  readonly maxHeldBytes: number;
  readonly keepAliveMs: number;
  readonly handshakeTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

const names = [
  'service',
  'links',
  'listen',
  'tokens',
  'admit',
  'maxConnections',
  'maxConnectionsPerHost',
  'maxFrameBytes',
  'maxRequestsPerClient',
  'maxWatchesPerClient',
  'maxQueuedBytes',
  'maxHeldBytes',
  'keepAliveMs',
  'handshakeTimeoutMs',
  'closeTimeoutMs',
  'runtime',
  'logger',
] as const satisfies readonly (keyof ServerOptions)[];

/** Clients are many more than members. */
const defaultAdmission: AdmissionLimits = { maxConnections: 4096, maxConnectionsPerHost: 4096 };

/**
 * Completes the options.
 *
 * @throws InvalidArgumentError naming what can never work.
 */
export function checkServerOptions(options: ServerOptions): ServerSettings {
  refuseUnknown(options, names, 'serveClients');
  const { maxConnections, maxConnectionsPerHost } = { ...defaultAdmission, ...options };
  const largestRequest = options.service.maxPayloadBytes + requestOverheadBytes;
  const settings: ServerSettings = {
    ...checkAdmission({
      maxConnections,
      maxConnectionsPerHost: Math.min(maxConnections, maxConnectionsPerHost),
    }),
    service: options.service,
    links: options.links,
    listen: options.listen,
    tokens: tokensOf(options.tokens),
    admit: options.admit ?? ((): boolean => true),
    maxFrameBytes: options.maxFrameBytes ?? Math.max(8 * 1024 * 1024, largestRequest),
    maxRequestsPerClient: options.maxRequestsPerClient ?? 16_384,
    maxWatchesPerClient: options.maxWatchesPerClient ?? 1_024,
    maxQueuedBytes: options.maxQueuedBytes ?? 64 * 1024 * 1024,
    maxHeldBytes: options.maxHeldBytes ?? 512 * 1024 * 1024,
    keepAliveMs: options.keepAliveMs ?? 2_000,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 5_000,
    closeTimeoutMs: options.closeTimeoutMs ?? 500,
    runtime: options.runtime ?? systemRuntime,
    logger: options.logger ?? silentLogger,
  };
  const { maxFrameBytes, maxRequestsPerClient, maxWatchesPerClient } = settings;
  const { maxQueuedBytes, maxHeldBytes } = settings;
  checkIntegers({ maxFrameBytes, maxRequestsPerClient, maxWatchesPerClient });
  checkIntegers({ maxQueuedBytes, maxHeldBytes });
  checkFrameBytes(maxFrameBytes, Math.max(leastFrameBytes, largestRequest));
  const { keepAliveMs, handshakeTimeoutMs, closeTimeoutMs } = settings;
  checkTimes({ handshakeTimeoutMs, closeTimeoutMs });
  if (!isKeepAlive(keepAliveMs)) {
    throw new InvalidArgumentError(
      `keepAliveMs must be a whole number from 10 to 60000, got ${String(keepAliveMs)}`,
    );
  }
  return settings;
}

/** @throws InvalidArgumentError if tokens are asked for, and there is none that could be shown. */
function tokensOf(tokens: ServerOptions['tokens']): ServerSettings['tokens'] {
  if (tokens === undefined || typeof tokens === 'function') return tokens;
  if (tokens.length === 0 || tokens.includes('')) {
    throw new InvalidArgumentError(
      'tokens must hold at least one, and none that is empty; leave them out to serve everybody',
    );
  }
  return () => tokens;
}

/** Takes as long for a wrong token as for a right one of that length: what it begins with is not given away. */
export function isOneOf(token: string, tokens: readonly string[]): boolean {
  let found = false;
  for (const each of tokens) {
    let difference = each.length ^ token.length;
    for (let at = 0; at < token.length; at++) {
      difference |= token.charCodeAt(at) ^ each.charCodeAt(at % each.length);
    }
    if (difference === 0) found = true;
  }
  return found;
}
