/**
 * Everything that exists only while a node leads, in one object that dies with its term.
 *
 * Stepping down drops the object, so nothing of a former leadership (a confirmed round, a window, a
 * promise to a caller) can leak into a later one.
 */
import { type LogIndex, memberIds, type Membership, type NodeId, type Ticket } from '@quorate/core';
import { Lease, type LocalEffects, Marks, ReadRounds } from '@quorate/core/engines';
import type { RaftLog } from './log.ts';
import type { RaftSettings } from './options.ts';
import { Progress } from './progress.ts';

/** A membership change that somebody waits for. */
export interface PendingChange {
  readonly ticket: Ticket;
  /** Index of the joint membership, later of the final one. */
  index: LogIndex;
}

/** One leadership, from election to the end of it. */
export class Leadership {
  /** The no-op of this term; whatever is committed from here on is of this term. */
  readonly firstIndex: LogIndex;
  readonly electedAt: number;
  readonly peers: Map<NodeId, Progress> = new Map<NodeId, Progress>();
  readonly reads: ReadRounds = new ReadRounds();
  readonly lease: Lease;
  change: PendingChange | undefined;
  /** When every peer is to hear something again. */
  heartbeatAt: number;
  /** A follower's or the own disk's progress may have moved the commit index. */
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

  readonly #node: NodeId;
  readonly #settings: RaftSettings;
  readonly #now: () => number;
  /** Index and bytes ever proposed by then. */
  readonly #proposals = new Marks();
  #proposedBytes = 0;
  #settledBytes = 0;

  constructor(
    node: NodeId,
    firstIndex: LogIndex,
    membership: Membership,
    settings: RaftSettings,
    now: () => number,
  ) {
    this.#node = node;
    this.#settings = settings;
    this.#now = now;
    this.firstIndex = firstIndex;
    this.electedAt = now();
    this.contactAt = this.electedAt;
    this.changedAt = this.electedAt;
    this.heartbeatAt = this.electedAt + settings.heartbeatMs;
    this.lease = new Lease(settings.electionTimeoutMs, settings.maxClockDrift);
    for (const id of memberIds(membership)) if (id !== node) this.#addPeer(id, firstIndex, true);
  }

  /** Bytes of this leader's proposals that are not committed yet, or not durable here. */
  get unsettledBytes(): number {
    return this.#proposedBytes - this.#settledBytes;
  }

  proposed(index: LogIndex, bytes: number): void {
    this.#proposedBytes += bytes;
    this.#proposals.push(index, this.#proposedBytes);
  }

  settled(index: LogIndex): void {
    this.#settledBytes = this.#proposals.reach(index) ?? this.#settledBytes;
  }

  /**
   * Follows a new membership: new members are probed, those that went stay until they have been
   * told (see `replication.ts`).
   */
  syncPeers(log: RaftLog): void {
    const wanted = new Set(memberIds(log.memberships.current));
    wanted.delete(this.#node);
    for (const peer of this.peers.values()) {
      if (wanted.has(peer.id)) {
        peer.leavingIndex = undefined;
        peer.forgetAt = Number.POSITIVE_INFINITY;
      } else {
        peer.leavingIndex ??= log.lastIndex;
      }
    }
    for (const id of wanted) if (!this.peers.has(id)) this.#addPeer(id, log.lastIndex + 1, false);
    this.changedAt = this.#now();
    this.progressed = true;
    this.answered = true;
  }

  /** Every peer is to hear something with this turn. */
  markAllDue(): void {
    for (const peer of this.peers.values()) peer.due = true;
  }

  /** Everybody whose answer counts is to hear something with this turn. */
  markVotersDue({ voters, outgoing }: Membership): void {
    for (const list of [voters, outgoing]) {
      for (const { id } of list) {
        const peer = this.peers.get(id);
        if (peer !== undefined) peer.due = true;
      }
    }
  }

  /** Tells those who wait that leadership is over. */
  end(outbox: LocalEffects, leader: NodeId | undefined): void {
    this.reads.abandon(outbox, leader);
    // The entry may survive under the next leader.
    if (this.change !== undefined) outbox.unknown(this.change.ticket);
  }

  #addPeer(id: NodeId, nextIndex: LogIndex, carriesRecords: boolean): void {
    const activeWithin = (heardAt: number | undefined): boolean =>
      heardAt !== undefined && this.#now() - heardAt < this.#settings.electionTimeoutMs;
    this.peers.set(id, new Progress(id, nextIndex, carriesRecords, activeWithin));
  }
}
