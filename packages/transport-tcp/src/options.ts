/**
 * What a transport is made of, and its limits. Every bound of this package stands here.
 */
import {
  InvalidArgumentError,
  type Logger,
  type Runtime,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
import { type Address, isWildcard, parseAddress } from './address.ts';
import { headerBytes } from './framing.ts';
import { isKeepAlive } from './handshake.ts';

/** Options of `tcpTransport`. */
export interface TcpTransportOptions {
  /** `host:port` to listen on. Port 0 takes a free one; `0.0.0.0` and `[::]` are all interfaces. */
  readonly listen: string;
  /**
   * `host:port` under which others reach this node, where it differs from `listen` (containers,
   * address translation, all interfaces). Port 0 stands for the port that is listened on.
   *
   * @default listen
   */
  readonly advertise?: string;
  /** Largest frame, in bytes, in both directions. Below 2 GiB. @default 8 MiB */
  readonly maxFrameBytes?: number;
  /** Bytes that wait for one peer that is slower than its sender; beyond, new frames are dropped. @default 32 MiB */
  readonly maxQueuedBytes?: number;
  /** The same while a connection is being made: what waits then is soon stale. @default 256 KiB */
  readonly maxDialQueueBytes?: number;
  /** From dialling or accepting to the end of the handshake. @default 5 000 */
  readonly handshakeTimeoutMs?: number;
  /**
   * Each side sends something at least this often, and takes a peer for dead that is silent for
   * four times as long as the peer promised. 10 to 60 000. @default 1 000
   */
  readonly keepAliveMs?: number;
  /** Pause before dialling again; doubles with each failure, less a random part of up to half. */
  readonly reconnect?: {
    /** @default 50 */
    readonly minMs?: number;
    /** @default 2 000 */
    readonly maxMs?: number;
  };
  /** Accepted connections; beyond, the one that has been in its handshake for longest makes room. @default 128 */
  readonly maxConnections?: number;
  /** How long `close` waits for what was sent to leave. @default 500 */
  readonly closeTimeoutMs?: number;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** The options, complete and checked. */
export interface Settings {
  readonly listen: Address;
  readonly advertise: Address;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  readonly maxDialQueueBytes: number;
  readonly handshakeTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  readonly maxConnections: number;
  readonly closeTimeoutMs: number;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

/** A silence of so many promised intervals means that the other side is dead. */
export const silentIntervals = 4;

/**
 * Completes the options.
 *
 * @throws InvalidArgumentError naming the option that can never work.
 */
export function checkOptions(options: TcpTransportOptions): Settings {
  const listen = parseAddress(options.listen, 'listen');
  const settings: Settings = {
    listen,
    advertise:
      options.advertise === undefined ? listen : parseAddress(options.advertise, 'advertise'),
    maxFrameBytes: options.maxFrameBytes ?? 8 * 1024 * 1024,
    maxQueuedBytes: options.maxQueuedBytes ?? 32 * 1024 * 1024,
    maxDialQueueBytes: options.maxDialQueueBytes ?? 256 * 1024,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 5_000,
    keepAliveMs: options.keepAliveMs ?? 1_000,
    reconnectMinMs: options.reconnect?.minMs ?? 50,
    reconnectMaxMs: options.reconnect?.maxMs ?? 2_000,
    maxConnections: options.maxConnections ?? 128,
    closeTimeoutMs: options.closeTimeoutMs ?? 500,
    runtime: options.runtime ?? systemRuntime,
    logger: options.logger ?? silentLogger,
  };
  const check = (holds: boolean, message: string): void => {
    if (!holds) throw new InvalidArgumentError(message);
  };
  check(
    !isWildcard(settings.advertise.host),
    `listening on all interfaces (${options.listen}) does not say where others reach this node: set 'advertise'`,
  );
  for (const name of [
    'maxFrameBytes',
    'maxQueuedBytes',
    'maxDialQueueBytes',
    'maxConnections',
  ] as const) {
    check(
      Number.isSafeInteger(settings[name]) && settings[name] > 0,
      `${name} must be a positive integer, got ${settings[name]}`,
    );
  }
  check(
    settings.maxFrameBytes < 2 ** 31,
    `maxFrameBytes must be below 2 GiB, got ${settings.maxFrameBytes}`,
  );
  check(
    settings.maxQueuedBytes >= settings.maxFrameBytes + headerBytes,
    `maxQueuedBytes (${settings.maxQueuedBytes}) must hold a frame of maxFrameBytes (${settings.maxFrameBytes}) and ${headerBytes} bytes`,
  );
  for (const name of [
    'handshakeTimeoutMs',
    'reconnectMinMs',
    'reconnectMaxMs',
    'closeTimeoutMs',
  ] as const) {
    check(
      settings[name] > 0 && settings[name] < 2 ** 31,
      `${name} must be positive, got ${settings[name]}`,
    );
  }
  check(
    settings.reconnectMinMs <= settings.reconnectMaxMs,
    `reconnect.minMs (${settings.reconnectMinMs}) is over reconnect.maxMs (${settings.reconnectMaxMs})`,
  );
  check(
    isKeepAlive(settings.keepAliveMs),
    `keepAliveMs must be an integer from 10 to 60 000, got ${settings.keepAliveMs}`,
  );
  return settings;
}
