/**
 * The learner: finds out which value is chosen. All that it knows can be had again, so none of it has to
 * be durable.
 */
import { invariant, type NodeId } from '@quorate/core';
import { compareBallots, sameBallot } from '../ballot.ts';
import type { Vote } from '../rules.ts';
import type { Synod } from './group.ts';
import type { Accepted, Chosen } from './messages.ts';

/** A learner, between two messages. */
export interface LearnerState<Value> {
  /** The highest vote that each acceptor was heard to cast; none once a value is known to be chosen. */
  readonly votes: readonly CastVote<Value>[];
  /** What the register holds, for ever, and a ballot in which it was chosen. */
  readonly chosen: Vote<Value> | undefined;
}

/** The vote of one acceptor. */
export interface CastVote<Value> {
  readonly acceptor: NodeId;
  readonly vote: Vote<Value>;
}

/** A learner that has heard nothing. */
export const newLearner: LearnerState<never> = { votes: [], chosen: undefined };

/**
 * Learning: a value is chosen once a phase-2 quorum has voted for it *in one ballot*. Votes of several
 * ballots do not add up, even where they are for the same value.
 *
 * One vote is kept of each acceptor, so a ballot may be overlooked that has chosen a value long ago. No
 * matter: later ones propose the same.
 *
 * @throws InvariantError if two values were chosen, or voted for in one ballot: somebody has forgotten
 * what it had stored, or two proposers have the same name.
 */
export function learn<Value>(
  group: Synod<Value>,
  state: LearnerState<Value>,
  from: NodeId,
  message: Accepted<Value> | Chosen<Value>,
): LearnerState<Value> {
  const { chosen } = state;
  const { ballot, value, type } = message;
  if (type === 'chosen') {
    invariant(chosen === undefined || group.equal(chosen.value, value), 'one value is chosen');
    return chosen === undefined ? { votes: [], chosen: { ballot, value } } : state;
  }
  if (chosen !== undefined) {
    invariant(
      compareBallots(ballot, chosen.ballot) < 0 || group.equal(chosen.value, value),
      'once a value is chosen, higher ballots propose no other',
    );
    return state;
  }
  if (!group.acceptors.includes(from)) return state;
  const before = state.votes.find(({ acceptor }) => acceptor === from);
  if (before !== undefined && compareBallots(before.vote.ballot, ballot) >= 0) return state;

  const votes = [
    ...state.votes.filter((cast) => cast !== before),
    { acceptor: from, vote: { ballot, value } },
  ];
  const inBallot = votes.filter(({ vote }) => sameBallot(vote.ballot, ballot));
  invariant(
    inBallot.every(({ vote }) => group.equal(vote.value, value)),
    'one value is proposed in a ballot',
  );
  const voted = (voter: NodeId): boolean => inBallot.some(({ acceptor }) => acceptor === voter);
  return group.quorums.phase2(group.acceptors, voted)
    ? { votes: [], chosen: { ballot, value } }
    : { votes, chosen };
}

/** What became of the wish to write a value. Nothing of it ever changes, once it is not `open`. */
export type Outcome<Value> =
  /** Not known yet. It may have been decided all the same. */
  | { readonly type: 'open' }
  /** The register holds this value. */
  | { readonly type: 'written'; readonly value: Value }
  /** The register holds `value`, which is another one, and will never hold this one. */
  | { readonly type: 'occupied'; readonly value: Value };

/** What a learner can tell to whoever wanted to write `wish`. */
export function outcome<Value>(
  group: Synod<Value>,
  { chosen }: LearnerState<Value>,
  wish: Value,
): Outcome<Value> {
  if (chosen === undefined) return { type: 'open' };
  const { value } = chosen;
  return { type: group.equal(value, wish) ? 'written' : 'occupied', value };
}
