/**
 * A query that came in bytes and is answered in bytes.
 */
import {
  ByteWriter,
  type ClosedError,
  CommandRejectedError,
  decode,
  describeError,
  type MachineCodecs,
  QuorateError,
  type RequestId,
  type Requester,
  TimeoutError,
} from '@quorate/core';
import { Deadline } from '@quorate/core/waiting';
import type { PendingRead, Queried } from '../reads.ts';

/** What all remote reads of a replica share: how queries and answers are written. */
export class ReadCodecs<Q, A> {
  readonly #codecs: Pick<MachineCodecs<never, never, Q, A>, 'queries' | 'answers'>;
  readonly #writer = new ByteWriter();

  constructor(codecs: Pick<MachineCodecs<never, never, Q, A>, 'queries' | 'answers'>) {
    this.#codecs = codecs;
  }

  /** @throws MalformedError if the bytes are no query. */
  query(bytes: Uint8Array): Q {
    return decode(this.#codecs.queries, bytes);
  }

  answer(answer: A): Uint8Array {
    try {
      this.#codecs.answers.encode(answer, this.#writer);
      return this.#writer.take();
    } catch (error) {
      // What was written before it threw must not stand in front of the next answer.
      this.#writer.take();
      throw error;
    }
  }
}

/** Waits for one answer on behalf of a requester. */
export class RemoteRead<Q, A> extends Deadline implements PendingRead<Q, A> {
  readonly #codecs: ReadCodecs<Q, A>;
  readonly #query: Q;
  readonly #requester: Requester;
  readonly #id: RequestId;
  #settled = false;

  /** @throws MalformedError if the bytes are no query. */
  constructor(codecs: ReadCodecs<Q, A>, query: Uint8Array, requester: Requester, id: RequestId) {
    super();
    this.#codecs = codecs;
    this.#query = codecs.query(query);
    this.#requester = requester;
    this.#id = id;
  }

  answer(machine: Queried<Q, A>): void {
    if (this.#settled) return;
    let bytes: Uint8Array;
    try {
      bytes = this.#codecs.answer(machine.query(this.#query));
    } catch (error) {
      this.refuse(error);
      return;
    }
    this.#settle();
    this.#requester.answered(this.#id, bytes);
  }

  refuse(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#requester.refused(
      this.#id,
      error instanceof QuorateError
        ? error
        : new CommandRejectedError(`the machine refused the query: ${describeError(error)}`),
    );
  }

  override giveUp(closed?: ClosedError): void {
    this.refuse(
      closed ?? new TimeoutError('the query was not answered before its deadline; retry'),
    );
  }

  #settle(): void {
    this.#settled = true;
    this.unlink();
  }
}
