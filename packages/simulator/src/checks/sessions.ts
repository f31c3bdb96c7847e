/**
 * Exactly once, by a second opinion: a model of the table of sessions, small and slow and with no code in common,
 * reads what is decided and says of each command whether it happens. Every machine then has to carry out those
 * commands, one after the other, and nothing else.
 */
import { ByteReader, decodeEntry, type Envelope, type LogIndex, readEnvelope } from '@quorate/core';
import { must } from '@quorate/core/checks';
import type { Journal } from '../world/journal.ts';
import { describePlace, type Place } from './states.ts';

/** A session by the model. */
interface Session {
  readonly timeoutMs: number;
  activeAt: number;
  /** The last command that has happened. */
  last: number;
  /** The client has said that it has the answers up to here. */
  answered: number;
}

/** What a client asks for is kept between them. */
const timeoutRangeMs = [100, 24 * 60 * 60 * 1000] as const;

/** What the model needs. */
export interface SessionsParts {
  /** Of the engine's own in front of each record. */
  readonly headerBytes: number;
  readonly journal: Journal;
  /** Most commands that a client has under way in its session. */
  readonly window: number;
}

/** The sessions of a group, and what every machine has to carry out. */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #sessions = new Map<number, Session>();
  /** Where machines have something to do, in order. */
  readonly #due: Place[] = [];
  #lastId = 0;
  #time = 0;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** Whether there is any. */
  get some(): boolean {
    return this.#sessions.size > 0;
  }

  /** To be called with each record that is decided, in order. */
  decided(index: LogIndex, record: Uint8Array): void {
    const { kind, time, payloads } = decodeEntry(record, this.#parts.headerBytes);
    this.#time = Math.max(this.#time, time);
    if (kind !== 'commands') return;
    payloads.forEach((payload, position) => {
      const envelope = readEnvelope(new ByteReader(payload));
      if (this.#judge(envelope)) this.#due.push({ index, position });
    });
  }

  /** Somebody who follows what one machine carries out. */
  follower(who: string): Follower {
    return new Follower(who, this.#due);
  }

  /** @returns whether machines have something to do. */
  #judge(envelope: Envelope): boolean {
    switch (envelope.type) {
      case 'command':
        return true;
      case 'session-command':
      case 'skip':
        return this.#isNext(envelope) && envelope.type === 'session-command';
      case 'open-session': {
        const [least, greatest] = timeoutRangeMs;
        this.#lastId += 1;
        this.#sessions.set(this.#lastId, {
          timeoutMs: Math.min(Math.max(envelope.timeoutMs, least), greatest),
          activeAt: this.#time,
          last: 0,
          answered: 0,
        });
        this.#reached('session opened');
        return false;
      }
      case 'keep-session':
        if (this.#hear(envelope.session, envelope.answered) !== undefined) {
          this.#reached('session kept');
        }
        return false;
      case 'close-session':
        if (this.#sessions.delete(envelope.session)) this.#reached('session closed');
        return false;
      case 'time':
        for (const [id, { activeAt, timeoutMs }] of this.#sessions) {
          if (activeAt + timeoutMs > this.#time) continue;
          this.#sessions.delete(id);
          this.#reached('session expired');
        }
        return true;
      case 'leader':
        for (const session of this.#sessions.values()) session.activeAt = this.#time;
        if (this.some) this.#reached('sessions renewed by a new leader');
        return true;
    }
  }

  /** Whether a command is the next one of its session. */
  #isNext(place: Extract<Envelope, { readonly type: 'session-command' | 'skip' }>): boolean {
    const session = this.#hear(place.session, place.answered);
    if (session === undefined) {
      this.#reached('command of an ended session');
      return false;
    }
    if (place.sequence <= session.last) {
      this.#reached('command repeated');
      return false;
    }
    if (place.sequence > session.last + 1) {
      this.#reached('command out of order');
      return false;
    }
    session.last = place.sequence;
    if (place.type === 'skip') this.#reached('command skipped');
    const { window } = this.#parts;
    must(
      session.last - session.answered <= window,
      () =>
        `memory: ${String(session.last - session.answered)} replies are kept for session ${String(place.session)}, whose client has at most ${String(window)} commands under way`,
    );
    return true;
  }

  #hear(id: number, answered: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    session.activeAt = this.#time;
    session.answered = Math.max(session.answered, Math.min(answered, session.last));
    return session;
  }

  #reached(path: string): void {
    this.#parts.journal.reached(path);
  }
}

/** Follows one machine through all that has to be done. */
export class Follower {
  readonly #who: string;
  readonly #due: readonly Place[];
  #next = 0;

  constructor(who: string, due: readonly Place[]) {
    this.#who = who;
    this.#due = due;
  }

  /** The machine has carried out what stands here. */
  did(place: Place): void {
    const due = this.#due[this.#next];
    must(
      due !== undefined && comparePlaces(due, place) === 0,
      () =>
        `exactly once: ${this.#who} carries out ${describePlace(place)}, and ${due === undefined ? 'nothing' : describePlace(due)} is what comes next`,
    );
    this.#next += 1;
  }

  /** It has the state behind what stands here. */
  restored(place: Place): void {
    let from = 0;
    let to = this.#due.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const due = this.#due[middle];
      if (due !== undefined && comparePlaces(due, place) <= 0) from = middle + 1;
      else to = middle;
    }
    this.#next = from;
  }
}

function comparePlaces(left: Place, right: Place): number {
  return left.index - right.index || left.position - right.position;
}
