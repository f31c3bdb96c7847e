/**
 * What waits for one connection, and how it leaves: at most one write of the link in a turn.
 *
 * The first frame of a turn is written at once: the driver sends one frame per peer and turn
 * anyway, and waiting for the end of the turn would only add to the latency of a lone command.
 * Frames that follow in the same turn are gathered and leave together in the next one.
 */
import { ByteWriter, FrameWriter, type Runtime } from '@quorate/core';
import { checksum } from './framing.ts';
import type { Link, Platform } from './link.ts';

/** Payloads below this size are copied, so that whoever sent one may write over it. */
export const copiedBelowBytes: number = 16 * 1024;

/**
 * Small frames, those of all connections of the process behind each other, each taken as soon as it is written. A
 * connection that is one of many takes long to fill a slab of its own, and memory that has grown old is freed only by
 * a collection of the whole heap.
 */
const smallFrames: ByteWriter = new ByteWriter();

/** Tells outboxes that the turn in which they wrote is over; one callback for all of them. */
export class Turns {
  readonly #runtime: Runtime;
  #wrote: Outbox[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  add(outbox: Outbox): void {
    this.#wrote.push(outbox);
    if (this.#wrote.length === 1) this.#runtime.nextTurn(this.#end);
  }

  readonly #end = (): void => {
    const wrote = this.#wrote;
    this.#wrote = [];
    for (const outbox of wrote) outbox.turnEnded();
  };
}

/** What an outbox counts. */
export interface WriteCounters {
  /** Writes of the link, each with all frames that had gathered. */
  socket_writes: number;
}

/** Gathers frames and writes them to a link. Small payloads are copied, of larger ones the large parts referred to. */
export class Outbox {
  readonly #link: Link;
  readonly #turns: Turns;
  readonly #platform: Platform;
  readonly #counters: WriteCounters;
  readonly #gathered = new FrameWriter(new ByteWriter());
  #gatheredFrames = 0;
  #open = false;
  #wroteThisTurn = false;
  #wroteSinceAsked = false;

  constructor(link: Link, turns: Turns, platform: Platform, counters: WriteCounters) {
    this.#link = link;
    this.#turns = turns;
    this.#platform = platform;
    this.#counters = counters;
  }

  /** Bytes that have not reached the operating system yet. */
  get waitingBytes(): number {
    return this.#gathered.length + this.#link.waitingBytes;
  }

  /** Frames that have not been given to the link yet. */
  get waitingFrames(): number {
    return this.#gatheredFrames;
  }

  /** Lets frames out from now on; what was gathered leaves at once. */
  open(): void {
    this.#open = true;
    this.#flushIfPossible();
  }

  push(type: number, parts: readonly Uint8Array[], payloadBytes: number): void {
    const crc = checksum(type, parts, this.#platform);
    const isSmall = payloadBytes < copiedBelowBytes;
    if (isSmall && this.#gatheredFrames === 0 && this.#mayWrite) {
      smallFrames.u8(type).u32(payloadBytes).u32(crc);
      for (const part of parts) smallFrames.raw(part);
      this.#beginTurn();
      this.#write([smallFrames.take()]);
      return;
    }
    this.#gathered.fields.u8(type).u32(payloadBytes).u32(crc);
    for (const part of parts) {
      if (isSmall) this.#gathered.copy(part);
      else this.#gathered.raw(part);
    }
    this.#gatheredFrames += 1;
    this.#flushIfPossible();
  }

  /** Throws away what was gathered. @returns how many frames that were. */
  clear(): number {
    const frames = this.#gatheredFrames;
    this.#gathered.take();
    this.#gatheredFrames = 0;
    return frames;
  }

  /** Gives everything to the link, whatever the turn. For the end of a connection. */
  flush(): void {
    if (this.#gatheredFrames === 0) return;
    this.#gatheredFrames = 0;
    this.#write(this.#gathered.take());
  }

  /** Whether anything was written since this was asked last. */
  askWhetherWritten(): boolean {
    const written = this.#wroteSinceAsked;
    this.#wroteSinceAsked = false;
    return written;
  }

  /** The link has passed on everything that it was given. */
  drained(): void {
    this.#flushIfPossible();
  }

  turnEnded(): void {
    this.#wroteThisTurn = false;
    this.#flushIfPossible();
  }

  /**
   * While the link is still busy with earlier bytes, frames gather here: they leave in one write when it has drained,
   * where the link would keep them as a list of its own.
   */
  get #mayWrite(): boolean {
    return this.#open && !this.#wroteThisTurn && !this.#link.needsDrain;
  }

  #flushIfPossible(): void {
    if (this.#gatheredFrames === 0 || !this.#mayWrite) return;
    this.#beginTurn();
    this.flush();
  }

  #beginTurn(): void {
    this.#wroteThisTurn = true;
    this.#turns.add(this);
  }

  #write(pieces: readonly Uint8Array[]): void {
    this.#wroteSinceAsked = true;
    this.#counters.socket_writes += 1;
    this.#link.write(pieces);
  }
}
