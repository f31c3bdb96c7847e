/**
 * Quorum arithmetic, as pure functions over a membership.
 *
 * A joint membership (Ongaro and Ousterhout 2014, section 6) decides only with a majority of each
 * of its two sets of voters, taken separately.
 */
import type { NodeId } from './ids.ts';
import type { Member, Membership } from './membership.ts';

/** How many of `voters` are a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Whether those for whom `agrees` holds are a quorum. Nobody is never a quorum. */
export function isQuorum(membership: Membership, agrees: (id: NodeId) => boolean): boolean {
  return votersSets(membership).every(
    (voters) => voters.filter((voter) => agrees(voter.id)).length >= majorityOf(voters.length),
  );
}

/** What a poll has come to: enough said yes, so many said no that it cannot be won, or neither. */
export function pollResult(
  membership: Membership,
  votes: ReadonlyMap<NodeId, boolean>,
): 'won' | 'lost' | 'open' {
  if (isQuorum(membership, (id) => votes.get(id) === true)) return 'won';
  return isQuorum(membership, (id) => votes.get(id) !== false) ? 'open' : 'lost';
}

/**
 * The largest value that a quorum has reached: the index that is on a majority, or the send time
 * that a majority has answered since.
 *
 * @param reached the value that a voter has reached; a voter not heard of counts with `-Infinity`.
 */
export function quorumValue(
  membership: Membership,
  reached: (id: NodeId) => number | undefined,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (const voters of votersSets(membership)) {
    const values = voters
      .map((voter) => reached(voter.id) ?? Number.NEGATIVE_INFINITY)
      .sort((left, right) => right - left);
    // With no voters at all nothing is ever reached.
    least = Math.min(least, values[majorityOf(values.length) - 1] ?? Number.NEGATIVE_INFINITY);
  }
  return least;
}

function votersSets(membership: Membership): readonly (readonly Member[])[] {
  return membership.outgoing.length === 0
    ? [membership.voters]
    : [membership.voters, membership.outgoing];
}
