/**
 * Everything that exists only while a node leads, in one object that dies with its ballot.
 *
 * Stepping down drops the object, so nothing of a former leadership (a count, a confirmed round, a
 * promise to a caller) can leak into a later one.
 */
import type { LogIndex, NodeId, Ticket } from '@quorate/core';
import { Lease, Marks, type Outbox, ReadRounds } from '@quorate/core/engines';
import type { Ballot } from './ballot.ts';
import type { PaxosMessage } from './messages.ts';
import type { PaxosNode } from './node.ts';
import { Peer } from './peer.ts';
import type { Phase1 } from './phase1.ts';
import type { ChangeUnderWay } from './reconfiguration.ts';
import { headerOf } from './record.ts';

/** A client's entry that waits for a slot. */
interface Waiting {
  readonly ticket: Ticket;
  readonly record: Uint8Array;
}

/** One leadership, from the end of phase 1 to the end of the ballot. */
export class Leadership {
  readonly ballot: Ballot;
  /** The header of every record that is proposed in it. */
  readonly header: Uint8Array;
  readonly phase1: Phase1;
  /** First slot that is proposed in this ballot. */
  readonly first: LogIndex;
  /** Once everything up to here is chosen, all that was ever decided before this ballot is known. */
  knowsAllFrom: LogIndex;
  readonly peers: Map<NodeId, Peer> = new Map<NodeId, Peer>();
  readonly reads: ReadRounds = new ReadRounds();
  readonly lease: Lease;
  change: ChangeUnderWay | undefined;

  /** The next slot to be proposed. */
  next: LogIndex;
  /** In slots up to here others may have voted. */
  recoverThrough: LogIndex;
  /** Slots up to here, behind those, are filled with no-ops. */
  fillThrough: LogIndex;
  /** Whether the record that settles the round has its slot. */
  settled = false;
  /** Slots up to here are filled with no-ops where nobody proposes anything. */
  hurryThrough: LogIndex = 0;

  /** When every peer is to hear something again. */
  heartbeatAt: number;
  /** Voters that have not promised are to be asked with this turn. */
  promisesDue = false;
  /** Something became durable somewhere. */
  progressed = true;
  /** An answer may have confirmed a read or extended the lease. */
  answered = true;
  /** What a quorum has answered was sent at this time, or the election was. */
  contactAt: number;
  /**
   * When the membership changed last: the voters of now have a whole election time-out to be heard
   * from, though some of them may not even be connected yet.
   */
  changedAt: number;

  readonly #window: number;
  #waiting: Waiting[] = [];
  #head = 0;
  /** Slot and bytes ever proposed by then. */
  readonly #proposals = new Marks();
  #takenBytes = 0;
  #proposedBytes = 0;
  #settledBytes = 0;

  /** @param highest the highest slot in which anybody may have voted, as far as phase 1 tells. */
  constructor(node: PaxosNode, phase1: Phase1, highest: LogIndex) {
    const { now, chosen, settings } = node;
    this.ballot = phase1.ballot;
    this.header = headerOf(phase1.ballot);
    this.phase1 = phase1;
    this.first = chosen + 1;
    this.next = this.first;
    this.#window = settings.window;
    this.recoverThrough = Math.max(highest, chosen);
    this.knowsAllFrom = this.recoverThrough;
    this.fillThrough = this.recoverThrough + this.#window;
    this.contactAt = now;
    this.changedAt = now;
    this.heartbeatAt = now + settings.heartbeatMs;
    this.lease = new Lease(settings.electionTimeoutMs, settings.maxClockDrift);
    // A change of voters that a former leader began takes effect sooner that way.
    this.hurryThrough = node.configurations.effectiveFrom - 1;
    for (const id of node.configurations.members()) if (id !== node.id) this.#addPeer(id, chosen);
  }

  /** Bytes that were taken in and are not chosen yet, or not durable here. */
  get unsettledBytes(): number {
    return this.#takenBytes + this.#proposedBytes - this.#settledBytes;
  }

  /** Whether a client's entry waits for a slot. */
  get hasWaiting(): boolean {
    return this.#head < this.#waiting.length;
  }

  enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#takenBytes += waiting.record.length;
  }

  dequeue(): Waiting | undefined {
    const waiting = this.#waiting[this.#head];
    if (waiting === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#waiting.length || this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#takenBytes -= waiting.record.length;
    return waiting;
  }

  /** The engine's own entry that is due, if there is one: it goes before those of clients. */
  takeOwn(slot: LogIndex): Uint8Array | undefined {
    const { change } = this;
    if (change?.record === undefined) return undefined;
    const { record } = change;
    change.record = undefined;
    change.index = slot;
    return record;
  }

  /** A former leader has got so far: somebody reported a vote in this slot, or that it is chosen. */
  sawUsed(slot: LogIndex): void {
    if (slot <= this.recoverThrough) return;
    this.recoverThrough = slot;
    this.knowsAllFrom = slot;
    if (this.settled) return;
    this.fillThrough = slot + this.#window;
  }

  /** Slots before this one need no proposal. */
  skipTo(slot: LogIndex): void {
    if (slot <= this.next) return;
    this.next = slot;
    this.sawUsed(slot - 1);
  }

  /** The next slot has its value. */
  proposed(slot: LogIndex, bytes: number): void {
    this.next = slot + 1;
    this.#proposedBytes += bytes;
    this.#proposals.push(slot, this.#proposedBytes);
    this.progressed = true;
  }

  /** Everything up to the slot is chosen and durable here. */
  settle(slot: LogIndex): void {
    this.#settledBytes = this.#proposals.reach(slot) ?? this.#settledBytes;
  }

  /**
   * Follows a membership that was just chosen: new members are spoken to, those that went stay until
   * they have been told (see `replication.ts`).
   */
  membershipChosen(node: PaxosNode): void {
    const { configurations, chosen, now } = node;
    const wanted = new Set(configurations.members());
    wanted.delete(node.id);
    for (const peer of this.peers.values()) {
      if (wanted.has(peer.id)) {
        peer.leavingIndex = undefined;
        peer.forgetAt = Number.POSITIVE_INFINITY;
      } else {
        peer.leavingIndex ??= chosen;
      }
    }
    for (const id of wanted) if (!this.peers.has(id)) this.#addPeer(id, 0);
    this.changedAt = now;
    this.progressed = true;
    this.answered = true;
    this.promisesDue = true;
  }

  /** Every peer is to hear something with this turn. */
  markAllDue(): void {
    for (const peer of this.peers.values()) peer.due = true;
  }

  /** Tells those who wait that leadership is over. */
  end(outbox: Outbox<PaxosMessage>, leader: NodeId | undefined): void {
    this.reads.abandon(outbox, leader);
    for (let waiting = this.dequeue(); waiting !== undefined; waiting = this.dequeue()) {
      outbox.rejectNotLeader(waiting.ticket, leader);
    }
    const { change } = this;
    if (change?.ticket === undefined) return;
    // What has a slot may be chosen under the next leader.
    if (change.index === undefined && !change.begun) outbox.rejectNotLeader(change.ticket, leader);
    else outbox.unknown(change.ticket);
  }

  #addPeer(id: NodeId, chosen: LogIndex): void {
    this.peers.set(id, new Peer(id, this.first, chosen));
  }
}
