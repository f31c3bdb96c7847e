/**
 * What waits for one connection, and how it leaves: at most one write of the socket in a turn.
 *
 * The first frame of a turn is written at once: the driver sends one frame per peer and turn
 * anyway, and waiting for the end of the turn would only add to the latency of a lone command.
 * Frames that follow in the same turn are gathered and leave together in the next one.
 */
import type { Socket } from 'node:net';
import { ByteWriter, FrameWriter, type Runtime } from '@quorate/core';
import type { TcpCounters } from './counters.ts';
import { checksum } from './framing.ts';

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

/** Gathers frames and writes them to a socket. Small parts are copied, large ones referred to. */
export class Outbox {
  readonly #socket: Socket;
  readonly #turns: Turns;
  readonly #counters: TcpCounters;
  readonly #gathered = new FrameWriter(new ByteWriter());
  #gatheredFrames = 0;
  #open = false;
  #wroteThisTurn = false;
  #wroteSinceAsked = false;

  constructor(socket: Socket, turns: Turns, counters: TcpCounters) {
    this.#socket = socket;
    this.#turns = turns;
    this.#counters = counters;
  }

  /** Bytes that have not reached the operating system yet. */
  get waitingBytes(): number {
    return this.#gathered.length + this.#socket.writableLength;
  }

  /** Frames that have not been given to the socket yet. */
  get waitingFrames(): number {
    return this.#gatheredFrames;
  }

  /** Lets frames out from now on; what was gathered leaves at once. */
  open(): void {
    this.#open = true;
    this.#flushIfPossible();
  }

  push(type: number, parts: readonly Uint8Array[], payloadBytes: number): void {
    this.#gathered.fields.u8(type).u32(payloadBytes).u32(checksum(type, parts));
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

  /** Gives everything to the socket, whatever the turn. For the end of a connection. */
  flush(): void {
    if (this.#gatheredFrames === 0) return;
    this.#gatheredFrames = 0;
    this.#wroteSinceAsked = true;
    this.#counters.socket_writes += 1;
    const pieces = this.#gathered.take();
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.#socket.write(only);
      return;
    }
    // Corked pieces leave in one `writev`.
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /** Whether anything was written since this was asked last. */
  askWhetherWritten(): boolean {
    const written = this.#wroteSinceAsked;
    this.#wroteSinceAsked = false;
    return written;
  }

  /** The socket has passed on everything that it was given. */
  drained(): void {
    this.#flushIfPossible();
  }

  turnEnded(): void {
    this.#wroteThisTurn = false;
    this.#flushIfPossible();
  }

  #flushIfPossible(): void {
    // While the socket is still busy with earlier bytes, frames gather here: they leave in one
    // write when it has drained, where the socket would keep them as a list of its own.
    if (!this.#open || this.#wroteThisTurn || this.#gatheredFrames === 0) return;
    if (this.#socket.writableNeedDrain) return;
    this.#wroteThisTurn = true;
    this.#turns.add(this);
    this.flush();
  }
}
