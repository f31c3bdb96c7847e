/**
 * The network: a link from every host to every other one, each direction for itself. It loses, doubles,
 * replays, delays, reorders and damages frames, and links can be cut or clogged. Streams take the same ways
 * (`links.ts`).
 *
 * What it does to one frame depends on the seed and on the frames of that link alone, so that taking one
 * fault out of a run changes as little else as possible.
 */
import { crc32, type NodeId, type Random, seededRandom, utf8 } from '@quorate/core';
import type { Schedule } from '../world/schedule.ts';
import type { NetworkConditions } from './conditions.ts';

/** Takes a frame at its destination. */
export type Receive = (from: NodeId, frame: Uint8Array) => void;

/** What became of frames. */
export interface NetworkCounts {
  sent: number;
  delivered: number;
  lost: number;
  duplicated: number;
  replayed: number;
  corrupted: number;
  /** Sent or under way where the link was cut. */
  cut: number;
  /** More was under way than a link holds. */
  overflowed: number;
}

/** One direction between two hosts, as far as streams are concerned. */
export interface Way {
  readonly random: Random;
  /** Whether nothing gets through: what must not be lost has to wait. */
  readonly isHeld: boolean;
  /** Runs once it is open again, behind what waits already. */
  whenOpen(run: () => void): void;
}

/** One direction between two hosts. */
class Link implements Way {
  readonly random: Random;
  /** How many faults hold it cut. */
  cuts = 0;
  clogs = 0;
  clogged: (() => void)[] = [];
  /** Nothing arrives before this, where frames keep their order. */
  lastArrival = 0;
  underWayBytes = 0;
  /** Frames that may be replayed. */
  readonly past: Uint8Array[] = [];
  #waiting: (() => void)[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  get isHeld(): boolean {
    return this.cuts > 0 || this.clogs > 0;
  }

  whenOpen(run: () => void): void {
    this.#waiting.push(run);
  }

  /** To be called where it may be open again. */
  release(): void {
    if (this.isHeld) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }
}

/** Bytes under way on a link; beyond, frames are dropped, as by a full queue of a transport. */
const maxUnderWayBytes = 4 * 2 ** 20;

/** So many frames of a link are remembered for a replay. */
const rememberedFrames = 8;

/** The links of a group. */
export class Network {
  conditions: NetworkConditions;
  readonly counts: NetworkCounts = {
    sent: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    replayed: 0,
    corrupted: 0,
    cut: 0,
    overflowed: 0,
  };
  readonly #schedule: Schedule;
  readonly #seed: number;
  readonly #receivers = new Map<NodeId, Receive>();
  /** By sender, then by receiver. */
  readonly #links = new Map<string, Map<string, Link>>();
  /** What holds where there is no storm. */
  readonly #usual: NetworkConditions;
  readonly #storms: NetworkConditions[] = [];

  constructor(schedule: Schedule, seed: number, conditions: NetworkConditions) {
    this.#schedule = schedule;
    this.#seed = seed;
    this.conditions = this.#usual = conditions;
  }

  /** From now on this one takes the frames for a node; `undefined`: nobody does. */
  attach(node: NodeId, receive: Receive | undefined): void {
    if (receive === undefined) this.#receivers.delete(node);
    else this.#receivers.set(node, receive);
  }

  /** Other conditions hold until the function that it returns is called; of several those that came last. */
  storm(conditions: NetworkConditions): () => void {
    this.#storms.push(conditions);
    this.conditions = conditions;
    return once(() => {
      this.#storms.splice(this.#storms.indexOf(conditions), 1);
      this.conditions = this.#storms.at(-1) ?? this.#usual;
    });
  }

  /** Cuts links until the function that it returns is called. Frames under way are lost, streams wait. */
  cut(links: readonly (readonly [from: string, to: string])[]): () => void {
    const held = links.map(([from, to]) => this.#link(from, to));
    for (const link of held) link.cuts += 1;
    return once(() => {
      for (const link of held) {
        link.cuts -= 1;
        link.release();
      }
    });
  }

  /** Holds everything on these links up until the function that it returns is called. Nothing is lost. */
  clog(links: readonly (readonly [from: string, to: string])[]): () => void {
    const held = links.map(([from, to]) => this.#link(from, to));
    for (const link of held) link.clogs += 1;
    return once(() => {
      for (const link of held) {
        link.clogs -= 1;
        if (link.clogs > 0) continue;
        for (const deliver of link.clogged.splice(0)) deliver();
        link.release();
      }
    });
  }

  /** The way that streams from one host to another take. */
  way(from: string, to: string): Way {
    return this.#link(from, to);
  }

  /** Sends a frame, which belongs to the network from now on. */
  send(from: NodeId, to: NodeId, frame: Uint8Array): void {
    const link = this.#link(from, to);
    const { random } = link;
    const { loss, duplication, replay } = this.conditions;
    this.counts.sent += 1;
    if (link.cuts > 0) {
      this.counts.cut += 1;
      return;
    }
    if (link.underWayBytes + frame.length > maxUnderWayBytes) {
      this.counts.overflowed += 1;
      return;
    }
    if (random.chance(loss)) this.counts.lost += 1;
    else this.#carry(from, to, link, frame);
    if (random.chance(duplication)) {
      this.counts.duplicated += 1;
      // Whoever receives a frame owns it: each copy has bytes of its own.
      this.#carry(from, to, link, frame.slice());
    }
    if (replay === 0) return;
    if (link.past.length > 0 && random.chance(replay)) {
      this.counts.replayed += 1;
      this.#carry(from, to, link, random.pick(link.past).slice());
    }
    if (link.past.length === rememberedFrames) link.past.splice(random.below(rememberedFrames), 1);
    link.past.push(frame.slice());
  }

  #carry(from: NodeId, to: NodeId, link: Link, frame: Uint8Array): void {
    const { delayMs, reordering, corruption } = this.conditions;
    const { random } = link;
    let arrival = this.#schedule.now + random.between(...delayMs);
    if (!reordering) arrival = link.lastArrival = Math.max(arrival, link.lastArrival);
    link.underWayBytes += frame.length;
    const damaged = corruption > 0 && random.chance(corruption) && this.#isDamaged(frame, random);
    const arrive = (): void => {
      if (link.clogs > 0) {
        link.clogged.push(arrive);
        return;
      }
      link.underWayBytes -= frame.length;
      if (link.cuts > 0) this.counts.cut += 1;
      else if (!damaged) this.#deliver(from, to, frame);
    };
    this.#schedule.at(arrival, undefined, arrive);
  }

  /** Flips bits on the way. @returns whether the checksum of a transport notices, as it does. */
  #isDamaged(frame: Uint8Array, random: Random): boolean {
    if (frame.length === 0) return false;
    const arriving = frame.slice();
    for (let flips = 1 + random.below(4); flips > 0; flips--) {
      const at = random.below(arriving.length);
      arriving[at] = (arriving[at] ?? 0) ^ (1 << random.below(8));
    }
    // Two flips may meet. Nothing else escapes a CRC of so few bits, so nothing damaged gets through.
    const damaged = crc32(arriving) !== crc32(frame);
    if (damaged) this.counts.corrupted += 1;
    return damaged;
  }

  #deliver(from: NodeId, to: NodeId, frame: Uint8Array): void {
    const receive = this.#receivers.get(to);
    if (receive === undefined) {
      this.counts.lost += 1;
      return;
    }
    this.counts.delivered += 1;
    receive(from, frame);
  }

  #link(from: string, to: string): Link {
    let links = this.#links.get(from);
    if (links === undefined) this.#links.set(from, (links = new Map<string, Link>()));
    let link = links.get(to);
    if (link === undefined) {
      link = new Link(seededRandom(this.#seed + crc32(utf8(`${from} ${to}`))));
      links.set(to, link);
    }
    return link;
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
