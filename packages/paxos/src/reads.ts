/**
 * Linearizable reads through the leader, without a slot of their own: read index, as Raft's thesis calls
 * it (section 6.4). Multi-Paxos has the same obligation: the leader must know, at some moment after the
 * read came, that nobody else leads in a higher ballot.
 *
 * All reads of one turn form a *round*, which every accept carries and every answer hands back. An
 * answer says that the acceptor had promised nothing higher then. Once those who answered meet every
 * phase-1 quorum, nobody can have completed phase 1 in a higher ballot before the round began. By our
 * condition on quorums (Flexible Paxos) that is so for every phase-2 quorum: of each set of voters that
 * decides a slot which this leader does not know to be chosen.
 *
 * A leader that has just come into office does not know all that was chosen before it until everything
 * that phase 1 reported is chosen again; a round that starts earlier waits for that.
 *
 * A *lease* saves the round: acceptors that hear from a leader answer no other's prepare for one election
 * time-out, nor within one of their own start. It counts from the send time of what was answered, by
 * the leader's clock, shortened by the drift that clocks may have.
 */
import type { NodeId, ReadGuarantee, Ticket } from '@quorate/core';
import type { Leadership } from './leadership.ts';
import type { PaxosNode } from './node.ts';
import { phase2Value } from './quorums.ts';

/** Takes a read: answered at once under a lease, otherwise part of the next round. */
export function read(node: PaxosNode, ticket: Ticket, guarantee: ReadGuarantee): void {
  const { leadership, outbox, settings } = node;
  if (leadership === undefined) {
    const here = settings.reads === 'quorum' && guarantee === 'linearizable';
    if (here && node.readBack.done && isInGroup(node)) node.inquiries.add(node, ticket);
    else outbox.rejectNotLeader(ticket, node.leader);
    return;
  }
  if (guarantee === 'lease' && knowsAll(node, leadership)) {
    if (!leadership.lease.holdsAt(node.now)) settleContact(node, leadership);
    if (leadership.lease.holdsAt(node.now)) {
      outbox.readReady(ticket, node.chosen);
      return;
    }
  }
  if (leadership.reads.pending >= settings.maxPendingReads) {
    outbox.reject(ticket, 'overloaded');
    return;
  }
  leadership.reads.add(ticket);
}

/** Starts the round of this turn's reads, and confirms what a quorum has answered. Once a turn. */
export function settleReads(node: PaxosNode, leadership: Leadership): void {
  const { reads } = leadership;
  const knowing = knowsAll(node, leadership);
  if (reads.startRound(knowing ? node.chosen : undefined)) {
    const voters = new Set(node.configurations.behind(node.chosen).flat());
    for (const peer of leadership.peers.values()) if (voters.has(peer.id)) peer.due = true;
    leadership.answered = true;
  }
  if (!leadership.answered) return;
  leadership.answered = false;
  settleContact(node, leadership);
  if (!reads.waiting || !knowing) return;
  const round = reachedByQuorum(node, (voter) =>
    voter === node.id ? reads.round : leadership.peers.get(voter)?.answeredRound,
  );
  reads.confirm(round, node.chosen, node.outbox);
}

/** A quorum has answered what was sent at this time or later. */
export function contactOf(node: PaxosNode, leadership: Leadership): number {
  return reachedByQuorum(node, (voter) =>
    voter === node.id ? node.now : leadership.peers.get(voter)?.answeredSentAt,
  );
}

/** Brings the lease and the last contact with a quorum up to date. */
export function settleContact(node: PaxosNode, leadership: Leadership): void {
  const sentAt = contactOf(node, leadership);
  leadership.lease.extend(sentAt);
  if (sentAt > leadership.contactAt) leadership.contactAt = sentAt;
}

/**
 * Whether the leader knows everything that was chosen before it came into office. It cannot while it has
 * not asked the voters of now: a former leader may have gone further with them.
 */
export function knowsAll(node: PaxosNode, { knowsAllFrom, phase1 }: Leadership): boolean {
  const { chosen, configurations, settings } = node;
  return (
    chosen >= knowsAllFrom &&
    configurations.behind(chosen).every((voters) => phase1.covers(settings.quorums, voters, chosen))
  );
}

/** Whether this node knows whom to ask. */
function isInGroup({ configurations }: PaxosNode): boolean {
  return configurations.current.voters.length > 0;
}

/** The largest value that a phase-2 quorum of every set of voters has reached who decide from now on. */
function reachedByQuorum(node: PaxosNode, reached: (voter: NodeId) => number | undefined): number {
  let least = Number.POSITIVE_INFINITY;
  for (const voters of node.configurations.behind(node.chosen)) {
    least = Math.min(least, phase2Value(node.settings.quorums, voters, reached));
  }
  return least;
}
