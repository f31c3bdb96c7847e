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

/** Gathers frames and writes them to a link. Small parts are copied, large ones referred to. */
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
    this.#gathered.fields
      .u8(type)
      .u32(payloadBytes)
      .u32(checksum(type, parts, this.#platform));
    for (const part of parts) this.#gathered.raw(part);
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
    this.#wroteSinceAsked = true;
    this.#counters.socket_writes += 1;
    this.#link.write(this.#gathered.take());
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

  #flushIfPossible(): void {
    // While the link is still busy with earlier bytes, frames gather here: they leave in one
    // write when it has drained, where the link would keep them as a list of its own.
    if (!this.#open || this.#wroteThisTurn || this.#gatheredFrames === 0) return;
    if (this.#link.needsDrain) return;
    this.#wroteThisTurn = true;
    this.#turns.add(this);
    this.flush();
  }
}
