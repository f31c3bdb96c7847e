/** One session: how far its commands have come, and the replies that its client may not have yet. */
import type { SessionId } from '@quorate/core';
import type { KeptReply } from './kept-replies.ts';
import { overheadBytes } from './limits.ts';

/** The fields of a session, as they stand in a snapshot. */
export interface SessionRecord {
  readonly id: SessionId;
  readonly timeoutMs: number;
  /** The machine's clock when the session was last heard of. */
  readonly activeAt: number;
  /** The client has the replies of all commands up to here. */
  readonly answered: number;
  /** Of the commands behind that, in order. */
  readonly replies: readonly KeptReply[];
}

/** A session in the table. */
export class Session {
  readonly id: SessionId;
  readonly timeoutMs: number;
  activeAt: number;
  /** Bytes of all replies that are kept, with their overhead. */
  bytes = 0;
  #answered: number;
  #replies: KeptReply[] = [];
  /** Replies in front of it were dropped. */
  #head = 0;

  constructor({ id, timeoutMs, activeAt, answered, replies }: SessionRecord) {
    this.id = id;
    this.timeoutMs = timeoutMs;
    this.activeAt = activeAt;
    this.#answered = answered;
    for (const reply of replies) this.keep(reply);
  }

  /** When it ends if nothing more is heard of it. */
  get expiresAt(): number {
    return this.activeAt + this.timeoutMs;
  }

  /** The number of the last command that has happened. */
  get last(): number {
    return this.#answered + this.kept;
  }

  /** How many replies are kept. */
  get kept(): number {
    return this.#replies.length - this.#head;
  }

  /** The reply of a command that has happened; `undefined` if the client has said that it has it. */
  replyOf(sequence: number): KeptReply | undefined {
    return sequence <= this.#answered
      ? undefined
      : this.#replies[this.#head + sequence - this.#answered - 1];
  }

  /** The next command has happened. */
  keep(reply: KeptReply): void {
    this.#replies.push(reply);
    this.bytes += reply.bytes.length + overheadBytes;
  }

  /** The client has the replies up to here. @returns how many bytes that frees. */
  release(answered: number): number {
    const until = Math.min(answered, this.last);
    const before = this.bytes;
    for (; this.#answered < until; this.#answered++) {
      const reply = this.#replies[this.#head++];
      if (reply === undefined) break;
      reply.dropped = true;
      this.bytes -= reply.bytes.length + overheadBytes;
    }
    // Moving what is left costs no more than what was dropped.
    if (this.#head * 2 >= this.#replies.length) {
      this.#replies = this.#replies.slice(this.#head);
      this.#head = 0;
    }
    return before - this.bytes;
  }

  /** As of now; the session goes on. */
  get record(): SessionRecord {
    const { id, timeoutMs, activeAt } = this;
    const answered = this.#answered;
    return { id, timeoutMs, activeAt, answered, replies: this.#replies.slice(this.#head) };
  }
}
