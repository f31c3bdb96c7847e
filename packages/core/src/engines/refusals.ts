/**
 * What is refused in the same words whatever the algorithm.
 */
import { InvalidArgumentError } from '../errors.ts';
import type { NodeId, Ticket } from '../ids.ts';
import { beginChange, type Membership, type MembershipChange } from '../membership.ts';
import type { HandOver } from './hand-over.ts';
import type { LocalEffects } from './outbox.ts';

/** A node that may be asked for what only a leader can do. */
export interface AskedNode<Leadership> {
  readonly leader: NodeId | undefined;
  readonly leadership: Leadership | undefined;
  readonly handOver: HandOver;
  readonly outbox: LocalEffects;
}

/**
 * The leadership that is to do something new; `undefined` where the ticket was refused: this node does
 * not lead, or is about to go. What a leader admits then would keep its successor from ever having
 * everything.
 */
export function leadershipFor<Leadership>(
  node: AskedNode<Leadership>,
  ticket: Ticket,
): Leadership | undefined {
  const { handOver, leader, leadership, outbox } = node;
  if (leadership === undefined) outbox.rejectNotLeader(ticket, leader);
  else if (handOver.isUnderWay) outbox.reject(ticket, 'transferring');
  else return leadership;
  return undefined;
}

/** The membership that a change begins with, or why it makes no sense. */
export function nextMembership(current: Membership, change: MembershipChange): Membership | string {
  try {
    return beginChange(current, change);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.message;
    throw error;
  }
}
