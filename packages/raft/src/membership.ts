/**
 * Membership changes by joint consensus (section 6 of the paper; thesis, section 4.3).
 *
 * A change of voters goes through a joint membership, whatever its size: one way to do it, and the
 * way that is right for every change. A change of learners or addresses alone moves no quorum
 * and takes one entry. A membership is in force as soon as it is in the log.
 */
import {
  completeChange,
  invariant,
  isJoint,
  isQuorum,
  type Membership,
  type MembershipChange,
  type NodeId,
  type Ticket,
  voterIds,
} from '@quorate/core';
import { leadershipFor, membershipRecord, nextMembership } from '@quorate/core/engines';
import { invariants } from './invariants.ts';
import type { Leadership } from './leadership.ts';
import type { RaftNode } from './node.ts';
import { appendOwn } from './proposals.ts';
import { headerBytes } from './record.ts';
import { departFor } from './transfer.ts';

/** Starts a change, or says why not. */
export function reconfigure(node: RaftNode, ticket: Ticket, change: MembershipChange): void {
  const { outbox, log } = node;
  const leadership = leadershipFor(node, ticket);
  if (leadership === undefined) return;
  // A leader that has committed nothing in its own term may not know the membership that is
  // committed: two such leaders could choose disjoint quorums (Ongaro, raft-dev, July 2015). It does
  // not lead in this sense yet, and names itself: ask again in a moment.
  if (node.commitIndex < leadership.firstIndex) {
    outbox.rejectNotLeader(ticket, node.id);
    return;
  }
  const { current, currentIndex } = log.memberships;
  if (isJoint(current) || currentIndex > node.commitIndex) {
    outbox.reject(ticket, 'change-in-progress');
    return;
  }
  if (log.memberships.count >= node.settings.maxMembershipsInLog) {
    outbox.reject(ticket, 'overloaded', 'too many changes since the last snapshot; take one');
    return;
  }
  const next = nextMembership(current, change);
  if (typeof next === 'string') {
    outbox.reject(ticket, 'invalid', next);
    return;
  }
  // The new voters count from the moment that the entry is in the log; were they not there, nothing
  // would ever be decided again, not even that they go (thesis, section 4.2.1).
  if (isJoint(next) && !isQuorum(next, (id) => answers(node, leadership, id))) {
    const silent = voterIds(next).filter((id) => !answers(node, leadership, id));
    const detail = `${silent.join(', ')} does not answer; add it as a learner first`;
    outbox.reject(ticket, 'invalid', detail);
    return;
  }
  leadership.change = { ticket, index: appendMembership(node, leadership, next) };
}

/** What follows once the membership in force is committed. */
export function settleMembership(node: RaftNode, leadership: Leadership): void {
  const { current, currentIndex } = node.log.memberships;
  if (currentIndex > node.commitIndex || node.commitIndex < leadership.firstIndex) return;
  const { change } = leadership;
  if (isJoint(current)) {
    // Any leader completes what it finds half done, also when another one began it.
    if (node.handOver.isUnderWay) return;
    const index = appendMembership(node, leadership, completeChange(current));
    if (change !== undefined) change.index = index;
    return;
  }
  if (change !== undefined && change.index <= node.commitIndex) {
    leadership.change = undefined;
    node.outbox.done(change.ticket, change.index);
  }
  // Section 6: a leader that is not a voter any more manages the group, without counting itself,
  // until that is committed, and goes then.
  if (!node.isVoter) departFor(node, leadership);
}

function answers(node: RaftNode, leadership: Leadership, id: NodeId): boolean {
  return id === node.id || leadership.peers.get(id)?.active === true;
}

function appendMembership(node: RaftNode, leadership: Leadership, next: Membership): number {
  invariant(node.log.memberships.currentIndex <= node.commitIndex, invariants.oneChangeAtATime);
  return appendOwn(node, leadership, membershipRecord(next, headerBytes));
}
