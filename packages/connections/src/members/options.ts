/**
 * What every transport on links can be told, and its limits.
 */
import {
  InvalidArgumentError,
  type Logger,
  type Runtime,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
import { type AdmissionLimits, type AdmissionOptions, checkAdmission } from '../admission.ts';
import { headerBytes } from '../framing.ts';
import { checkIntegers, checkTimes } from '../options.ts';
import { isKeepAlive } from './handshake.ts';

/** Options that every transport on links has. */
export interface MemberOptions extends AdmissionOptions {
  /** Largest frame, in bytes, in both directions. Below 2 GiB. @default 8 MiB */
  readonly maxFrameBytes?: number;
  /** Bytes that wait for one peer that is slower than its sender; beyond, new frames are dropped. @default 32 MiB */
  readonly maxQueuedBytes?: number;
  /** The same while a connection is being made: what waits then is soon stale. @default 256 KiB */
  readonly maxDialQueueBytes?: number;
  /**
   * From dialling or accepting to the end of the handshake, those of TLS and WebSockets included.
   *
   * @default 5 000
   */
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
  /** How long `close` waits for what was sent to leave, and a refusal to be heard. @default 500 */
  readonly closeTimeoutMs?: number;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** Names of all of them: a transport knows these and its own. */
export const memberOptionNames: readonly string[] = [
  'maxFrameBytes',
  'maxQueuedBytes',
  'maxDialQueueBytes',
  'handshakeTimeoutMs',
  'keepAliveMs',
  'reconnect',
  'maxConnections',
  'maxConnectionsPerHost',
  'closeTimeoutMs',
  'runtime',
  'logger',
];

/** The options, complete and checked. */
export interface Settings extends AdmissionLimits {
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  readonly maxDialQueueBytes: number;
  readonly handshakeTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  readonly closeTimeoutMs: number;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

/**
 * Completes the options.
 *
 * @throws InvalidArgumentError naming the option that can never work.
 */
export function checkMemberOptions(options: MemberOptions): Settings {
  const settings: Settings = {
    ...checkAdmission(options),
    maxFrameBytes: options.maxFrameBytes ?? 8 * 1024 * 1024,
    maxQueuedBytes: options.maxQueuedBytes ?? 32 * 1024 * 1024,
    maxDialQueueBytes: options.maxDialQueueBytes ?? 256 * 1024,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 5_000,
    keepAliveMs: options.keepAliveMs ?? 1_000,
    reconnectMinMs: options.reconnect?.minMs ?? 50,
    reconnectMaxMs: options.reconnect?.maxMs ?? 2_000,
    closeTimeoutMs: options.closeTimeoutMs ?? 500,
    runtime: options.runtime ?? systemRuntime,
    logger: options.logger ?? silentLogger,
  };
  const { maxFrameBytes, maxQueuedBytes, maxDialQueueBytes } = settings;
  const { handshakeTimeoutMs, reconnectMinMs, reconnectMaxMs, closeTimeoutMs } = settings;
  const check = (holds: boolean, message: string): void => {
    if (!holds) throw new InvalidArgumentError(message);
  };
  checkIntegers({ maxFrameBytes, maxQueuedBytes, maxDialQueueBytes });
  check(maxFrameBytes < 2 ** 31, `maxFrameBytes must be below 2 GiB, got ${maxFrameBytes}`);
  check(
    maxQueuedBytes >= maxFrameBytes + headerBytes,
    `maxQueuedBytes (${maxQueuedBytes}) must hold a frame of maxFrameBytes (${maxFrameBytes}) and ${headerBytes} bytes`,
  );
  checkTimes({
    handshakeTimeoutMs,
    'reconnect.minMs': reconnectMinMs,
    'reconnect.maxMs': reconnectMaxMs,
    closeTimeoutMs,
  });
  check(
    reconnectMinMs <= reconnectMaxMs,
    `reconnect.minMs (${reconnectMinMs}) is over reconnect.maxMs (${reconnectMaxMs})`,
  );
  check(
    isKeepAlive(settings.keepAliveMs),
    `keepAliveMs must be an integer from 10 to 60 000, got ${settings.keepAliveMs}`,
  );
  return settings;
}
