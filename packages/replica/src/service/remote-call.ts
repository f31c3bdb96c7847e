/**
 * A command that came in bytes and is answered in bytes: the caller of somebody far away. Made once a command,
 * and no promise with it; whoever waits, and for how long, is known where the request came from.
 */
import {
  type Acknowledge,
  ByteWriter,
  type Codec,
  type LogIndex,
  type QuorateError,
  type RequestId,
  type Requester,
  writeReply,
} from '@quorate/core';
import type { PayloadCaller, Tally } from '../callers.ts';

/** What all remote calls of a replica share. */
export class RemoteCalls<R> {
  readonly tally: Tally;
  readonly #results: Codec<R>;
  readonly #writer = new ByteWriter();

  constructor(results: Codec<R>, tally: Tally) {
    this.#results = results;
    this.tally = tally;
  }

  reply(result: R): Uint8Array {
    writeReply({ type: 'result' }, this.#writer);
    this.#results.encode(result, this.#writer);
    return this.#writer.take();
  }
}

/** Waits for one command on behalf of a requester. */
export class RemoteCall<R> implements PayloadCaller<R> {
  readonly deadlineAt: number;
  readonly #calls: RemoteCalls<R>;
  readonly #requester: Requester;
  readonly #id: RequestId;
  readonly #acknowledge: Acknowledge;
  #state: 'waiting' | 'held' | 'settled' = 'waiting';
  #reply: Uint8Array | undefined;
  #index: LogIndex = 0;

  constructor(
    calls: RemoteCalls<R>,
    requester: Requester,
    id: RequestId,
    acknowledge: Acknowledge,
    deadlineAt: number,
  ) {
    this.#calls = calls;
    this.#requester = requester;
    this.#id = id;
    this.#acknowledge = acknowledge;
    this.deadlineAt = deadlineAt;
    calls.tally.pending++;
  }

  applied(result: R, index: LogIndex): boolean {
    return this.#state === 'waiting' && this.answered(this.#calls.reply(result), index);
  }

  answered(reply: Uint8Array, index: LogIndex): boolean {
    if (this.#state !== 'waiting') return false;
    if (this.#acknowledge === 'all') {
      this.#state = 'held';
      this.#reply = reply;
      this.#index = index;
      return true;
    }
    this.#settle();
    this.#requester.answered(this.#id, reply);
    return false;
  }

  confirmed(): void {
    const reply = this.#reply;
    if (this.#state !== 'held' || reply === undefined) return;
    this.#settle();
    this.#requester.answered(this.#id, reply);
  }

  unconfirmed(_cause: unknown): void {
    const reply = this.#reply;
    if (this.#state !== 'held' || reply === undefined) return;
    this.#settle();
    this.#requester.unconfirmed(this.#id, reply, this.#index);
  }

  reject(error: QuorateError): void {
    if (this.#state !== 'waiting') return;
    this.#settle();
    this.#requester.refused(this.#id, error);
  }

  #settle(): void {
    this.#state = 'settled';
    this.#reply = undefined;
    this.#calls.tally.pending--;
  }
}
