/**
 * One end of a link inside a process, and the way that its bytes take.
 */
import { concatBytes, type Runtime, type Timer } from '@quorate/core';
import type { Identity, Link, LinkEnd, LinkHandler } from '@quorate/connections';

/** What ends need from the network that they are part of. */
export interface LinkWorld {
  readonly runtime: Runtime;
  /** Ends that are not closed. */
  readonly ends: Set<MemoryLink>;
  isCut(left: string, right: string): boolean;
  drawDelayMs(): number;
}

/** From here on whoever writes should wait: what a socket holds. */
const highWaterBytes = 64 * 1024;

interface Underway {
  /** Runtime ms. */
  readonly dueAt: number;
  readonly bytes: number;
  readonly arrive: () => void;
}

/** One direction between two ends: what is under way, in order. */
export class Pipe {
  readonly #world: LinkWorld;
  readonly #from: string;
  readonly #to: string;
  #underway: Underway[] = [];
  #lastDueAt = 0;
  #isPlanned = false;
  #timer: Timer | undefined;
  waitingBytes = 0;

  constructor(world: LinkWorld, from: string, to: string) {
    this.#world = world;
    this.#from = from;
    this.#to = to;
  }

  /** Puts something on its way; it arrives in a later turn, behind everything before it. */
  post(bytes: number, arrive: () => void): void {
    const dueAt = this.#world.runtime.now() + this.#world.drawDelayMs();
    this.#lastDueAt = Math.max(dueAt, this.#lastDueAt);
    this.#underway.push({ dueAt: this.#lastDueAt, bytes, arrive });
    this.waitingBytes += bytes;
    this.plan();
  }

  /** Plans the next arrival, unless the way is cut: then whoever mends it asks again. */
  plan(): void {
    const [first] = this.#underway;
    if (this.#isPlanned || first === undefined) return;
    if (this.#world.isCut(this.#from, this.#to)) return;
    const { runtime } = this.#world;
    this.#isPlanned = true;
    const leftMs = first.dueAt - runtime.now();
    const deliver = (): void => this.#deliver();
    if (leftMs > 0) this.#timer = runtime.setTimer(leftMs, deliver);
    else runtime.nextTurn(deliver);
  }

  /** What is under way never arrives. */
  clear(): void {
    this.#underway = [];
    this.waitingBytes = 0;
    this.#timer?.cancel();
  }

  #deliver(): void {
    this.#isPlanned = false;
    this.#timer = undefined;
    const { runtime } = this.#world;
    if (!this.#world.isCut(this.#from, this.#to)) {
      const now = runtime.now();
      let count = 0;
      while (count < this.#underway.length && (this.#underway[count]?.dueAt ?? 0) <= now) count++;
      // One by one: what arrives may clear the rest. And no more than was due before, or two ends
      // that answer each other at once would never let go of the turn.
      for (; count > 0; count--) {
        const next = this.#underway.shift();
        if (next === undefined) break;
        this.waitingBytes -= next.bytes;
        next.arrive();
      }
    }
    this.plan();
  }
}

/** What an end finds out when it opens. */
export type Found = { readonly identity: Identity | undefined } | { readonly end: LinkEnd };

/** One end of a link. */
export class MemoryLink implements Link {
  readonly host: string;
  readonly remote: string;
  readonly remoteHost: string;
  readonly #world: LinkWorld;
  readonly #out: Pipe;
  #other: MemoryLink | undefined;
  #handler: LinkHandler | undefined;
  #state: 'opening' | 'open' | 'unproven' | 'closed' = 'opening';
  #hasEnded = false;
  #wantsDrain = false;

  constructor(world: LinkWorld, host: string, remoteHost: string, out: Pipe) {
    this.#world = world;
    this.host = host;
    this.remote = remoteHost;
    this.remoteHost = remoteHost;
    this.#out = out;
    world.ends.add(this);
  }

  get waitingBytes(): number {
    return this.#out.waitingBytes;
  }

  get needsDrain(): boolean {
    const needs = this.#out.waitingBytes >= highWaterBytes;
    this.#wantsDrain ||= needs;
    return needs;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#hasEnded || this.closed) return;
    // Always a copy: the bytes are the receiver's, who may write into them.
    const chunk = concatBytes([new Uint8Array(0), ...pieces]);
    this.#out.post(chunk.length, () => {
      this.#other?.receive(chunk);
      if (this.#wantsDrain && this.#out.waitingBytes === 0) {
        this.#wantsDrain = false;
        if (!this.closed) this.#handler?.drained();
      }
    });
  }

  end(): void {
    if (this.#hasEnded || this.closed) return;
    this.#hasEnded = true;
    this.#out.post(0, () => this.#other?.otherSideEnded());
  }

  destroy(): void {
    if (this.closed) return;
    // What was written is the system's by now, and still arrives; then the other end is told.
    this.end();
    this.#close({ code: 'LOST', detail: 'given up by this side' });
  }

  // What the network calls.

  attach(handler: LinkHandler): void {
    this.#handler = handler;
  }

  connect(other: MemoryLink): void {
    this.#other = other;
  }

  open(found: Found): void {
    if (this.#state !== 'opening') return;
    if ('end' in found) {
      this.#state = 'unproven';
      this.#handler?.unproven(found.end);
    } else {
      this.#state = 'open';
      this.#handler?.opened(found.identity);
    }
  }

  receive(chunk: Uint8Array): void {
    if (this.#state === 'open') this.#handler?.data(chunk);
  }

  otherSideEnded(): void {
    if (this.closed) return;
    this.#handler?.otherSideEnded();
    // As sockets do: nobody talks to a side that has left.
    this.end();
    this.#close({ code: 'CLOSED' });
  }

  /** The network has broken it, or nobody answers. */
  reset(end: LinkEnd): void {
    this.#out.clear();
    this.#close(end);
  }

  /** The way is mended. */
  resume(): void {
    this.#out.plan();
  }

  #close(end: LinkEnd): void {
    if (this.closed) return;
    this.#state = 'closed';
    this.#world.ends.delete(this);
    // Never from inside a call of this end.
    this.#world.runtime.nextTurn(() => this.#handler?.closed(end));
  }
}
