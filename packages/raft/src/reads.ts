/**
 * Linearizable reads without a log entry (thesis, section 6.4: read index), and lease reads (6.4.1).
 *
 * Every append carries the number of the latest round of reads, and every reply hands it back. Before
 * the leader has committed in its own term its commit index may lag behind what the group has decided
 * (section 8 of the paper); a round that starts earlier is answered with the commit index of that
 * moment.
 *
 * The lease: a voter that hears from a leader grants no vote within one election time-out of that
 * moment, nor within one of its own start (see `election.ts`). A transfer breaks that promise on
 * purpose: its vote requests are answered at once. The target may hold a TimeoutNow and use it
 * arbitrarily late. It works only in this term, though, and starts an election of the next one. So the
 * lease is simply gone for the rest of the term once a TimeoutNow has left, whatever becomes of the
 * transfer; a later term's leader is out of its reach. Until then a lease read is confirmed by a
 * round, like any other.
 */
import { quorumValue, type ReadGuarantee, type Ticket } from '@quorate/core';
import type { Leadership } from './leadership.ts';
import type { RaftNode } from './node.ts';

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
