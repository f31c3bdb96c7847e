/**
 * The place of one command in a session: its number, which it keeps through all attempts, and what is known of
 * those.
 */
import type { ByteReader, LogIndex, QuorateError } from '@quorate/core';
import type { Flight } from '../flights.ts';
import type { Call, Standing } from './call.ts';

/** Whoever has given the places away. */
export interface PlaceOwner<R> {
  /** The command has happened or was skipped. @param unconfirmedAt where, if not every voter is known to have it. */
  settled(place: Place<R>, reply: ByteReader, unconfirmedAt: LogIndex | undefined): void;
  refused(place: Place<R>, error: QuorateError): void;
  /** The command has happened or was skipped, and its reply of so many bytes is not taken here. */
  withheld(place: Place<R>, bytes: number): void;
  /** Whether it arrived is not known. */
  lost(place: Place<R>): void;
}

/** A command with a number. */
export class Place<R> implements Standing, Flight {
  /** From 1, without a gap. */
  readonly sequence: number;
  readonly call: Call<R>;
  /** Handed to the connection in use, and not back yet. */
  isUnderWay = false;
  /** Its outcome is known to be final: applied, refused, or skipped. */
  isDone = false;
  /** Some attempt that ended without an answer may have been carried out, or may be yet. */
  #wasLost = false;
  readonly #owner: PlaceOwner<R>;

  constructor(owner: PlaceOwner<R>, sequence: number, call: Call<R>) {
    this.#owner = owner;
    this.sequence = sequence;
    this.call = call;
    call.standing = this;
  }

  get uncertain(): boolean {
    return this.#wasLost || this.isUnderWay;
  }

  /** An attempt has ended without an answer. */
  lose(): void {
    this.#wasLost = true;
  }

  answered(reply: ByteReader): void {
    this.isUnderWay = false;
    this.#owner.settled(this, reply, undefined);
  }

  unconfirmed(reply: ByteReader, index: LogIndex): void {
    this.isUnderWay = false;
    this.#owner.settled(this, reply, index);
  }

  refused(error: QuorateError): void {
    this.isUnderWay = false;
    this.#owner.refused(this, error);
  }

  withheld(bytes: number): void {
    this.isUnderWay = false;
    this.#owner.withheld(this, bytes);
  }

  lost(): void {
    this.isUnderWay = false;
    this.#wasLost = true;
    this.#owner.lost(this);
  }
}
