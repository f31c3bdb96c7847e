/**
 * Handing leadership over.
 *
 * The leader takes no more proposals, waits until the target holds everything that it has proposed, and
 * tells it to begin phase 1 at once; the acceptors answer that although they have not lost the leader.
 * Any node could lead, but one that holds everything leads without a pause. Where the target does not take
 * over in time the leader goes on. It also hands over by itself when it was removed from the voters, or
 * when its disk hangs: a leader that can still send heartbeats but chooses nothing with its own vote
 * would otherwise keep everybody waiting (hashicorp/raft#666).
 */
import type { NodeId, Ticket } from '@quorate/core';
import { leadershipFor } from '@quorate/core/engines';
import { sameBallot } from './ballot.ts';
import type { Leadership } from './leadership.ts';
import type { TakeOver } from './messages.ts';
import type { PaxosNode } from './node.ts';
import { isActive, type Peer } from './peer.ts';
import { beginPhase1 } from './proposer.ts';

/** Starts to hand over, or says why not. */
export function transfer(node: PaxosNode, ticket: Ticket, to: NodeId | undefined): void {
  const leadership = leadershipFor(node, ticket);
  if (leadership === undefined) return;
  const { current } = node.configurations;
  node.handOver.request(node, ticket, to ?? bestPeer(node, leadership)?.id, current);
}

/** Hands over because this node is not a voter any more. */
export function departFor(node: PaxosNode, leadership: Leadership): void {
  if (node.handOver.isUnderWay) return;
  const best = bestPeer(node, leadership);
  if (best === undefined) node.follow(undefined);
  else node.handOver.begin(node, best.id);
}

/** Hands over because the own disk hangs. */
export function departStalled(node: PaxosNode, leadership: Leadership): void {
  if (!node.isStalled || node.handOver.isUnderWay) return;
  const best = bestPeer(node, leadership);
  if (best !== undefined) node.handOver.begin(node, best.id);
}

/** Tells the target, once it has everything. Once a turn. */
export function settleTransfer(node: PaxosNode, leadership: Leadership): void {
  const { untold: target } = node.handOver;
  if (target === undefined || leadership.hasWaiting) return;
  if (leadership.peers.get(target)?.match !== leadership.next - 1) return;
  leadership.lease.revoke();
  node.outbox.send(target, { type: 'take-over', ballot: leadership.ballot });
  // Should the message get lost, the others' election time-out does the same, only later.
  if (node.handOver.tell()) node.follow(undefined);
}

/** The leader wants this node to lead. */
export function receiveTakeOver(node: PaxosNode, from: NodeId, { ballot }: TakeOver): void {
  if (ballot.node !== from || !sameBallot(ballot, node.promised)) return;
  // What is known here was chosen by a later leader.
  if (!sameBallot(ballot, node.barrier)) return;
  if (node.leader !== from || node.role !== 'follower') return;
  if (!node.isVoter || node.isStalled) return;
  beginPhase1(node, ballot);
}

/** The voter that is furthest; one that answers before one that does not. */
function bestPeer(node: PaxosNode, leadership: Leadership): Peer | undefined {
  let best: Peer | undefined;
  // Those who decide in the end, a change under way included.
  for (const { id } of node.configurations.current.voters) {
    const peer = leadership.peers.get(id);
    if (peer === undefined) continue;
    const active = isActive(node, peer);
    if (
      best === undefined ||
      (active === isActive(node, best) ? peer.match > best.match : active)
    ) {
      best = peer;
    }
  }
  return best;
}
