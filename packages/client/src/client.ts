/**
 * A client: puts the parts of this package together. The way to the leader is in `route.ts`, commands in
 * `session/`, queries in `queries.ts`, watches in `watch.ts`.
 */
import { Turns } from '@quorate/connections';
import {
  AbortedError,
  ByteWriter,
  ClosedError,
  type Codec,
  describeError,
  InvalidArgumentError,
  maxEnvelopeBytes,
  type NodeId,
  OverloadedError,
  type SessionId,
  type Timer,
  TooLargeError,
} from '@quorate/core';
import { Deadlines } from '@quorate/core/waiting';
import type { ClientConnection } from './connection.ts';
import { Flights } from './flights.ts';
import {
  checkOptions,
  type ClientOptions,
  type ExecuteOptions,
  type Machine,
  type QueryOptions,
  type Settings,
} from './options.ts';
import { isOfOneMember } from './protocol/errors.ts';
import { Queries, Query } from './queries.ts';
import { Route } from './route.ts';
import { Call, type CallOwner } from './session/call.ts';
import { Session } from './session/session.ts';
import { RemoteWatch, type Watch } from './watch.ts';

/** What a client can say of itself. */
export interface ClientStatus {
  /** The member that it is connected with. */
  readonly node: NodeId | undefined;
  /** Who leads, as far as that member has said. */
  readonly leader: NodeId | undefined;
  /** The session that commands go through, once there was one. */
  readonly session: SessionId | undefined;
  /** Calls without an answer. */
  readonly pending: number;
  readonly watches: number;
  /** Why there is no connection, or why the last one ended. */
  readonly trouble: string | undefined;
}

/** How long a server tries before it says that it did not work, and is asked again. */
const attemptTimeoutMs = 10_000;

/**
 * After so long without an answer a connection is given up, though something is heard on it: a length of a frame
 * that was damaged on the way swallows all that follows it.
 */
const overdueMs: number = 1.5 * attemptTimeoutMs;

/** How long the goodbye of a connection may take. */
const closeTimeoutMs = 500;

/** Longest deadline: what timers of Node and browsers can count. */
const longestTimeoutMs = 2 ** 31 - 1;

/**
 * One for all clients of a process, each of which leaves it empty: a slab of its own would take a client that is one of
 * many so long to fill that the memory is old by then, which only a collection of the whole heap frees.
 */
const encoder: ByteWriter = new ByteWriter();

/** Remote access to a state machine `C` → `R`, `Q` → `A`. Made by `connect`. */
export class Client<C, R, Q, A, W = never, E = never> implements AsyncDisposable {
  readonly #machine: Machine<C, R, Q, A, W, E>;
  readonly #settings: Settings;
  readonly #flights: Flights;
  readonly #callOwner: CallOwner;
  readonly #session: Session<R>;
  readonly #queries: Queries<A>;
  readonly #watches = new Set<RemoteWatch<E>>();
  readonly #route: Route;
  readonly #deadlines: Deadlines;
  #commands = 0;
  #tick: Timer | undefined;
  /** Keep-alive intervals since it was looked whether answers are overdue. */
  #ticks = 0;
  #closed: ClosedError | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Use `connect`. */
  constructor(options: ClientOptions<C, R, Q, A, W, E>) {
    const settings = checkOptions(options);
    const { runtime, logger, keepAliveMs, maxFrameBytes, handshakeTimeoutMs } = settings;
    this.#machine = options.machine;
    this.#settings = settings;
    const trouble = (): string | undefined => this.#trouble;
    this.#callOwner = {
      get trouble() {
        return trouble();
      },
      callSettled: () => {
        this.#commands -= 1;
      },
    };
    this.#deadlines = new Deadlines(runtime);
    this.#flights = new Flights(
      (leader) => this.#route.heardOf(leader),
      (error) => {
        if (isOfOneMember(error)) this.#route.doubt();
      },
    );
    const shared = { flights: this.#flights, runtime, attemptTimeoutMs };
    this.#session = new Session<R>({
      ...shared,
      results: options.machine.results,
      timeoutMs: settings.sessionTimeoutMs,
      window: settings.window,
    });
    this.#queries = new Queries<A>({
      ...shared,
      answers: options.machine.answers,
      trouble,
    });
    this.#route = new Route({
      context: {
        runtime,
        platform: options.links.platform,
        turns: new Turns(runtime),
        counters: { socket_writes: 0 },
        handshakeTimeoutMs,
        keepAliveMs,
        closeTimeoutMs,
        hello: { cluster: settings.cluster, token: settings.token, keepAliveMs, maxFrameBytes },
      },
      links: options.links,
      endpoints: settings.endpoints,
      retry: settings.reconnect,
      onRefused: settings.onRefused,
      runtime,
      logger,
      up: (connection) => this.#up(connection),
      down: () => this.#down(),
    });
    this.#route.start();
    this.#keepAlive();
  }

  /** A picture of now. */
  get status(): ClientStatus {
    return {
      node: this.#route.current?.welcome?.node,
      leader: this.#route.leader,
      session: this.#session.id,
      pending: this.#commands + this.#queries.waiting,
      watches: this.#watches.size,
      trouble: this.#route.trouble,
    };
  }

  /**
   * Executes a command, exactly once, and resolves with its result.
   *
   * Rejects with OutcomeUnknownError where it may still happen (deadline, `signal`, a session that ended while it
   * was under way); with `acknowledge: 'all'` that can be a NotConfirmedByAllError, which brings the result. Every
   * other rejection is definite: the command did not and will never happen.
   */
  execute(command: C, options: ExecuteOptions = {}): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      // What is thrown before the command is handed on rejects the promise, and nothing has happened.
      const timeoutMs = this.#check(options);
      const bytes = this.#encode(this.#machine.commands, command, 'command');
      this.#checkSize(bytes.length);
      const acknowledge = options.acknowledge ?? this.#settings.acknowledge;
      const call = new Call<R>(this.#callOwner, bytes, acknowledge, resolve, reject);
      this.#commands += 1;
      this.#deadlines.add(call, timeoutMs);
      call.watch(options.signal);
      this.#session.submit(call);
    });
  }

  /** Answers a query. Rejects with what the machine says of it, or TimeoutError. */
  query(query: Q, options: QueryOptions = {}): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const timeoutMs = this.#check(options);
      const bytes = this.#encode(this.#machine.queries, query, 'query');
      const { consistency = 'linearizable', signal } = options;
      const waiting = new Query<A>(this.#queries, bytes, consistency, resolve, reject);
      this.#deadlines.add(waiting, timeoutMs);
      waiting.watch(signal);
      this.#queries.submit(waiting);
    });
  }

  /**
   * Watches the machine's changes from where `request` says, in order and each once, over all reconnects, until
   * the loop is left, it is closed, or `signal` fires.
   *
   * What the loop throws: CompactedError if what comes next was discarded before it could be read; ClosedError if
   * the client is closed; InvalidArgumentError if the machine cannot be watched so.
   *
   * @throws ClosedError, InvalidArgumentError
   */
  watch(request: W, options: { readonly signal?: AbortSignal } = {}): Watch<E> {
    if (this.#closed !== undefined) throw this.#closed;
    const { watches, events } = this.#machine;
    if (watches === undefined || events === undefined) {
      throw new InvalidArgumentError('this state machine cannot be watched');
    }
    const { signal } = options;
    const watch = new RemoteWatch<E>(
      {
        events,
        flights: this.#flights,
        runtime: this.#settings.runtime,
        onEnd: (ended) => {
          this.#watches.delete(ended);
          signal?.removeEventListener('abort', abort);
        },
      },
      this.#encode(watches, request, 'request'),
    );
    const abort = (): void => watch.close();
    this.#watches.add(watch);
    const { current } = this.#route;
    if (current !== undefined) watch.up(current);
    if (signal?.aborted === true) watch.close();
    else signal?.addEventListener('abort', abort, { once: true });
    return watch;
  }

  /**
   * Rejects what waits, ends the session where nothing is under way, and closes the connection. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const closed = new ClosedError('the client is closed');
    this.#closed = closed;
    this.#tick?.cancel();
    this.#deadlines.close(closed);
    for (const watch of [...this.#watches]) watch.fail(closed);
    this.#session.close();
    this.#queries.close();
    await this.#route.close();
  }

  #up(connection: ClientConnection): void {
    this.#flights.lost();
    connection.handler = this.#flights;
    this.#session.up(connection);
    this.#queries.up(connection);
    for (const watch of this.#watches) watch.up(connection);
  }

  #down(): void {
    this.#flights.lost();
    this.#session.down();
    this.#queries.down();
    for (const watch of this.#watches) watch.down();
  }

  #keepAlive(): void {
    const { runtime, keepAliveMs } = this.#settings;
    this.#tick = runtime.setTimer(keepAliveMs, () => {
      this.#route.tick();
      this.#session.tick();
      this.#lookForOverdue();
      this.#keepAlive();
    });
  }

  /** Counts intervals: after this process stood still, a clock would say that everything is overdue. */
  #lookForOverdue(): void {
    this.#ticks += 1;
    if (this.#ticks * this.#settings.keepAliveMs < overdueMs) return;
    this.#ticks = 0;
    if (this.#flights.look()) this.#route.giveUp();
  }

  get #trouble(): string | undefined {
    return this.#route.current === undefined ? this.#route.trouble : undefined;
  }

  /** @throws ClosedError, AbortedError, OverloadedError, InvalidArgumentError */
  #check({ timeoutMs, signal }: ExecuteOptions): number {
    if (this.#closed !== undefined) throw this.#closed;
    if (signal?.aborted === true) {
      throw new AbortedError('aborted before anything was handed on', { cause: signal.reason });
    }
    const { maxPending } = this.#settings;
    if (this.#commands + this.#queries.waiting >= maxPending) {
      throw new OverloadedError(
        `${String(maxPending)} calls wait here, the most that maxPending allows; slow down and retry`,
      );
    }
    const wanted = timeoutMs ?? this.#settings.timeoutMs;
    if (wanted >= 1 && wanted <= longestTimeoutMs) return wanted;
    throw new InvalidArgumentError(
      `timeoutMs must be from 1 to ${String(longestTimeoutMs)}, got ${String(wanted)}`,
    );
  }

  /** @throws TooLargeError if the member that it is connected with takes no such command. */
  #checkSize(bytes: number): void {
    const most = this.#route.current?.welcome?.maxPayloadBytes;
    if (most === undefined || bytes + maxEnvelopeBytes <= most) return;
    throw new TooLargeError(
      `a command of ${String(bytes)} bytes is over the ${String(most - maxEnvelopeBytes)} that the members take (limits.maxCommandBytes)`,
    );
  }

  /** @throws InvalidArgumentError if it cannot be encoded. */
  #encode<T>(codec: Codec<T>, value: T, what: string): Uint8Array {
    try {
      codec.encode(value, encoder);
      return encoder.take();
    } catch (cause) {
      // What the codec wrote before it threw must not stand in front of the next one.
      encoder.take();
      throw new InvalidArgumentError(`the ${what} cannot be encoded: ${describeError(cause)}`, {
        cause,
      });
    }
  }
}
