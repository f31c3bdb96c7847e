/**
 * A small HTTP client for what nodes answer over HTTP alone (status, members, backups): tries the nodes in
 * turn, goes on past those that are down, and never repeats what may have happened unless it is told that
 * this does no harm.
 *
 * It has no sessions: commands on keys go through `@quorate/client`, where each happens exactly once.
 */
import type { TlsTrust } from '@quorate/connections/node';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceError, type ServiceError } from '../errors.ts';
import { type Attempt, attempt, type KvResponse } from './attempt.ts';
import { HttpDialler, type KvRequest } from './dialler.ts';
import { download } from './download.ts';

/** Options of {@link HttpKvClient}. */
export interface HttpKvClientOptions {
  /** Base addresses of the nodes, at least one. */
  readonly endpoints: readonly string[];
  /** How long a call goes on trying, over all nodes. @default 10 000 */
  readonly timeoutMs?: number;
  /** How long one node may take to answer; a node itself gives up after 5 s. @default 6 000 */
  readonly attemptTimeoutMs?: number;
  /**
   * Whom to trust at addresses with https:, and what to show there. @default the authorities of the web, and
   * nothing is shown
   */
  readonly tls?: TlsTrust;
  /** What the nodes let this client in by. Sent over HTTPS, and to addresses of loopback. */
  readonly token?: string;
  /** Told of every attempt that failed and is followed by another one. */
  readonly onRetry?: (error: ServiceError, endpoint: string) => void;
}

/** Options of one call. */
export interface SendOptions {
  readonly signal?: AbortSignal;
  /**
   * Whether doing it twice is the same as doing it once; only then is it tried again when it may
   * already have happened.
   */
  readonly repeatable: boolean;
}

/** Pauses between rounds over all nodes: at first about as long as an election takes to begin. */
const firstPauseMs = 25;
const longestPauseMs = 250;

/** Talks to a group of nodes. */
export class HttpKvClient {
  readonly endpoints: readonly string[];
  readonly #dialler: HttpDialler;
  readonly #timeoutMs: number;
  readonly #attemptTimeoutMs: number;
  readonly #onRetry: ((error: ServiceError, endpoint: string) => void) | undefined;
  /** The node that answered last; calls under way at the same time share it. */
  #preferred = 0;

  /** @throws InvalidArgumentError for certificates that cannot work. */
  constructor(options: HttpKvClientOptions) {
    this.endpoints = options.endpoints;
    this.#dialler = new HttpDialler(options);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#attemptTimeoutMs = options.attemptTimeoutMs ?? 6_000;
    this.#onRetry = options.onRetry;
  }

  /**
   * Sends a request until a node answers.
   *
   * @throws ServiceError with the node's code when it refuses, `OUTCOME_UNKNOWN` when it may have
   * happened, at once when no node is one that may be asked (`CERTIFICATE_UNTRUSTED`, …), and otherwise the code of the last failure when the time is over.
   */
  async send(request: KvRequest, options: SendOptions): Promise<KvResponse> {
    const deadline = performance.now() + this.#timeoutMs;
    let last: ServiceError | undefined;
    let unknown: ServiceError | undefined;
    let unproven = 0;
    for (let tries = 0; ; tries++) {
      const at = this.#preferred % this.endpoints.length;
      const endpoint = this.endpoints[at];
      const leftMs = deadline - performance.now();
      if (endpoint === undefined || leftMs <= 0) break;
      const timeoutMs = Math.ceil(Math.min(leftMs, this.#attemptTimeoutMs));
      const result = await attempt(this.#dialler, endpoint, request, timeoutMs, options.signal);
      if (result.type === 'answered') return result.response;
      if (result.type === 'unknown' && !options.repeatable) throw outcomeUnknown(result.error);
      if (result.type === 'refused') throw result.error;
      unproven = result.type === 'unproven' ? unproven + 1 : 0;
      if (unproven >= this.endpoints.length) throw result.error;
      // An attempt that only ran out of our own time says less than the one before it.
      const cutShort = timeoutMs < this.#attemptTimeoutMs && result.error.code === 'TIMEOUT';
      if (last === undefined || !cutShort) last = result.error;
      if (result.type === 'unknown') unknown = result.error;
      // Another call may have moved on already: then its choice stands.
      if (this.#preferred % this.endpoints.length === at) this.#preferred = at + 1;
      this.#onRetry?.(result.error, endpoint);
      await this.#pause(tries, deadline, options.signal);
    }
    if (unknown !== undefined && request.method !== 'GET') throw outcomeUnknown(unknown);
    throw (
      last ?? serviceError('UNAVAILABLE', 'no node to ask; name them with --endpoints URL,URL,…')
    );
  }

  /** Asks one node, once. */
  async ask(endpoint: string, request: KvRequest): Promise<Attempt> {
    return attempt(this.#dialler, endpoint, request, this.#attemptTimeoutMs, undefined);
  }

  /** Asks one node for something large: see {@link download}. */
  download(endpoint: string, path: string, silenceMs: number): AsyncGenerator<Uint8Array, void> {
    return download({ dialler: this.#dialler, endpoint, path, silenceMs });
  }

  /** No pause within a round over the nodes, longer ones from round to round. */
  async #pause(tries: number, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const round = Math.floor((tries + 1) / this.endpoints.length);
    if ((tries + 1) % this.endpoints.length !== 0) return;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(round - 1, 10));
    // Jitter, so that many callers do not come back at once.
    const jitteredMs = pauseMs * (0.5 + Math.random() / 2);
    const leftMs = Math.max(0, deadline - performance.now());
    await sleep(Math.min(jitteredMs, leftMs), undefined, signal && { signal });
  }
}

function outcomeUnknown(cause: ServiceError): ServiceError {
  return serviceError(
    'OUTCOME_UNKNOWN',
    `${cause.message}; the change may have happened or may still happen: read before you repeat it`,
    { cause },
  );
}
