/**
 * Queries: asked again, on whatever connection there is, until one is answered or its time is up. Asking twice
 * does no harm.
 */
import {
  AbortedError,
  type ByteReader,
  type ClosedError,
  type Codec,
  type Consistency,
  MalformedError,
  OutcomeUnknownError,
  type QuorateError,
  type RequestId,
  type Runtime,
  TimeoutError,
  TooLargeError,
} from '@quorate/core';
import { Waiting } from '@quorate/core/waiting';
import { BackOff } from './back-off.ts';
import type { ClientConnection } from './connection.ts';
import type { Flight, Flights } from './flights.ts';
import { isPassing } from './protocol/errors.ts';

/** Pauses before queries are asked again. */
const retryMs = { least: 5, greatest: 500 };

/** Waits for one answer. */
export class Query<A> extends Waiting<A> implements Flight {
  readonly query: Uint8Array;
  readonly consistency: Consistency;
  /** Its number on the connection in use. */
  id: RequestId | undefined;
  readonly #queries: Queries<A>;

  constructor(
    queries: Queries<A>,
    query: Uint8Array,
    consistency: Consistency,
    resolve: (answer: A) => void,
    reject: (error: unknown) => void,
  ) {
    super(resolve, reject);
    this.#queries = queries;
    this.query = query;
    this.consistency = consistency;
  }

  answered(answer: ByteReader): void {
    if (this.settled) return;
    try {
      this.fulfil(this.#queries.decode(answer));
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      this.fail(
        new MalformedError('the answer cannot be read; does the client have the same machine?', {
          cause,
        }),
      );
    }
    this.#queries.answered(this);
  }

  unconfirmed(): void {
    this.refused(new OutcomeUnknownError('a query was answered as if it were a command'));
  }

  refused(error: QuorateError): void {
    if (this.settled) return;
    if (isPassing(error)) this.#queries.later(this);
    else this.#end(error);
  }

  withheld(bytes: number): void {
    this.refused(
      new TooLargeError(
        `the answer of ${String(bytes)} bytes is over maxFrameBytes of this client; ask for less, or raise it`,
      ),
    );
  }

  lost(): void {
    if (!this.settled) this.#queries.again(this);
  }

  override giveUp(closed?: ClosedError): void {
    const { trouble } = this.#queries;
    const because = trouble === undefined ? '' : `: ${trouble}`;
    this.#end(closed ?? new TimeoutError(`not answered before the deadline${because}; retry`));
  }

  protected override aborted(reason: unknown): void {
    this.#end(new AbortedError('the query was aborted', { cause: reason }));
  }

  #end(error: QuorateError): void {
    if (this.settled) return;
    this.fail(error);
    this.#queries.ended(this);
  }
}

/** What {@link Queries} needs. */
export interface QueriesSetup<A> {
  readonly answers: Codec<A>;
  readonly flights: Flights;
  readonly runtime: Runtime;
  /** How long a server tries before it says that it did not work. */
  readonly attemptTimeoutMs: number;
  /** Why there is no connection. */
  readonly trouble: () => string | undefined;
}

/** All queries of a client. */
export class Queries<A> {
  /** Those that somebody waits for. */
  waiting = 0;
  readonly #setup: QueriesSetup<A>;
  readonly #backOff: BackOff;
  #connection: ClientConnection | undefined;
  /** To be asked when there is a connection, or after a pause. */
  #unasked: Query<A>[] = [];

  constructor(setup: QueriesSetup<A>) {
    this.#setup = setup;
    this.#backOff = new BackOff(setup.runtime, retryMs.least, retryMs.greatest);
  }

  get trouble(): string | undefined {
    return this.#setup.trouble();
  }

  /** Takes a query in; its answer goes to whoever waits. */
  submit(query: Query<A>): void {
    this.waiting += 1;
    this.#ask(query);
  }

  up(connection: ClientConnection): void {
    this.#connection = connection;
    this.#backOff.stop();
    this.#askAll();
  }

  down(): void {
    this.#connection = undefined;
  }

  close(): void {
    this.#backOff.stop();
    this.#connection = undefined;
    this.#unasked = [];
  }

  // What queries tell.

  decode(reader: ByteReader): A {
    const answer = this.#setup.answers.decode(reader);
    reader.end();
    return answer;
  }

  /** It got its answer. */
  answered(_query: Query<A>): void {
    this.waiting -= 1;
    this.#backOff.succeeded();
  }

  /** It has another end. */
  ended({ id }: Query<A>): void {
    this.waiting -= 1;
    if (id === undefined) return;
    this.#setup.flights.forget(id);
    this.#connection?.cancel(id);
  }

  /** It was refused for now. */
  later(query: Query<A>): void {
    this.again(query);
    if (!this.#backOff.isPausing) this.#backOff.pause(() => this.#askAll());
  }

  /** It has to be asked again. */
  again(query: Query<A>): void {
    query.id = undefined;
    this.#unasked.push(query);
  }

  #askAll(): void {
    if (this.#connection === undefined) return;
    const unasked = this.#unasked;
    this.#unasked = [];
    for (const query of unasked) if (!query.settled) this.#ask(query);
  }

  #ask(query: Query<A>): void {
    if (this.#connection === undefined) {
      this.#unasked.push(query);
      return;
    }
    const tooLarge = this.#connection.refuseTooLarge(query.query.length);
    if (tooLarge !== undefined) {
      query.refused(tooLarge);
      return;
    }
    const { flights, attemptTimeoutMs } = this.#setup;
    query.id = flights.add(query);
    this.#connection.query(query.id, query.consistency, attemptTimeoutMs, query.query);
  }
}
