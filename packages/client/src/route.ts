/**
 * The way to the leader: dials the endpoints until one leads, and keeps that one connection. Where none leads,
 * or the leader is at none of them, any member will do: it hands on what it is asked.
 *
 *     seeking ──► connected ──► seeking …
 *                    │ another leads: seeks beside it, and moves over
 *                    │ nobody leads as far as that member knows, or it refuses: seeks beside it after a pause, for
 *                    │ it may be cut off from the others, or out of the group
 *
 * Endpoints are tried one after the other, the leader's first where it is known; one that does not answer soon
 * is not waited for.
 */
import { describeEnd, type End, type EndCode, type Links } from '@quorate/connections';
import type { Logger, NodeId, Runtime, Timer } from '@quorate/core';
import { BackOff } from './back-off.ts';
import { ClientConnection, type ClientContext, type ConnectionOwner } from './connection.ts';
import type { Refusal } from './options.ts';
import type { Welcome } from './protocol/handshake.ts';

/** Pauses between rounds over all endpoints. */
export interface RetrySettings {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What a {@link Route} needs. */
export interface RouteSetup {
  readonly context: ClientContext;
  readonly links: Links;
  readonly endpoints: readonly string[];
  readonly retry: RetrySettings;
  /** Every endpoint has refused this client, for a reason that waiting does not mend. */
  readonly onRefused: (refusal: Refusal) => void;
  readonly runtime: Runtime;
  readonly logger: Logger;
  /** This connection is used from now on; the one before, if there still is one, is closed after the call. */
  readonly up: (connection: ClientConnection) => void;
  /** The connection in use has ended. */
  readonly down: () => void;
}

/** Refusals that another attempt meets again, until somebody changes what is configured here or there. */
const lasting: ReadonlySet<EndCode> = new Set<EndCode>([
  'TLS_REFUSED',
  'PLAINTEXT_REFUSED',
  'TLS_FAILED',
  'CERTIFICATE_MISSING',
  'CERTIFICATE_UNTRUSTED',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NAMELESS',
  'OTHER_HOST',
  'NOT_A_MEMBER',
  'OTHER_CLUSTER',
  'UNAUTHENTICATED',
]);

/** An endpoint that has not answered after so long is not waited for: the next one is tried beside it. */
const besideMs = 300;

/** Finds the leader and stays with it. */
export class Route implements ConnectionOwner {
  readonly #setup: RouteSetup;
  /** Which node answered where. */
  readonly #nodes = new Map<string, NodeId>();
  #current: ClientConnection | undefined;
  #currentSince = 0;
  /** Being dialled, or greeted. */
  readonly #trials = new Set<ClientConnection>();
  /** Who leads, as far as the member in use has said. */
  #leaderHere: NodeId | undefined;
  /** The member in use has refused what others may take. */
  #doubted = false;
  /** The best that this round has found, though it does not lead. */
  #fallback: ClientConnection | undefined;
  #untried: string[] = [];
  /** How the attempts of this round have ended, by endpoint. */
  readonly #failures = new Map<string, End>();
  #leader: NodeId | undefined;
  #timer: Timer | undefined;
  readonly #pause: BackOff;
  /** After a connection that was used and did not last. */
  readonly #relapsePause: BackOff;
  /** Before looking for somebody who knows more than the member in use. */
  readonly #doubtPause: BackOff;
  #seeking = false;
  #closed = false;
  #lastEnd: End | undefined;

  constructor(setup: RouteSetup) {
    this.#setup = setup;
    const { runtime, retry } = setup;
    this.#pause = new BackOff(runtime, retry.minMs, retry.maxMs);
    this.#relapsePause = new BackOff(runtime, retry.minMs, retry.maxMs);
    this.#doubtPause = new BackOff(runtime, retry.minMs, retry.maxMs);
  }

  /** The connection in use. */
  get current(): ClientConnection | undefined {
    return this.#current;
  }

  /** Who leads, as far as is known here. */
  get leader(): NodeId | undefined {
    return this.#leader;
  }

  /** Why the last connection ended or was not made, in words. */
  get trouble(): string | undefined {
    return this.#lastEnd === undefined ? undefined : describeEnd(this.#lastEnd);
  }

  /** Begins; to be called once. */
  start(): void {
    this.#seek();
  }

  /** The server of the connection in use says who leads. */
  heardOf(leader: NodeId | undefined): void {
    this.#leader = leader;
    this.#leaderHere = leader;
    const here = this.#current?.welcome?.node;
    if (leader === undefined) this.#seekLater();
    else if (leader !== here && !this.#seeking) this.#seek();
  }

  /** The server of the connection in use has refused what another one may take. */
  doubt(): void {
    this.#doubted = true;
    this.#seekLater();
  }

  /** Whoever is in use is heard, and does not answer: the stream is no longer what it was, or it is lost in thought. */
  giveUp(): void {
    this.#current?.connection.fail('SILENT', 'it leaves requests unanswered');
  }

  /** To be called at every keep-alive interval. */
  tick(): void {
    this.#current?.connection.tick();
    this.#fallback?.connection.tick();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#pause.stop();
    this.#relapsePause.stop();
    this.#doubtPause.stop();
    for (const trial of this.#trials) trial.connection.abandon();
    await Promise.all([this.#current?.close(), this.#fallback?.close()]);
  }

  // What connections tell.

  welcomed(connection: ClientConnection, welcome: Welcome): void {
    this.#trials.delete(connection);
    this.#nodes.set(connection.address, welcome.node);
    if (this.#closed || !this.#seeking) {
      void connection.close();
      return;
    }
    if (welcome.leader !== undefined) this.#leader = welcome.leader;
    if (welcome.leader === welcome.node) {
      this.#adopt(connection);
      return;
    }
    this.#keepBest(connection, welcome);
    this.#next();
  }

  ended(connection: ClientConnection, end: End): void {
    const wasTrial = this.#trials.delete(connection);
    if (this.#closed) return;
    if (end.code !== 'CLOSED') this.#lastEnd = end;
    if (this.#fallback === connection) this.#fallback = undefined;
    if (this.#current === connection) {
      this.#setup.logger.info(`lost ${this.#name(connection)}: ${describeEnd(end)}`);
      this.#current = undefined;
      this.#setup.down();
      if (!this.#seeking) this.#seekAgain();
      return;
    }
    if (wasTrial) {
      this.#setup.logger.debug(`no connection with ${connection.address}: ${describeEnd(end)}`, {
        code: end.code,
      });
      this.#failures.set(connection.address, end);
      if (this.#seeking) this.#next();
    }
  }

  /** Whether the member in use is as good as any that does not lead. */
  get #isContent(): boolean {
    return this.#current !== undefined && this.#leaderHere !== undefined && !this.#doubted;
  }

  /** It does not lead. One that knows who does is better than one that does not. */
  #keepBest(connection: ClientConnection, { leader }: Welcome): void {
    const known = this.#fallback;
    const isBetter =
      known === undefined
        ? this.#current === undefined || leader !== undefined
        : leader !== undefined && known.welcome?.leader === undefined;
    if (this.#isContent || !isBetter) {
      void connection.close();
      return;
    }
    this.#fallback = connection;
    if (known !== undefined) void known.close();
  }

  /** Looks for somebody who knows more, unless that is no longer needed after a pause. */
  #seekLater(): void {
    if (this.#closed || this.#seeking || this.#doubtPause.isPausing) return;
    this.#doubtPause.pause(() => {
      if (this.#current !== undefined && !this.#seeking && !this.#isContent) this.#seek();
    });
  }

  /**
   * At once, unless the connection that is gone has not lasted: one that breaks whenever it is used is no success, and
   * would be dialled without any pause.
   */
  #seekAgain(): void {
    const { retry, runtime } = this.#setup;
    if (runtime.now() - this.#currentSince >= retry.maxMs) {
      this.#relapsePause.succeeded();
      this.#seek();
      return;
    }
    this.#seeking = true;
    this.#relapsePause.pause(() => this.#seek());
  }

  /** Begins a round over all endpoints. */
  #seek(): void {
    this.#seeking = true;
    this.#timer?.cancel();
    this.#failures.clear();
    const { endpoints, runtime } = this.#setup;
    // Another order each time, so that clients do not all fall upon the same node.
    const from = Math.floor(runtime.random() * endpoints.length);
    const { address } = this.#current ?? {};
    this.#untried = [...endpoints.slice(from), ...endpoints.slice(0, from)].filter(
      (endpoint) => endpoint !== address,
    );
    this.#next();
  }

  /** Tries one more endpoint, or ends the round. */
  #next(): void {
    this.#timer?.cancel();
    const endpoint = this.#pick();
    if (endpoint !== undefined) {
      this.#dial(endpoint);
      this.#timer = this.#setup.runtime.setTimer(besideMs, () => this.#next());
      return;
    }
    if (this.#trials.size > 0) return;
    // Everybody has been asked: whoever answered will do, and the one in use unless somebody knows more.
    const found = this.#isContent ? this.#current : (this.#fallback ?? this.#current);
    if (found !== undefined) {
      this.#adopt(found);
      return;
    }
    this.#tellRefusal();
    // Whoever was told may have closed the client.
    if (this.#closed) return;
    // With jitter, which keeps the clients of a group that comes back from dialling it in step.
    this.#pause.pause(() => this.#seek());
  }

  /** Nobody has taken this client in. */
  #tellRefusal(): void {
    const { endpoints, onRefused } = this.#setup;
    const isRefused = (endpoint: string): boolean => {
      const end = this.#failures.get(endpoint);
      return end !== undefined && lasting.has(end.code);
    };
    if (!endpoints.every(isRefused)) return;
    const [last] = [...this.#failures].slice(-1);
    if (last === undefined) return;
    const [endpoint, end] = last;
    onRefused({ code: end.code, message: `${endpoint}: ${describeEnd(end)}` });
  }

  #pick(): string | undefined {
    const leads = (endpoint: string): boolean => this.#nodes.get(endpoint) === this.#leader;
    const known = this.#leader !== undefined && this.#untried.some(leads);
    const endpoint = known ? this.#untried.find(leads) : this.#untried[0];
    this.#untried = this.#untried.filter((each) => each !== endpoint);
    return endpoint;
  }

  #dial(endpoint: string): void {
    const { links, context } = this.#setup;
    links.dial(endpoint, { type: 'host' }, (link) => {
      const trial = new ClientConnection(context, this, link, endpoint);
      this.#trials.add(trial);
      return trial.connection;
    });
  }

  #adopt(connection: ClientConnection): void {
    this.#seeking = false;
    this.#doubted = false;
    this.#timer?.cancel();
    this.#untried = [];
    for (const trial of [...this.#trials]) {
      this.#trials.delete(trial);
      trial.connection.abandon();
    }
    const before = this.#current;
    const fallback = this.#fallback;
    this.#fallback = undefined;
    if (fallback !== undefined && fallback !== connection) void fallback.close();
    if (connection === before) {
      if (this.#leaderHere === undefined) this.#seekLater();
      return;
    }
    this.#pause.succeeded();
    this.#current = connection;
    this.#currentSince = this.#setup.runtime.now();
    this.#leaderHere = connection.welcome?.leader;
    if (this.#leaderHere === undefined) this.#seekLater();
    else this.#doubtPause.succeeded();
    this.#setup.logger.info(`connected with ${this.#name(connection)}`);
    this.#setup.up(connection);
    if (before !== undefined) void before.close();
  }

  #name({ address, welcome }: ClientConnection): string {
    return welcome === undefined ? address : `${welcome.node} at ${address}`;
  }
}
