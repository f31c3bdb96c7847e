/**
 * Linearizable reads without a log entry (thesis, section 6.4: read index).
 *
 * All reads of one turn form a *round*. A round has a number of its own, which every append carries
 * and every reply hands back; the round is confirmed once a quorum has answered this or a later
 * one. Numbers are never used twice within a term, so a late reply confirms nothing that came after
 * it. Before the leader has committed in its own term its commit index may lag behind what the group
 * has decided (section 8 of the paper); a round that starts earlier is answered with the commit index
 * of that moment.
 */
import {
  type LogIndex,
  type NodeId,
  quorumValue,
  type ReadGuarantee,
  type Ticket,
} from '@quorate/core';
import type { Leadership } from './leadership.ts';
import type { RaftNode } from './node.ts';
import type { Outbox } from './outbox.ts';

interface ReadRound {
  readonly round: number;
  /** `undefined` where the leader did not know yet what is decided. */
  readonly index: LogIndex | undefined;
  readonly tickets: readonly Ticket[];
}

/** The reads that one leadership has to confirm. */
export class Reads {
  #round = 0;
  #open: Ticket[] = [];
  #waiting: ReadRound[] = [];
  #pending = 0;

  /** The latest round that was started. */
  get round(): number {
    return this.#round;
  }

  /** Reads that wait, started or not. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether a round waits for answers. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes a read into the next round. */
  add(ticket: Ticket): void {
    this.#open.push(ticket);
    this.#pending++;
  }

  /**
   * Starts a round with everything that came since the last one.
   *
   * @param index the commit index, if it covers everything that was decided before the reads came.
   * @returns whether there is a new round for followers to hear of.
   */
  startRound(index: LogIndex | undefined): boolean {
    if (this.#open.length === 0) return false;
    this.#round++;
    this.#waiting.push({ round: this.#round, index, tickets: this.#open });
    this.#open = [];
    return true;
  }

  /** A quorum has answered this round, and with it all before; the leader has committed in its term. */
  confirm(round: number, commitIndex: LogIndex, outbox: Outbox): void {
    let confirmed = 0;
    for (const waiting of this.#waiting) {
      if (waiting.round > round) break;
      for (const ticket of waiting.tickets) outbox.readReady(ticket, waiting.index ?? commitIndex);
      this.#pending -= waiting.tickets.length;
      confirmed++;
    }
    if (confirmed > 0) this.#waiting.splice(0, confirmed);
  }

  /** Leadership is over: nothing is confirmed any more. */
  abandon(outbox: Outbox, leader: NodeId | undefined): void {
    for (const { tickets } of this.#waiting) {
      for (const ticket of tickets) outbox.rejectNotLeader(ticket, leader);
    }
    for (const ticket of this.#open) outbox.rejectNotLeader(ticket, leader);
    this.#waiting = [];
    this.#open = [];
    this.#pending = 0;
  }
}

/** Takes a read: answered at once under a lease, otherwise part of the next round. */
export function read(node: RaftNode, ticket: Ticket, guarantee: ReadGuarantee): void {
  const { leadership, outbox } = node;
  if (leadership === undefined) {
    outbox.rejectNotLeader(ticket, node.leader);
    return;
  }
  if (guarantee === 'lease' && node.commitIndex >= leadership.firstIndex) {
    if (!leadership.lease.holdsAt(node.now)) settleContact(node, leadership);
    if (leadership.lease.holdsAt(node.now)) {
      outbox.readReady(ticket, node.commitIndex);
      return;
    }
  }
  if (leadership.reads.pending >= node.settings.maxPendingReads) {
    outbox.reject(ticket, 'overloaded');
    return;
  }
  leadership.reads.add(ticket);
}

/** Starts the round of this turn's reads, and confirms what a quorum has answered. */
export function settleReads(node: RaftNode, leadership: Leadership): void {
  const { reads } = leadership;
  const knowing = node.commitIndex >= leadership.firstIndex;
  if (reads.startRound(knowing ? node.commitIndex : undefined)) {
    leadership.markVotersDue(node.log.memberships.current);
    leadership.answered = true;
  }
  if (!leadership.answered) return;
  leadership.answered = false;
  settleContact(node, leadership);
  if (!reads.waiting || !knowing) return;
  const { id, log, outbox } = node;
  const round = quorumValue(log.memberships.current, (voter) =>
    voter === id ? reads.round : leadership.peers.get(voter)?.answeredRound,
  );
  reads.confirm(round, node.commitIndex, outbox);
}

/** A quorum has answered what was sent at this time or later. */
export function contactOf(node: RaftNode, leadership: Leadership): number {
  const { id, log, now } = node;
  return quorumValue(log.memberships.current, (voter) =>
    voter === id ? now : leadership.peers.get(voter)?.answeredSentAt,
  );
}

/** Brings the lease and the last contact with a quorum up to date. */
export function settleContact(node: RaftNode, leadership: Leadership): void {
  const sentAt = contactOf(node, leadership);
  leadership.lease.extend(sentAt);
  if (sentAt > leadership.contactAt) leadership.contactAt = sentAt;
}
