/**
 * One direction between two nodes: a queue of frames under way, ordered by when they are due.
 */
import type { NodeId, Random, Runtime, Timer } from '@quorate/core';
import type { Faults } from './faults.ts';

/** What a frame counts for besides its bytes, so that empty frames are bounded too. */
const frameOverheadBytes = 64;

/** What travels: the parts as they were handed over, one behind the other. */
export interface Frame {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

interface Underway {
  readonly frame: Frame;
  /** Runtime ms. */
  readonly dueAt: number;
}

/** What a route needs from the network that it is part of. */
export interface RouteNetwork {
  readonly runtime: Runtime;
  readonly random: Random;
  readonly faults: Faults;
  readonly maxQueuedBytes: number;
  /** Asks for a call of `deliver` in the next turn. */
  deliverNextTurn(route: Route): void;
  /** Hands over a frame that has arrived. */
  arrive(route: Route, frame: Frame): void;
}

/** Frames from one node to another. */
export class Route {
  readonly cluster: string;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly #network: RouteNetwork;
  readonly #underway: Underway[] = [];
  #queuedBytes = 0;
  /** When the last frame is due that was not held back: nothing that follows comes before it. */
  #lastDueAt = 0;
  /** Set while a delivery is planned; `Infinity` otherwise. */
  #deliveryAt = Infinity;
  #timer: Timer | undefined;

  constructor(network: RouteNetwork, cluster: string, from: NodeId, to: NodeId) {
    this.#network = network;
    this.cluster = cluster;
    this.from = from;
    this.to = to;
  }

  /** Whether a frame of this length still fits. One always does when nothing is under way. */
  hasRoomFor(frameBytes: number): boolean {
    return (
      this.#underway.length === 0 ||
      this.#queuedBytes + frameBytes + frameOverheadBytes <= this.#network.maxQueuedBytes
    );
  }

  /** Puts a frame on its way. @returns whether it is held back. */
  push(frame: Frame): boolean {
    const { runtime, random, faults } = this.#network;
    const now = runtime.now();
    const delayMs =
      faults.maxDelayMs > 0 ? random.between(faults.minDelayMs, faults.maxDelayMs) : 0;
    const heldBack = faults.reordering > 0 && random.chance(faults.reordering);
    let dueAt: number;
    if (heldBack) {
      dueAt = now + delayMs + random.between(0, faults.maxHoldMs);
    } else {
      dueAt = Math.max(now + delayMs, this.#lastDueAt);
      this.#lastDueAt = dueAt;
    }
    let at = this.#underway.length;
    while (at > 0 && (this.#underway[at - 1]?.dueAt ?? 0) > dueAt) at--;
    if (at === this.#underway.length) this.#underway.push({ frame, dueAt });
    else this.#underway.splice(at, 0, { frame, dueAt });
    this.#queuedBytes += frame.bytes + frameOverheadBytes;
    this.#plan(now);
    return heldBack;
  }

  /** Hands over everything that is due. */
  deliver(): void {
    this.#deliveryAt = Infinity;
    const now = this.#network.runtime.now();
    let count = 0;
    while (count < this.#underway.length && (this.#underway[count]?.dueAt ?? 0) <= now) count++;
    const arrived = this.#underway.splice(0, count);
    for (const { frame } of arrived) this.#queuedBytes -= frame.bytes + frameOverheadBytes;
    // Planned before anything is handed over: what a receiver throws must not stop the route.
    this.#plan(now);
    for (const { frame } of arrived) this.#network.arrive(this, frame);
  }

  #plan(now: number): void {
    const first = this.#underway[0];
    if (first === undefined || first.dueAt >= this.#deliveryAt) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (first.dueAt <= now) {
      // Never in the turn of the send: a node must not be entered from inside another one.
      this.#deliveryAt = -Infinity;
      this.#network.deliverNextTurn(this);
      return;
    }
    this.#deliveryAt = first.dueAt;
    this.#timer = this.#network.runtime.setTimer(first.dueAt - now, () => {
      this.#timer = undefined;
      this.deliver();
    });
  }
}
