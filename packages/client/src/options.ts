/** Options of a client and of its calls. */
import type { EndCode, Links } from '@quorate/connections';
import {
  type Acknowledge,
  type CallOptions,
  checkName,
  type Codec,
  type Consistency,
  InvalidArgumentError,
  type Logger,
  type MachineCodecs,
  type Runtime,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
import { checkIntegers, checkTimes, refuseUnknown } from '@quorate/connections';
import {
  checkFrameBytes,
  isKeepAlive,
  leastFrameBytes,
  maxTokenBytes,
} from './protocol/handshake.ts';

/** How a machine is spoken to: the machine itself will do, or its codecs alone. */
export type Machine<C, R, Q, A, W = never, E = never> = MachineCodecs<C, R, Q, A> & {
  readonly watches?: Codec<W>;
  readonly events?: Codec<E>;
};

/** Options of `connect`. */
export interface ClientOptions<C, R, Q, A, W = never, E = never> {
  /** How the machine is spoken to. */
  readonly machine: Machine<C, R, Q, A, W, E>;
  /** What carries the connection: `tcpLinks()`, `wsLinks()`, or those of a test. */
  readonly links: Links;
  /** Where members serve clients. Any will do; the leader is found if it is among them. */
  readonly endpoints: readonly string[];
  /** The cluster; members of another one are not spoken to. @default whichever it is */
  readonly cluster?: string;
  /** What this client is admitted by, where the members ask for that. */
  readonly token?: string;
  /** When commands count as done, where a call does not say. @default 'quorum' */
  readonly acknowledge?: Acknowledge;
  /** Deadline of calls that name none. @default 30 000 */
  readonly timeoutMs?: number;
  /** Silence after which the members may forget the session. @default 60 000 */
  readonly sessionTimeoutMs?: number;
  /** Commands under way at a time; more wait here. @default 4096 */
  readonly window?: number;
  /** Calls that nobody has answered; beyond, they reject with OVERLOADED. @default 100 000 */
  readonly maxPending?: number;
  /** Largest frame that it takes, and so about the largest answer; from 1 MiB to below 2 GiB. @default 8 MiB */
  readonly maxFrameBytes?: number;
  /** Something is sent at least so often. @default 2 000 */
  readonly keepAliveMs?: number;
  /** From dialling to the end of the handshake. @default 3 000 */
  readonly handshakeTimeoutMs?: number;
  /** Pauses between rounds over all endpoints. @default { minMs: 50, maxMs: 2 000 } */
  readonly reconnect?: { readonly minMs?: number; readonly maxMs?: number };
  /**
   * Told, at most once a round, when every endpoint has refused this client for a reason that waiting does not
   * mend: no token or certificate that is accepted, a node that is not who it should be, TLS at one end only. The
   * client goes on trying all the same; who would rather not, closes it. Must not throw. @default nobody
   */
  readonly onRefused?: (refusal: Refusal) => void;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** Why no endpoint will have a client. */
export interface Refusal {
  /** One of the codes of `@quorate/connections`, such as `UNAUTHENTICATED`. */
  readonly code: EndCode;
  /** In words, with the endpoint. */
  readonly message: string;
}

/** Options of `execute`. */
export interface ExecuteOptions extends CallOptions {
  /** @default the client's own `acknowledge` */
  readonly acknowledge?: Acknowledge;
  /** @default the client's own `timeoutMs` */
  readonly timeoutMs?: number;
}

/** Options of `query`. */
export interface QueryOptions extends CallOptions {
  /** `local`: as stale as the member that is asked. @default 'linearizable' */
  readonly consistency?: Consistency;
  /** @default the client's own `timeoutMs` */
  readonly timeoutMs?: number;
}

/** The options, complete. */
export interface Settings {
  readonly endpoints: readonly string[];
  readonly cluster: string;
  readonly token: string;
  readonly acknowledge: Acknowledge;
  readonly timeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly window: number;
  readonly maxPending: number;
  readonly maxFrameBytes: number;
  readonly keepAliveMs: number;
  readonly handshakeTimeoutMs: number;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly onRefused: (refusal: Refusal) => void;
  readonly runtime: Runtime;
  readonly logger: Logger;
}

const names = [
  'machine',
  'links',
  'endpoints',
  'cluster',
  'token',
  'acknowledge',
  'timeoutMs',
  'sessionTimeoutMs',
  'window',
  'maxPending',
  'maxFrameBytes',
  'keepAliveMs',
  'handshakeTimeoutMs',
  'reconnect',
  'onRefused',
  'runtime',
  'logger',
] as const satisfies readonly (keyof ClientOptions<never, never, never, never>)[];

/** So many replies the members keep for a session. */
const greatestWindow = 8192;

/**
 * Completes the options.
 *
 * @throws InvalidArgumentError naming what can never work.
 */
export function checkOptions<C, R, Q, A, W, E>(options: ClientOptions<C, R, Q, A, W, E>): Settings {
  refuseUnknown(options, names, 'connect');
  const settings: Settings = {
    endpoints: [...new Set(options.endpoints)],
    cluster: options.cluster === undefined ? '' : checkName(options.cluster, 'cluster'),
    token: options.token ?? '',
    acknowledge: options.acknowledge ?? 'quorum',
    timeoutMs: options.timeoutMs ?? 30_000,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 60_000,
    window: options.window ?? 4096,
    maxPending: options.maxPending ?? 100_000,
    maxFrameBytes: options.maxFrameBytes ?? 8 * 1024 * 1024,
    keepAliveMs: options.keepAliveMs ?? 2_000,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 3_000,
    reconnect: {
      minMs: options.reconnect?.minMs ?? 50,
      maxMs: options.reconnect?.maxMs ?? 2_000,
    },
    onRefused: options.onRefused ?? (() => undefined),
    runtime: options.runtime ?? systemRuntime,
    logger: options.logger ?? silentLogger,
  };
  const { endpoints, token, window, maxPending, maxFrameBytes, keepAliveMs } = settings;
  if (endpoints.length === 0) {
    throw new InvalidArgumentError('endpoints must name at least one member');
  }
  if (3 * token.length > maxTokenBytes) {
    throw new InvalidArgumentError(
      `token must have at most ${String(Math.floor(maxTokenBytes / 3))} characters`,
    );
  }
  checkIntegers({ window, maxPending, maxFrameBytes });
  checkFrameBytes(maxFrameBytes, leastFrameBytes);
  if (window > greatestWindow) {
    throw new InvalidArgumentError(
      `window must be at most ${String(greatestWindow)}, got ${String(window)}`,
    );
  }
  checkTimes({
    timeoutMs: settings.timeoutMs,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    handshakeTimeoutMs: settings.handshakeTimeoutMs,
    'reconnect.minMs': settings.reconnect.minMs,
    'reconnect.maxMs': settings.reconnect.maxMs,
  });
  if (!isKeepAlive(keepAliveMs)) {
    throw new InvalidArgumentError(
      `keepAliveMs must be a whole number from 10 to 60000, got ${String(keepAliveMs)}`,
    );
  }
  return settings;
}
