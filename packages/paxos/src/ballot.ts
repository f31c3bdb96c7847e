/**
 * Ballots: what orders the attempts to decide (Lamport, "The Part-Time Parliament", section 2.1;
 * "Paxos Made Simple", section 2.2, calls them proposal numbers).
 *
 * A ballot is a round and the node that owns it, so no two nodes ever use the same one. A node never
 * uses one twice either: its round is durable before a prepare leaves.
 */
import type { NodeId } from '@quorate/core';

/** One attempt to decide, owned by one node. */
export interface Ballot {
  readonly round: number;
  readonly node: NodeId;
}

/** Lower than every ballot that anybody uses. */
export const noBallot: Ballot = { round: 0, node: '' };

/** Higher than every ballot that anybody uses: what is known to be chosen counts as a vote in it. */
export const chosenBallot: Ballot = { round: Number.POSITIVE_INFINITY, node: '' };

/** Negative where `left` is lower, 0 where both are the same, positive where it is higher. */
export function compareBallots(left: Ballot, right: Ballot): number {
  if (left.round !== right.round) return left.round - right.round;
  return left.node < right.node ? -1 : left.node > right.node ? 1 : 0;
}

/** Whether both are the same ballot. */
export function sameBallot(left: Ballot, right: Ballot): boolean {
  return left.round === right.round && left.node === right.node;
}

/**
 * Whether a round may be believed of somebody who has seen `known`: a round is used up by each attempt to
 * lead, and nobody is so many attempts behind. Whoever believed any number could be made to use up all of
 * them.
 */
export function isNearRound(round: number, known: number): boolean {
  return round <= known + 2 ** 32;
}

/** For messages. */
export function describeBallot({ round, node }: Ballot): string {
  return `${String(round)}.${node}`;
}
