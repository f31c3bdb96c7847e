/**
 * Handing leadership over (thesis, section 3.10).
 *
 * The leader takes no more proposals, waits until the target has its whole log, and tells it to
 * campaign at once. Where the target does not take over in time the leader goes on. It also hands
 * over by itself when it was removed from the voters, or when its disk hangs: a leader that can
 * still send heartbeats but commits nothing would otherwise keep everybody waiting
 * (hashicorp/raft#666).
 */
import type { NodeId, Ticket } from '@quorate/core';
import { leadershipFor } from '@quorate/core/engines';
import type { Leadership } from './leadership.ts';
import type { RaftNode } from './node.ts';
import type { Progress } from './progress.ts';

/** Starts to hand over, or says why not. */
export function transfer(node: RaftNode, ticket: Ticket, to: NodeId | undefined): void {
  const leadership = leadershipFor(node, ticket);
  if (leadership === undefined) return;
  const { current } = node.log.memberships;
  node.handOver.request(node, ticket, to ?? bestFollower(node, leadership)?.id, current);
}

/** Hands over because this node is not a voter any more (section 6 of the paper). */
export function departFor(node: RaftNode, leadership: Leadership): void {
  if (node.handOver.isUnderWay) return;
  const best = bestFollower(node, leadership);
  if (best === undefined) node.follow(node.term, undefined);
  else node.handOver.begin(node, best.id);
}

/** Hands over because the own disk hangs. */
export function departStalled(node: RaftNode, leadership: Leadership): void {
  if (!node.isStalled || node.handOver.isUnderWay) return;
  const best = bestFollower(node, leadership);
  if (best !== undefined) node.handOver.begin(node, best.id);
}

/** Tells the target to campaign, once it has everything. */
export function settleTransfer(node: RaftNode, leadership: Leadership): void {
  const { untold: target } = node.handOver;
  if (target === undefined) return;
  if (leadership.peers.get(target)?.matchIndex !== node.log.lastIndex) return;
  leadership.lease.revoke();
  node.outbox.send(target, { type: 'timeout-now', term: node.term });
  // Should the message get lost, the others' election time-out does the same, only later.
  if (node.handOver.tell()) node.follow(node.term, undefined);
}

/** The voter that is furthest; one that answers before one that does not. */
function bestFollower(node: RaftNode, leadership: Leadership): Progress | undefined {
  let best: Progress | undefined;
  for (const voter of node.log.memberships.current.voters) {
    const peer = leadership.peers.get(voter.id);
    if (peer === undefined) continue;
    const better =
      best === undefined ||
      (peer.active === best.active ? peer.matchIndex > best.matchIndex : peer.active);
    if (better) best = peer;
  }
  return best;
}
