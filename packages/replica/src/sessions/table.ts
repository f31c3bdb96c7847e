/**
 * The table of sessions: a part of the replicated state, equal on all replicas. By it a command that is handed
 * in again gets the reply of the first time, and does not happen twice (Ongaro's thesis, section 6.3).
 *
 *     a command with number       is
 *     last + 1                    applied, its reply kept
 *     up to last, reply kept      answered with that
 *     up to last, reply dropped   of no interest: its client has said that it has the reply
 *     beyond last + 1             refused: the one before it has to come first
 *
 * Nothing in it runs out by itself: only an entry of the leader, by its time, ends what was silent for too long.
 */
import {
  type ByteWriter,
  OutcomeUnknownError,
  OutOfOrderError,
  OverloadedError,
  type QuorateError,
  SessionExpiredError,
  type SessionId,
  type SessionPlace,
} from '@quorate/core';
import {
  maxKeptBytes,
  maxKeptBytesOfSession,
  maxKeptReplies,
  maxSessions,
  overheadBytes,
  timeoutRangeMs,
} from './limits.ts';
import { noReplies } from './reply-queue.ts';
import { Session, type SessionRecord } from './session.ts';

/** What to do with a command. */
export type Admission =
  | { readonly type: 'next'; readonly session: Session }
  | { readonly type: 'again'; readonly reply: Uint8Array }
  | { readonly type: 'refused'; readonly error: QuorateError };

/** The table as of one moment. */
export interface FrozenTable {
  /** The number of the session that was opened last. */
  readonly lastId: SessionId;
  readonly sessions: readonly SessionRecord[];
}

/** All sessions of a group. */
export class SessionTable {
  /** Counters. */
  opened = 0;
  expired = 0;
  evicted = 0;
  repeated = 0;
  #lastId: SessionId = 0;
  /** In the order in which they were opened. */
  #sessions = new Map<SessionId, Session>();
  #bytes = 0;
  /** No session runs out before; only ever too early. */
  #soonest = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#sessions.size;
  }

  /** Bytes of all replies that are kept, with their overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * When the next session runs out if nothing more is heard; `undefined`: there is none.
   *
   * @param now where no session can have run out by then, it is not worth looking at all of them: the answer
   * may be too early.
   */
  nextExpiry(now: number): number | undefined {
    if (this.#sessions.size === 0) return undefined;
    if (this.#soonest <= now) this.#soonest = this.#findSoonest();
    return this.#soonest;
  }

  /** Opens a session. */
  open(timeoutMs: number, time: number): SessionId {
    if (this.#sessions.size >= maxSessions) this.#evictSilent();
    this.#lastId += 1;
    this.opened += 1;
    const { least, greatest } = timeoutRangeMs;
    this.#add({
      id: this.#lastId,
      timeoutMs: Math.min(Math.max(timeoutMs, least), greatest),
      activeAt: time,
      answered: 0,
      replies: noReplies,
    });
    return this.#lastId;
  }

  /** A session is heard of; it has the replies up to `answered`. */
  touch(id: SessionId, answered: number, time: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    session.activeAt = time;
    this.#bytes -= session.release(answered);
    return session;
  }

  /** A command is to happen. */
  admit({ session: id, sequence, answered }: SessionPlace, time: number): Admission {
    const session = this.touch(id, answered, time);
    if (session === undefined) return refused(gone(id));
    const { last } = session;
    if (sequence <= last) {
      const reply = session.replyOf(sequence);
      this.repeated += 1;
      return reply === undefined ? refused(answeredBefore(sequence)) : { type: 'again', reply };
    }
    if (sequence > last + 1) return refused(outOfOrder(sequence, last));
    return this.#isFull(session) ? refused(full(session)) : session.next;
  }

  /** The command that was admitted has happened; its reply was written, and is taken from the writer. */
  settle(session: Session, reply: ByteWriter): void {
    this.#bytes -= session.bytes;
    session.keep(reply);
    this.#bytes += session.bytes;
    while (this.#bytes > maxKeptBytes && this.#sessions.size > 1) this.#evictSilent(session);
  }

  /** Ends a session. @returns whether it was there. */
  close(id: SessionId): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined) return false;
    this.#remove(session);
    return true;
  }

  /** Ends the sessions that were silent for too long. */
  expire(time: number): void {
    if (time < this.#soonest) return;
    for (const session of this.#sessions.values()) {
      if (session.expiresAt > time) continue;
      this.#remove(session);
      this.expired += 1;
    }
    this.#soonest = this.#findSoonest();
  }

  /** Gives every session all of its time again. */
  renew(time: number): void {
    for (const session of this.#sessions.values()) session.activeAt = time;
    this.#soonest = this.#findSoonest();
  }

  /** The table as of now, while it goes on. */
  freeze(): FrozenTable {
    return {
      lastId: this.#lastId,
      sessions: Array.from(this.#sessions.values(), ({ record }) => record),
    };
  }

  /** Puts another table in the place of this one. */
  restore({ lastId, sessions }: FrozenTable): void {
    this.#lastId = lastId;
    this.#sessions = new Map();
    this.#bytes = 0;
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const record of sessions) this.#add(record);
  }

  #add(record: SessionRecord): void {
    const session = new Session(record);
    this.#sessions.set(session.id, session);
    session.bytes += overheadBytes;
    this.#bytes += session.bytes;
    this.#soonest = Math.min(this.#soonest, session.expiresAt);
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.id);
    this.#bytes -= session.bytes;
  }

  /** The one that was silent for longest makes room, of equal ones the one that was opened first. */
  #evictSilent(except?: Session): void {
    let silent: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (session === except) continue;
      if (silent === undefined || session.activeAt < silent.activeAt) silent = session;
    }
    if (silent === undefined) return;
    this.#remove(silent);
    this.evicted += 1;
  }

  #findSoonest(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.#sessions.values()) soonest = Math.min(soonest, expiresAt);
    return soonest;
  }

  #isFull({ kept, bytes }: Session): boolean {
    return kept >= maxKeptReplies || (kept > 0 && bytes >= maxKeptBytesOfSession);
  }
}

function refused(error: QuorateError): Admission {
  return { type: 'refused', error };
}

/** What is said of a session that is not there. */
export function gone(id: SessionId): SessionExpiredError {
  return new SessionExpiredError(
    `there is no session ${String(id)} any more; open another, and find out what became of what was under way`,
  );
}

function answeredBefore(sequence: number): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `command ${String(sequence)} of this session has happened, and its reply was dropped when the client said that it has it`,
  );
}

function outOfOrder(sequence: number, last: number): OutOfOrderError {
  return new OutOfOrderError(
    `command ${String(sequence)} of this session came, and the last that happened is ${String(last)}; hand in ${String(last + 1)} first`,
  );
}

function full({ kept, bytes }: Session): OverloadedError {
  return new OverloadedError(
    `${String(kept)} replies of ${String(bytes)} bytes are kept for this session; say which ones have arrived`,
  );
}
