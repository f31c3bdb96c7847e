/**
 * The network between the nodes: every message goes through the algorithm's codec, and then it is
 * delayed, dropped, doubled, overtaken, replayed or held up by a partition.
 *
 * It never corrupts a message and never lies about its sender, as the transport port promises.
 */
import { ByteReader, concatBytes, equalBytes, FrameWriter } from '@quorate/core';
import type { Algorithm, NodeId, Random } from '@quorate/core';
import type { Conditions } from './conditions.ts';
import type { Schedule } from './schedule.ts';

/** What a tap does with a message that is about to enter the network. */
export type Verdict = 'pass' | 'drop' | 'hold';

/** Looks at every message on its way in, for scripted scenarios. */
export type Tap<Message> = (from: NodeId, to: NodeId, message: Message) => Verdict;

interface Packet {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly frame: Uint8Array;
}

/** Where messages arrive. */
export type Receive<Message> = (from: NodeId, to: NodeId, message: Message) => void;

/** How many old messages can come back. */
const memoryOfPackets = 256;

/** The network of one cluster. */
export class SimNetwork<Message> {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #conditions: Conditions;
  readonly #algorithm: Algorithm<Message>;
  readonly #receive: Receive<Message>;
  readonly #cuts = new Set<string>();
  readonly #lastArrival = new Map<string, number>();
  readonly #old: Packet[] = [];
  #held: Packet[] = [];
  readonly #writer = new FrameWriter();
  #decoded = 0;
  /** Messages of an earlier group do not arrive. */
  #group = 0;
  /** For scripted scenarios; random faults come after it. */
  tap: Tap<Message> = () => 'pass';
  /** Frames that entered the network, and their bytes. */
  frames = 0;
  bytes = 0;

  constructor(
    algorithm: Algorithm<Message>,
    schedule: Schedule,
    random: Random,
    conditions: Conditions,
    receive: Receive<Message>,
  ) {
    this.#algorithm = algorithm;
    this.#schedule = schedule;
    this.#random = random;
    this.#conditions = conditions;
    this.#receive = receive;
  }

  /** Puts a message into the network and returns its frame. */
  send(from: NodeId, to: NodeId, message: Message): Uint8Array {
    const frame = this.#encode(message);
    this.frames += 1;
    this.bytes += frame.length;
    const packet = { from, to, frame };
    switch (this.tap(from, to, message)) {
      case 'drop':
        return frame;
      case 'hold':
        this.#held.push(packet);
        return frame;
      case 'pass':
        this.#route(packet);
    }
    return frame;
  }

  /** Cuts the link in one direction. What is already under way on it is lost, too. */
  cut(from: NodeId, to: NodeId): void {
    this.#cuts.add(`${from}>${to}`);
  }

  mend(from: NodeId, to: NodeId): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  mendAll(): void {
    this.#cuts.clear();
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Lets go what a tap held back, in order; the tap does not see it again. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const packet of held) this.#route(packet);
  }

  /** Forgets what a tap held back. */
  dropHeld(): void {
    this.#held = [];
  }

  /** Another group, which has its own messages: nothing that is under way arrives any more. */
  regroup(): void {
    this.#group += 1;
    this.#old.length = 0;
    this.#held = [];
  }

  #route(packet: Packet): void {
    const { dropRate, duplicateRate, replayRate } = this.#conditions;
    this.#remember(packet);
    if (!this.#random.chance(dropRate)) this.#carry(packet);
    if (duplicateRate > 0 && this.#random.chance(duplicateRate)) this.#carry(packet);
    if (replayRate > 0 && this.#random.chance(replayRate))
      this.#carry(this.#random.pick(this.#old));
  }

  #carry(packet: Packet): void {
    const { delayMs, reorder } = this.#conditions;
    const link = `${packet.from}>${packet.to}`;
    let arrival = this.#schedule.now + this.#random.between(delayMs[0], delayMs[1]);
    if (!reorder) {
      arrival = Math.max(arrival, this.#lastArrival.get(link) ?? 0);
      this.#lastArrival.set(link, arrival);
    }
    if (this.isCut(packet.from, packet.to)) return;
    const group = this.#group;
    this.#schedule.at(arrival, () => {
      if (group !== this.#group || this.isCut(packet.from, packet.to)) return;
      this.#receive(packet.from, packet.to, this.#decode(packet.frame));
    });
  }

  #remember(packet: Packet): void {
    if (this.#old.length < memoryOfPackets) this.#old.push(packet);
    // One in eight takes the place of another, so that some of them grow really old.
    else if (this.#random.chance(1 / 8)) this.#old[this.#random.below(memoryOfPackets)] = packet;
  }

  #encode(message: Message): Uint8Array {
    this.#algorithm.codec.encode(message, this.#writer);
    // Bytes of its own: sender and receiver share nothing.
    return concatBytes(this.#writer.take()).slice();
  }

  #decode(frame: Uint8Array): Message {
    const reader = new ByteReader(frame.slice());
    const message = this.#algorithm.codec.decode(reader);
    reader.end();
    // Every eighth is enough to notice a codec that loses something, and costs little.
    if (++this.#decoded % 8 === 0 && !equalBytes(this.#encode(message), frame)) {
      throw new Error('a message comes out of its codec other than it went in');
    }
    return message;
  }
}
