/** One session: how far its commands have come, and the replies that its client may not have yet. */
import type { ByteWriter, SessionId } from '@quorate/core';
import { overheadBytes } from './limits.ts';
import { type FrozenReplies, ReplyQueue } from './reply-queue.ts';

/** The fields of a session, as they stand in a snapshot. */
export interface SessionRecord {
  readonly id: SessionId;
  readonly timeoutMs: number;
  /** The machine's clock when the session was last heard of. */
  readonly activeAt: number;
  /** The client has the replies of all commands up to here. */
  readonly answered: number;
  /** Of the commands behind that, in order. */
  readonly replies: FrozenReplies;
}

/** A session in the table. */
export class Session {
  readonly id: SessionId;
  readonly timeoutMs: number;
  activeAt: number;
  /** Bytes of all replies that are kept, with their overhead. */
  bytes: number;
  /** Says that its next command may happen: one for all of them. */
  readonly next: { readonly type: 'next'; readonly session: Session } = {
    type: 'next',
    session: this,
  };
  #answered: number;
  readonly #replies: ReplyQueue;

  constructor({ id, timeoutMs, activeAt, answered, replies }: SessionRecord) {
    this.id = id;
    this.timeoutMs = timeoutMs;
    this.activeAt = activeAt;
    this.#answered = answered;
    this.#replies = new ReplyQueue(replies);
    this.bytes = this.#replies.bytes + this.#replies.count * overheadBytes;
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
    return this.#replies.count;
  }

  /** The reply of a command that has happened; `undefined` if the client has said that it has it. A view. */
  replyOf(sequence: number): Uint8Array | undefined {
    return this.#replies.at(sequence - this.#answered - 1);
  }

  /** The next command has happened; its reply was written, and is taken from the writer. */
  keep(reply: ByteWriter): void {
    this.bytes += reply.length + overheadBytes;
    this.#replies.keepWritten(reply);
  }

  /** The client has the replies up to here. @returns how many bytes that frees. */
  release(answered: number): number {
    const until = Math.min(answered, this.last);
    const count = until - this.#answered;
    if (count <= 0) return 0;
    this.#answered = until;
    const freed = this.#replies.drop(count) + count * overheadBytes;
    this.bytes -= freed;
    return freed;
  }

  /** As of now; the session goes on. */
  get record(): SessionRecord {
    const { id, timeoutMs, activeAt } = this;
    return { id, timeoutMs, activeAt, answered: this.#answered, replies: this.#replies.freeze() };
  }
}
