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
import type { Leadership, Transfer } from './leadership.ts';
import type { RaftNode } from './node.ts';
import type { Progress } from './progress.ts';

/** A transfer of a leader that leads no more: over as soon as it is known who does. */
export interface Departure {
  readonly ticket: Ticket;
  readonly term: number;
  readonly deadline: number;
}

/** Starts to hand over, or says why not. */
export function transfer(node: RaftNode, ticket: Ticket, to: NodeId | undefined): void {
  const { leadership, outbox } = node;
  if (leadership === undefined) {
    outbox.rejectNotLeader(ticket, node.leader);
    return;
  }
  if (leadership.transfer !== undefined) {
    outbox.reject(ticket, 'transferring');
    return;
  }
  const target = to ?? bestFollower(node, leadership)?.id;
  if (target === undefined) {
    outbox.reject(ticket, 'invalid', 'there is no other voter');
  } else if (target === node.id) {
    outbox.reject(ticket, 'invalid', `${target} leads already`);
  } else if (!node.log.memberships.current.voters.some((voter) => voter.id === target)) {
    outbox.reject(ticket, 'invalid', `${target} is not a voter`);
  } else {
    begin(node, leadership, target, ticket, 'go-on');
  }
}

/** Hands over because this node is not a voter any more (section 6 of the paper). */
export function departFor(node: RaftNode, leadership: Leadership): void {
  if (leadership.transfer?.otherwise === 'step-down') return;
  if (leadership.transfer !== undefined) return;
  const best = bestFollower(node, leadership);
  if (best === undefined) node.follow(node.term, undefined);
  else begin(node, leadership, best.id, undefined, 'step-down');
}

/** Hands over because the own disk hangs. */
export function departStalled(node: RaftNode, leadership: Leadership): void {
  if (!node.isStalled || leadership.transfer !== undefined) return;
  const best = bestFollower(node, leadership);
  if (best !== undefined) begin(node, leadership, best.id, undefined, 'step-down');
}

/** Tells the target to campaign, once it has everything. */
export function settleTransfer(node: RaftNode, leadership: Leadership): void {
  const { transfer: current } = leadership;
  if (current === undefined || current.told) return;
  if (leadership.peers.get(current.to)?.matchIndex !== node.log.lastIndex) return;
  current.told = true;
  current.wasTold = true;
  leadership.lease.revoke();
  node.outbox.send(current.to, { type: 'timeout-now', term: node.term });
  // Should the message get lost, the others' election time-out does the same, only later.
  if (current.otherwise === 'step-down') node.follow(node.term, undefined);
}

/** Time has passed: gives a transfer up, or tells the target once more. */
export function tickTransfer(node: RaftNode, leadership: Leadership): void {
  const { transfer: current } = leadership;
  if (current === undefined) return;
  if (node.now < current.deadline) {
    current.told = false;
    return;
  }
  leadership.transfer = undefined;
  if (current.ticket !== undefined) {
    // A TimeoutNow that is only late still makes the target campaign.
    if (current.wasTold) node.outbox.unknown(current.ticket);
    else node.outbox.reject(current.ticket, 'timed-out');
  }
  if (current.otherwise === 'step-down') node.follow(node.term, undefined);
}

/** Whether it is known by now what became of a transfer that took this node's leadership. */
export function settleDeparture(node: RaftNode): void {
  const { departure, leader, outbox } = node;
  if (departure === undefined) return;
  const { ticket, term, deadline } = departure;
  if (leader !== undefined && node.term > term) {
    if (leader === node.id) outbox.reject(ticket, 'timed-out');
    else outbox.done(ticket, node.log.lastIndex);
  } else if (node.now >= deadline) {
    outbox.unknown(ticket);
  } else {
    return;
  }
  node.departure = undefined;
}

function begin(
  node: RaftNode,
  leadership: Leadership,
  to: NodeId,
  ticket: Ticket | undefined,
  otherwise: Transfer['otherwise'],
): void {
  leadership.transfer = {
    ticket,
    to,
    term: node.term,
    deadline: node.now + 2 * node.settings.electionTimeoutMs,
    otherwise,
    told: false,
    wasTold: false,
  };
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
