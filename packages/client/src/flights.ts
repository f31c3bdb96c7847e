/**
 * What is under way on the connection in use: each request by its number, and who waits for the answer.
 */
import type { ByteReader, LogIndex, NodeId, QuorateError, RequestId } from '@quorate/core';
import type { ReplyHandler } from './protocol/replies.ts';

/** Somebody who waits for the answer to a request. Exactly one of the first five is called, unless it is a watch. */
export interface Flight {
  answered(reply: ByteReader): void;
  unconfirmed(reply: ByteReader, index: LogIndex): void;
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

/** Fewest slots of the table; always a power of two. */
const leastSlots = 64;

interface Entry {
  readonly id: RequestId;
  readonly flight: Flight;
}

/**
 * All requests under way.
 *
 * A request stands in the slot that the low bits of its number name, and a number whose slot is taken is passed over.
 * So nothing ever collides, and what has landed is gone from here: a `Map` keeps its entries until it is rebuilt, and
 * each table that it has outgrown keeps alive, for the collector of young objects, all that was in it and comes after it.
 */
export class Flights implements ReplyHandler {
  readonly #onLeader: (leader: NodeId | undefined) => void;
  readonly #onRefused: (error: QuorateError) => void;
  #ids = new Uint32Array(leastSlots);
  #flights: (Flight | undefined)[] = emptySlots(leastSlots);
  #mask: number = leastSlots - 1;
  #size = 0;
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
    return this.#size;
  }

  /** Takes somebody in. @returns the number of the request. */
  add(flight: Flight): RequestId {
    // Half of the slots stay free, so that passing over the taken ones costs no more than the round itself.
    if (this.#size * 2 > this.#mask) this.#grow();
    while (this.#flights[this.#nextId & this.#mask] !== undefined) this.#countUp();
    const id = this.#nextId;
    this.#countUp();
    this.#put(id, flight);
    this.#size += 1;
    return id;
  }

  /**
   * Whether a request that was under way at the last call of this still is. Costs requests nothing, and watches,
   * whose answers may be long in coming, do not count.
   */
  look(): boolean {
    const overdue = this.#oldest !== undefined && this.#find(this.#oldest) !== undefined;
    this.#oldest = this.#inOrder().find(({ flight }) => flight.events === undefined)?.id;
    return overdue;
  }

  /** Nobody waits for this one any more. */
  forget(id: RequestId): void {
    this.#take(id);
  }

  /** The connection is gone, and all answers with it. */
  lost(): void {
    const all = this.#inOrder();
    this.#flights.fill(undefined);
    this.#size = 0;
    for (const { flight } of all) flight.lost();
  }

  answered(id: RequestId, reply: ByteReader): void {
    this.#take(id)?.answered(reply);
  }

  unconfirmed(id: RequestId, reply: ByteReader, index: LogIndex): void {
    this.#take(id)?.unconfirmed(reply, index);
  }

  refused(id: RequestId, error: QuorateError): void {
    this.#onRefused(error);
    this.#take(id)?.refused(error);
  }

  events(id: RequestId, events: readonly Uint8Array[], rest: Uint8Array): void {
    this.#find(id)?.events?.(events, rest);
  }

  withheld(id: RequestId, bytes: number): void {
    this.#take(id)?.withheld(bytes);
  }

  leader(leader: NodeId | undefined): void {
    this.#onLeader(leader);
  }

  #find(id: RequestId): Flight | undefined {
    const slot = id & this.#mask;
    return this.#ids[slot] === id ? this.#flights[slot] : undefined;
  }

  #take(id: RequestId): Flight | undefined {
    const flight = this.#find(id);
    if (flight === undefined) return undefined;
    this.#flights[id & this.#mask] = undefined;
    this.#size -= 1;
    return flight;
  }

  #put(id: RequestId, flight: Flight): void {
    const slot = id & this.#mask;
    this.#ids[slot] = id;
    this.#flights[slot] = flight;
  }

  #countUp(): void {
    this.#nextId = (this.#nextId + 1) % numbers;
  }

  /** What had slots of its own among fewer has slots of its own among more. */
  #grow(): void {
    const all = this.#inOrder();
    const slots = 2 * (this.#mask + 1);
    this.#mask = slots - 1;
    this.#ids = new Uint32Array(slots);
    this.#flights = emptySlots(slots);
    for (const { id, flight } of all) this.#put(id, flight);
  }

  /** Everything under way, the oldest first. */
  #inOrder(): readonly Entry[] {
    const entries: Entry[] = [];
    for (const [slot, flight] of this.#flights.entries()) {
      if (flight !== undefined) entries.push({ id: this.#ids[slot] ?? 0, flight });
    }
    // By how long ago their numbers were given, which have gone round at most once since.
    const age = ({ id }: Entry): number => (this.#nextId - id + numbers) % numbers;
    return entries.sort((left, right) => age(right) - age(left));
  }
}

function emptySlots(count: number): (Flight | undefined)[] {
  return new Array<Flight | undefined>(count).fill(undefined);
}
