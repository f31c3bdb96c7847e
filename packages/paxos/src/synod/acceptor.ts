/**
 * The acceptor: phases 1b and 2b. All of its state is durable, and it has no other.
 */
import { type Ballot, noBallot, sameBallot } from '../ballot.ts';
import { mayAccept, mayPromise, type Vote } from '../rules.ts';
import type { Accepted, Prepare, Promised, Propose, Refused, StoreThenSend } from './messages.ts';

/**
 * What an acceptor never forgets. Two ballots, not one: a promise must not make an old vote look newer.
 */
export interface AcceptorState<Value> {
  /** It takes part in nothing below. Never falls. */
  readonly promised: Ballot;
  /** The vote that it cast last. Its ballot is never above `promised`. */
  readonly accepted: Vote<Value> | undefined;
}

/**
 * An acceptor that has promised and accepted nothing: for the very first start only. One that comes back
 * without what it had stored must not take part again, or a chosen value may be lost.
 */
export const newAcceptor: AcceptorState<never> = { promised: noBallot, accepted: undefined };

/**
 * Phase 1b: promises a ballot, and tells its proposer the vote so far. `store` is the acceptor's next
 * state, the same object where nothing changed.
 */
export function promise<Value>(
  state: AcceptorState<Value>,
  { ballot }: Prepare,
): StoreThenSend<AcceptorState<Value>, Promised<Value> | Refused> {
  const { promised, accepted } = state;
  if (!mayPromise(promised, ballot)) {
    return { store: state, send: { type: 'refused', ballot, promised } };
  }
  return {
    store: sameBallot(promised, ballot) ? state : { promised: ballot, accepted },
    send: { type: 'promise', ballot, vote: accepted },
  };
}

/**
 * Phase 2b: votes for the value, unless a higher ballot was promised. `store` is the acceptor's next
 * state, the same object where nothing changed.
 */
export function accept<Value>(
  state: AcceptorState<Value>,
  { ballot, value }: Propose<Value>,
): StoreThenSend<AcceptorState<Value>, Accepted<Value> | Refused> {
  const { promised, accepted } = state;
  if (!mayAccept(promised, ballot)) {
    return { store: state, send: { type: 'refused', ballot, promised } };
  }
  const again = accepted !== undefined && sameBallot(accepted.ballot, ballot);
  return {
    // Voting counts as a promise, also where the acceptor was not asked for one before.
    store: again ? state : { promised: ballot, accepted: { ballot, value } },
    send: { type: 'accepted', ballot, value: again ? accepted.value : value },
  };
}
