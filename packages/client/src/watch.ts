/**
 * A watch: the changes of the machine, in order and each once, over all reconnects. With each batch of events
 * comes the request that goes on behind it; on a new connection that is what is asked for.
 */
import {
  ClosedError,
  type Codec,
  decode,
  MalformedError,
  OutcomeUnknownError,
  type QuorateError,
  type RequestId,
  type Runtime,
  TooLargeError,
} from '@quorate/core';
import { BackOff } from './back-off.ts';
import type { ClientConnection } from './connection.ts';
import type { Flight, Flights } from './flights.ts';
import { isPassing } from './protocol/errors.ts';

/** Bytes of events that a server may send ahead of whoever reads them. */
const windowBytes = 256 * 1024;

/** Pauses before it is asked again. */
const retryMs = { least: 20, greatest: 2_000 };

/** The changes of a machine, as `for await` takes them. Made by `Client.watch`. */
export interface Watch<E> extends AsyncIterableIterator<E, void, undefined>, AsyncDisposable {
  /**
   * Settles when a member has begun to watch: of what happens from then on, nothing is missed. Rejects as the
   * first step of the loop would.
   */
  readonly started: Promise<void>;
  /** Bytes of events that have come and were not read yet. Bounded: a server waits for whoever reads slowly. */
  readonly unreadBytes: number;
  /** Ends it; a loop over it ends too. Idempotent. */
  close(): void;
}

/** What a {@link RemoteWatch} needs. */
export interface WatchSetup<E> {
  readonly events: Codec<E>;
  readonly flights: Flights;
  readonly runtime: Runtime;
  /** Called once, when nobody watches any more. */
  readonly onEnd: (watch: RemoteWatch<E>) => void;
}

/** One watch of a client. */
export class RemoteWatch<E> implements Watch<E>, Flight {
  readonly started: Promise<void>;
  readonly #setup: WatchSetup<E>;
  readonly #backOff: BackOff;
  #rest: Uint8Array;
  #connection: ClientConnection | undefined;
  #id: RequestId | undefined;
  /** Not read yet, the oldest first. */
  #received: Uint8Array[] = [];
  #head = 0;
  #unreadBytes = 0;
  /** Of those that were read, not reported to the server yet. */
  #consumedBytes = 0;
  #end: { readonly error: QuorateError | undefined } | undefined;
  #wake: () => void = () => undefined;
  #start: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor(setup: WatchSetup<E>, request: Uint8Array) {
    this.#setup = setup;
    this.#rest = request;
    this.#backOff = new BackOff(setup.runtime, retryMs.least, retryMs.greatest);
    this.started = new Promise((resolve, reject) => {
      this.#start = { resolve, reject };
    });
    // Whoever only reads is told by the loop.
    this.started.catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * @throws CompactedError if what comes next was discarded meanwhile; ClosedError if the client was closed;
   * InvalidArgumentError if the machine cannot be watched so.
   */
  async next(): Promise<IteratorResult<E, void>> {
    for (;;) {
      const received = this.#received[this.#head];
      if (received !== undefined) return { done: false, value: this.#read(received) };
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<E, void>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    this.#received = [];
    this.#head = 0;
    this.#unreadBytes = 0;
    this.#finish(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /** There is a connection: goes on there. */
  up(connection: ClientConnection): void {
    this.#connection = connection;
    this.#backOff.stop();
    this.#ask();
  }

  down(): void {
    this.#connection = undefined;
  }

  /** Ends it with an error, behind what has been received. */
  fail(error: QuorateError): void {
    this.#finish(error);
  }

  // What the connection tells.

  answered(): void {
    this.refused(new OutcomeUnknownError('a watch was answered as if it were a query'));
  }

  unconfirmed(): void {
    this.answered();
  }

  refused(error: QuorateError): void {
    this.#id = undefined;
    if (isPassing(error)) this.#backOff.pause(() => this.#ask());
    else this.fail(error);
  }

  withheld(bytes: number): void {
    this.refused(
      new TooLargeError(
        `an event of ${String(bytes)} bytes is over maxFrameBytes of this client; raise it`,
      ),
    );
  }

  lost(): void {
    this.#id = undefined;
  }

  events(events: readonly Uint8Array[], rest: Uint8Array): void {
    this.#backOff.succeeded();
    // Views of a frame that may hold much else: what is kept for long is copied, and whoever reads slowly keeps events.
    this.#rest = rest.slice();
    this.#start?.resolve();
    this.#start = undefined;
    for (const bytes of events) {
      this.#received.push(bytes.slice());
      this.#unreadBytes += bytes.length;
    }
    if (events.length > 0) this.#wake();
  }

  #ask(): void {
    if (this.#connection === undefined || this.#end !== undefined || this.#id !== undefined) return;
    const tooLarge = this.#connection.refuseTooLarge(this.#rest.length);
    if (tooLarge !== undefined) {
      this.fail(tooLarge);
      return;
    }
    this.#consumedBytes = 0;
    this.#id = this.#setup.flights.add(this);
    this.#connection.watch(this.#id, Math.max(windowBytes - this.#unreadBytes, 1), this.#rest);
  }

  #read(bytes: Uint8Array): E {
    this.#head += 1;
    if (this.#head * 2 >= this.#received.length) {
      this.#received = this.#received.slice(this.#head);
      this.#head = 0;
    }
    this.#unreadBytes -= bytes.length;
    this.#consumedBytes += bytes.length;
    if (this.#consumedBytes >= windowBytes / 2 && this.#id !== undefined) {
      this.#connection?.more(this.#id, this.#consumedBytes);
      this.#consumedBytes = 0;
    }
    try {
      return decode(this.#setup.events, bytes);
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      this.close();
      throw new MalformedError('an event cannot be read; does the client have the same machine?', {
        cause,
      });
    }
  }

  #finish(error: QuorateError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#backOff.stop();
    if (this.#id !== undefined) {
      this.#setup.flights.forget(this.#id);
      this.#connection?.cancel(this.#id);
    }
    this.#start?.reject(error ?? new ClosedError('the watch was closed before it began'));
    this.#start = undefined;
    this.#wake();
    this.#setup.onEnd(this);
  }
}
