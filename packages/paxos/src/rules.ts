/**
 * The rules of Paxos, as pure functions over ballots and votes: everything that its safety rests on.
 * Single-decree Paxos (`synod`) and the engine stand on the same ones.
 *
 * Sources: Lamport, "Paxos Made Simple" (2001), section 2.2; Howard, Malkhi and Spiegelman, "Flexible
 * Paxos" (2016), for what quorums have to do with each other (see `quorums.ts`).
 */
import { type Ballot, compareBallots } from './ballot.ts';

/** An acceptor's vote: the value that it accepted, and the ballot in which it did. */
export interface Vote<Value> {
  readonly ballot: Ballot;
  readonly value: Value;
}

/**
 * Phase 1b, P1a: an acceptor promises a ballot that is higher than everything it has promised. What it
 * has promised to this very ballot it may say again.
 */
export function mayPromise(promised: Ballot, ballot: Ballot): boolean {
  return compareBallots(ballot, promised) >= 0;
}

/**
 * Phase 2b: an acceptor accepts unless it has promised a higher ballot. Accepting counts as a promise:
 * afterwards `promised` is at least `ballot`.
 */
export function mayAccept(promised: Ballot, ballot: Ballot): boolean {
  return compareBallots(ballot, promised) >= 0;
}

/**
 * Phase 2a, P2c: which value may be proposed, once a phase-1 quorum has promised: the one that was
 * accepted in the highest ballot among them; where nobody has accepted any, the proposer is free.
 */
export function highestVote<Value>(
  votes: Iterable<Vote<Value> | undefined>,
): Vote<Value> | undefined {
  let highest: Vote<Value> | undefined;
  for (const vote of votes) {
    if (vote === undefined) continue;
    if (highest === undefined || compareBallots(vote.ballot, highest.ballot) > 0) highest = vote;
  }
  return highest;
}
