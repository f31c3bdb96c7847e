/**
 * A session: commands happen exactly once and in order, though they are handed in again and again (Ongaro's
 * thesis, section 6.3). The other half of it, the table in the replicated state, is in `@quorate/replica`.
 *
 *     closed ──► opening ──► open ──► ended: whatever is under way comes back, then closed again
 *
 * Commands get numbers without a gap and are sent at once, many under way at a time. Where one of them does not
 * get through (another leads, too much is waiting), all behind it are refused as out of order: once all of them
 * are back, they are sent again from the first that has no outcome, as go-back-N does. On a new connection that
 * happens at once. What has happened before is answered again from the table, and does not happen again.
 *
 * A number must not stay open for ever: a command that was given up is replaced by a `skip` when it is sent again.
 */
import {
  type ByteReader,
  type Codec,
  CommandRejectedError,
  type Envelope,
  InvariantError,
  type LogIndex,
  MalformedError,
  maxEnvelopeBytes,
  NotConfirmedByAllError,
  OutcomeUnknownError,
  type QuorateError,
  readReply,
  type RequestId,
  type Runtime,
  type SessionId,
  SessionExpiredError,
} from '@quorate/core';
import { BackOff } from '../back-off.ts';
import type { ClientConnection } from '../connection.ts';
import { Fifo } from '../fifo.ts';
import type { Flight, Flights } from '../flights.ts';
import { isPassing } from '../protocol/errors.ts';
import type { Call } from './call.ts';
import { Place, type PlaceOwner } from './place.ts';

/** What a {@link Session} needs. */
export interface SessionSetup<R> {
  readonly results: Codec<R>;
  readonly flights: Flights;
  readonly runtime: Runtime;
  /** How long the session may be silent. */
  readonly timeoutMs: number;
  /** How long a server tries before it says that it did not work. */
  readonly attemptTimeoutMs: number;
  /** Most commands with a number and without an outcome. */
  readonly window: number;
}

type State = 'closed' | 'opening' | 'open' | 'ended';

/** Pauses before commands are sent again. */
const retryMs = { least: 5, greatest: 500 };

const noCommand: Uint8Array = new Uint8Array(0);

/** The commands of one client. */
export class Session<R> implements PlaceOwner<R> {
  readonly #setup: SessionSetup<R>;
  readonly #backOff: BackOff;
  #connection: ClientConnection | undefined;
  #state: State = 'closed';
  #id: SessionId = 0;
  /** Without a number yet, the oldest first; some may be settled. */
  readonly #queue = new Fifo<Call<R>>();
  /** With a number, from the first without an outcome. */
  readonly #places = new Fifo<Place<R>>();
  #lastSequence = 0;
  #underWay = 0;
  /** Something did not get through: nothing is sent until all is back. */
  #rewinding = false;
  #heardAt = 0;
  #keeping = false;

  constructor(setup: SessionSetup<R>) {
    this.#setup = setup;
    this.#backOff = new BackOff(setup.runtime, retryMs.least, retryMs.greatest);
  }

  /** The number of the session while it is open. */
  get id(): SessionId | undefined {
    return this.#state === 'open' ? this.#id : undefined;
  }

  /** Takes a command in; its outcome goes to the call. */
  submit(call: Call<R>): void {
    this.#queue.push(call);
    this.#pump();
  }

  /** There is a connection: everything without an outcome is sent again. */
  up(connection: ClientConnection): void {
    this.#connection = connection;
    this.#backOff.stop();
    this.#rewinding = false;
    if (this.#state === 'opening') this.#state = 'closed';
    // Without a `down` before it, what was under way was lost all the same.
    if (this.#state === 'ended') this.#begin();
    this.#resend();
    this.#pump();
  }

  /** The connection is gone; whatever was under way has been told so. */
  down(): void {
    this.#connection = undefined;
    this.#backOff.stop();
    this.#rewinding = false;
    if (this.#state === 'ended') this.#begin();
  }

  /** To be called at some interval: sees to it that the session is heard of. */
  tick(): void {
    if (this.#state !== 'open' || this.#connection === undefined || this.#keeping) return;
    const { runtime, timeoutMs } = this.#setup;
    if (runtime.now() - this.#heardAt < timeoutMs / 3) return;
    this.#keeping = true;
    this.#heardAt = runtime.now();
    const settle = (): void => {
      this.#keeping = false;
    };
    this.#send(
      {
        answered: settle,
        unconfirmed: settle,
        refused: (error) => {
          settle();
          if (error.code === 'SESSION_EXPIRED') this.#expired();
        },
        withheld: settle,
        lost: settle,
      },
      { type: 'keep-session', session: this.#id, answered: this.#answered },
    );
  }

  /** Ends the session where that costs nothing: a server may forget it at once. */
  close(): void {
    this.#backOff.stop();
    if (this.#state !== 'open' || this.#connection === undefined || this.#underWay > 0) return;
    const nobody = (): void => undefined;
    this.#send(
      {
        answered: nobody,
        unconfirmed: nobody,
        refused: nobody,
        withheld: nobody,
        lost: nobody,
      },
      { type: 'close-session', session: this.#id },
    );
    this.#connection = undefined;
  }

  /** The answers of all commands up to here are there. */
  get #answered(): number {
    const first = this.#places.at();
    return first === undefined ? this.#lastSequence : first.sequence - 1;
  }

  /** Gives numbers to waiting commands and sends them, as far as there is room. */
  #pump(): void {
    if (this.#connection === undefined || this.#rewinding || this.#backOff.isPausing) return;
    if (this.#state === 'closed') {
      if (this.#peek() !== undefined) this.#open();
      return;
    }
    if (this.#state !== 'open') return;
    while (this.#places.length < this.#setup.window) {
      const call = this.#peek();
      if (call === undefined) return;
      this.#queue.shift();
      const tooLarge = this.#connection.refuseTooLarge(maxEnvelopeBytes + call.command.length);
      if (tooLarge !== undefined) {
        call.refuse(tooLarge);
        continue;
      }
      this.#lastSequence += 1;
      const place = new Place(this, this.#lastSequence, call);
      this.#places.push(place);
      this.#sendPlace(place);
    }
  }

  /** The first waiting command that somebody still waits for. */
  #peek(): Call<R> | undefined {
    for (;;) {
      const call = this.#queue.at();
      if (call === undefined || !call.settled) return call;
      this.#queue.shift();
    }
  }

  #open(): void {
    this.#state = 'opening';
    const again = (): void => {
      if (this.#state !== 'opening') return;
      this.#state = 'closed';
      this.#backOff.pause(() => this.#pump());
    };
    this.#send(
      {
        answered: (reader) => {
          const reply = readReply(reader);
          if (this.#state !== 'opening' || reply.type !== 'session') return;
          this.#backOff.succeeded();
          this.#id = reply.session;
          this.#state = 'open';
          this.#pump();
        },
        unconfirmed: again,
        refused: again,
        withheld: again,
        lost: () => {
          // Where it was opened all the same, nobody will use it, and it runs out.
          if (this.#state === 'opening') this.#state = 'closed';
        },
      },
      { type: 'open-session', timeoutMs: this.#setup.timeoutMs },
    );
  }

  #sendPlace(place: Place<R>): void {
    const { call, sequence } = place;
    const session = this.#id;
    place.isUnderWay = true;
    this.#underWay += 1;
    const answered = this.#answered;
    if (call.settled) this.#send(place, { type: 'skip', session, sequence, answered });
    else this.#send(place, { type: 'session-command', session, sequence, answered }, call);
  }

  #send(flight: Flight, envelope: Envelope, call?: Call<R>): void {
    const { flights, runtime, attemptTimeoutMs } = this.#setup;
    if (this.#connection === undefined) throw new InvariantError('sent without a connection');
    this.#heardAt = runtime.now();
    const id: RequestId = flights.add(flight);
    this.#connection.command(
      id,
      call?.acknowledge ?? 'quorum',
      attemptTimeoutMs,
      envelope,
      call?.command ?? noCommand,
    );
  }

  // What places tell.

  settled(place: Place<R>, reply: ByteReader, unconfirmedAt: LogIndex | undefined): void {
    this.#underWay -= 1;
    this.#settle(place, reply, unconfirmedAt);
    this.#proceed();
  }

  refused(place: Place<R>, error: QuorateError): void {
    this.#underWay -= 1;
    this.#refuse(place, error);
    this.#proceed();
  }

  withheld(place: Place<R>, bytes: number): void {
    this.#underWay -= 1;
    this.#backOff.succeeded();
    place.call.refuse(
      new OutcomeUnknownError(
        `the command has happened, but its result of ${String(bytes)} bytes is over maxFrameBytes of this client; read the state, or raise it`,
      ),
    );
    this.#done(place);
    this.#proceed();
  }

  lost(): void {
    this.#underWay -= 1;
  }

  /** The command has happened, or has been skipped. */
  #settle(place: Place<R>, reader: ByteReader, unconfirmedAt: LogIndex | undefined): void {
    this.#backOff.succeeded();
    const { call } = place;
    const reply = readReply(reader);
    switch (reply.type) {
      case 'result': {
        const result = this.#decode(reader, call);
        if (result === undefined) break;
        if (unconfirmedAt === undefined) call.succeed(result.value);
        else call.refuse(new NotConfirmedByAllError(unconfirmedAt, result.value, undefined));
        break;
      }
      case 'rejected':
        call.refuse(new CommandRejectedError(reply.reason));
        break;
      case 'skipped':
        // Only what was given up is skipped, and whoever gave it up has been told.
        break;
      case 'session':
      case 'done':
        call.refuse(new OutcomeUnknownError(`a command was answered with '${reply.type}'`));
        break;
    }
    this.#done(place);
  }

  #decode(reader: ByteReader, call: Call<R>): { readonly value: R } | undefined {
    try {
      const value = this.#setup.results.decode(reader);
      reader.end();
      return { value };
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      call.refuse(
        new OutcomeUnknownError(
          'the command has happened, but its result cannot be read; does the client have the same machine?',
          { cause },
        ),
      );
      return undefined;
    }
  }

  #refuse(place: Place<R>, error: QuorateError): void {
    if (error.code === 'SESSION_EXPIRED') {
      place.call.refuse(place.uncertain ? unknown(error) : error);
      this.#done(place);
      this.#expired();
      return;
    }
    this.#rewinding = true;
    if (error.code === 'OUTCOME_UNKNOWN') place.lose();
    // It will never be taken as it is; what takes its number is a skip.
    if (!isPassing(error)) place.call.refuse(place.uncertain ? unknown(error) : error);
  }

  #done(place: Place<R>): void {
    place.isDone = true;
    while (this.#places.at()?.isDone === true) this.#places.shift();
  }

  /** After something came back. */
  #proceed(): void {
    if (this.#state === 'ended') {
      if (this.#underWay === 0) this.#begin();
    } else if (!this.#rewinding) {
      this.#pump();
    } else if (this.#underWay === 0) {
      this.#backOff.pause(() => {
        this.#rewinding = false;
        this.#resend();
        this.#pump();
      });
    }
  }

  /** Sends everything that has a number and no outcome, in order. */
  #resend(): void {
    if (this.#state !== 'open') return;
    for (let behind = 0; behind < this.#places.length; behind++) {
      const place = this.#places.at(behind);
      if (place !== undefined && !place.isDone && !place.isUnderWay) this.#sendPlace(place);
    }
  }

  /** The session is no more: nothing is sent until all that is under way is back. */
  #expired(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#rewinding = false;
    if (this.#underWay === 0) this.#begin();
  }

  /** Another session, for what has no number yet. */
  #begin(): void {
    for (let place = this.#places.at(); place !== undefined; place = this.#places.at()) {
      this.#places.shift();
      if (place.isDone) continue;
      const error = new SessionExpiredError(
        'the session ended before the command got through: it was silent for too long, or made room for others',
      );
      place.call.refuse(place.uncertain ? unknown(error) : error);
    }
    this.#lastSequence = 0;
    this.#state = 'closed';
    this.#pump();
  }
}

function unknown(cause: QuorateError): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `an earlier attempt got no answer, and now it is refused (${cause.message}); it may have happened: read the state`,
    { cause },
  );
}
