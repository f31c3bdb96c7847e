/**
 * Membership changes (Lamport, Malkhi and Zhou, "Reconfiguring a State Machine", 2010).
 *
 * A change of voters takes two entries. The first names the new voters; α slots later they decide, and
 * the old ones do not any more. But the old ones may be the only ones who hold what was decided before:
 * so they stay until all of it is chosen, and a phase-2 quorum of the new ones holds it and knows that
 * for good: any later leader finds it there. The second entry says that this is so. Until then no other change begins. A
 * change of learners or addresses alone takes one entry.
 */
import {
  completeChange,
  invariant,
  isJoint,
  type LogIndex,
  type Membership,
  type MembershipChange,
  type NodeId,
  type Ticket,
} from '@quorate/core';
import { leadershipFor, membershipRecord, nextMembership } from '@quorate/core/engines';
import { invariants } from './invariants.ts';
import type { Leadership } from './leadership.ts';
import type { PaxosNode } from './node.ts';
import { isActive } from './peer.ts';
import { quorumRefusal } from './quorums.ts';
import { knowsAll } from './reads.ts';
import { headerBytes } from './record.ts';
import { departFor } from './transfer.ts';

/** An entry of a membership change on its way. */
export interface ChangeUnderWay {
  /** Absent where nobody waits: a later leader brings a change to its end. */
  readonly ticket: Ticket | undefined;
  /** Whether a part of the change is decided already. */
  readonly begun: boolean;
  /** Until it has a slot. */
  record: Uint8Array | undefined;
  /** Its slot. */
  index: LogIndex | undefined;
}

/** Starts a change, or says why not. */
export function reconfigure(node: PaxosNode, ticket: Ticket, change: MembershipChange): void {
  const { outbox, configurations, settings } = node;
  const leadership = leadershipFor(node, ticket);
  if (leadership === undefined) return;
  // Among what is not known yet there may be another change. It names itself: ask again in a moment.
  if (!knowsAll(node, leadership)) {
    outbox.rejectNotLeader(ticket, node.id);
    return;
  }
  if (isJoint(configurations.current) || leadership.change !== undefined) {
    outbox.reject(ticket, 'change-in-progress');
    return;
  }
  if (configurations.count >= settings.maxMembershipsInLog) {
    outbox.reject(ticket, 'overloaded', 'too many changes since the last snapshot; take one');
    return;
  }
  const next = nextMembership(configurations.current, change);
  const refusal = typeof next === 'string' ? next : refusalOf(node, leadership, next);
  if (typeof next === 'string' || refusal !== undefined) {
    outbox.reject(ticket, 'invalid', refusal);
    return;
  }
  const record = membershipRecord(next, headerBytes);
  leadership.change = { ticket, begun: false, record, index: undefined };
}

/** What follows once a membership is chosen. Once a turn. */
export function settleMembership(node: PaxosNode, leadership: Leadership): void {
  const { configurations, chosen } = node;
  const { change } = leadership;
  // Any leader completes what it finds half done, also when another one began it; but not before it
  // knows whether that one completed it.
  if (!knowsAll(node, leadership)) return;
  if (isJoint(configurations.current)) {
    const isFirst = change?.index !== undefined && change.index === configurations.currentIndex;
    if (change === undefined || isFirst) complete(node, leadership, change?.ticket);
    return;
  }
  if (change?.index !== undefined && change.index <= chosen) {
    leadership.change = undefined;
    if (change.ticket !== undefined) node.outbox.done(change.ticket, change.index);
  }
  // A leader that is not a voter any more manages the group until the change is complete, and goes then.
  if (!node.isVoter && leadership.change === undefined) departFor(node, leadership);
}

/** Puts the second entry on its way, once everything before is chosen and held by the new voters. */
function complete(node: PaxosNode, leadership: Leadership, ticket: Ticket | undefined): void {
  const { configurations, settings } = node;
  const before = configurations.effectiveFrom - 1;
  if (node.chosen < before || node.handOver.isUnderWay) return;
  const voters = configurations.votersOf(before + 1);
  // Holding it is not enough. Were all of them to lose what they know, they would wait for the old
  // voters to lead, who are gone by then.
  const known = settings.quorums.phase2(
    voters,
    (voter) =>
      (voter === node.id ? node.journal.known : (leadership.peers.get(voter)?.known ?? 0)) >=
      before,
  );
  if (!known) return;
  invariant(isJoint(configurations.current), invariants.oneChangeAtATime);
  const record = membershipRecord(completeChange(configurations.current), headerBytes);
  leadership.change = { ticket, begun: true, record, index: undefined };
}

function refusalOf(node: PaxosNode, leadership: Leadership, next: Membership): string | undefined {
  const { quorums } = node.settings;
  const voters = next.voters.map(({ id }) => id);
  const refusal = quorumRefusal(quorums, voters);
  if (refusal !== undefined || !isJoint(next)) return refusal;
  // Were the new voters not there, nothing would ever be decided again, not even that they go.
  const answers = (id: NodeId): boolean =>
    id === node.id || isActive(node, leadership.peers.get(id));
  if (quorums.phase1(voters, answers) && quorums.phase2(voters, answers)) return undefined;
  const silent = voters.filter((id) => !answers(id));
  return `${silent.join(', ')} does not answer; add it as a learner first`;
}
