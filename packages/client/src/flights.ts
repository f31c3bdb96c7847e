/**
 * What is under way on the connection in use: each request by its number, and who waits for the answer.
 */
import type { LogIndex, NodeId, QuorateError, RequestId } from '@quorate/core';
import type { ReplyHandler } from './protocol/replies.ts';

/** Somebody who waits for the answer to a request. Exactly one of the first five is called, unless it is a watch. */
export interface Flight {
  answered(bytes: Uint8Array): void;
  unconfirmed(reply: Uint8Array, index: LogIndex): void;
  refused(error: QuorateError): void;
  /** There is an answer, of so many bytes, and it is over `maxFrameBytes` of this client. */
  withheld(bytes: number): void;
  /** The connection broke: whether the request arrived is not known. */
  lost(): void;
  /** Only watches: may come many times. */
  events?(events: readonly Uint8Array[], rest: Uint8Array): void;
}

/** Numbers go round; so many are never under way. */
const numbers = 2 ** 32;

/** All requests under way. */
export class Flights implements ReplyHandler {
  readonly #onLeader: (leader: NodeId | undefined) => void;
  readonly #onRefused: (error: QuorateError) => void;
  readonly #byId = new Map<RequestId, Flight>();
  #nextId = 1;
  /** The request that was the oldest one when it was looked last. */
  #oldest: RequestId | undefined;

  constructor(
    onLeader: (leader: NodeId | undefined) => void,
    onRefused: (error: QuorateError) => void,
  ) {
    this.#onLeader = onLeader;
    this.#onRefused = onRefused;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Takes somebody in. @returns the number of the request. */
  add(flight: Flight): RequestId {
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) % numbers;
    this.#byId.set(id, flight);
    return id;
  }

  /**
   * Whether a request that was under way at the last call of this still is. Costs requests nothing, and watches,
   * whose answers may be long in coming, do not count.
   */
  look(): boolean {
    const overdue = this.#oldest !== undefined && this.#byId.has(this.#oldest);
    this.#oldest = undefined;
    for (const [id, flight] of this.#byId) {
      if (flight.events !== undefined) continue;
      this.#oldest = id;
      break;
    }
    return overdue;
  }

  /** Nobody waits for this one any more. */
  forget(id: RequestId): void {
    this.#byId.delete(id);
  }

  /** The connection is gone, and all answers with it. */
  lost(): void {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    for (const flight of all) flight.lost();
  }

  answered(id: RequestId, bytes: Uint8Array): void {
    this.#take(id)?.answered(bytes);
  }

  unconfirmed(id: RequestId, reply: Uint8Array, index: LogIndex): void {
    this.#take(id)?.unconfirmed(reply, index);
  }

  refused(id: RequestId, error: QuorateError): void {
    this.#onRefused(error);
    this.#take(id)?.refused(error);
  }

  events(id: RequestId, events: readonly Uint8Array[], rest: Uint8Array): void {
    this.#byId.get(id)?.events?.(events, rest);
  }

  withheld(id: RequestId, bytes: number): void {
    this.#take(id)?.withheld(bytes);
  }

  leader(leader: NodeId | undefined): void {
    this.#onLeader(leader);
  }

  #take(id: RequestId): Flight | undefined {
    const flight = this.#byId.get(id);
    this.#byId.delete(id);
    return flight;
  }
}
