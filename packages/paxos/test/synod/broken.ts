/**
 * What each rule of Paxos is good for: without it a register forgets or contradicts itself. The tests called
 * `broken-…` break the rules one by one and print the shortest way to the harm. Numbers with a P are those of
 * the known pitfalls of Paxos implementations. `register.test.ts` explores the same worlds, and larger ones,
 * with nothing broken.
 */
import { sameBallot } from '../../src/ballot.ts';
import { highestVote } from '../../src/rules.ts';
import type { CastVote, GivenPromise, Synod } from '../../src/synod/index.ts';
import { explore } from './explore.ts';
import { registerModel, rules } from './register-model.ts';
import type { Configuration, Rules, Value } from './register-world.ts';

/** The second proposer may overtake the first. */
export const twoBallots: Configuration = { acceptors: 3, wishes: [['x'], ['y']], rounds: [1, 1] };

/** And be overtaken itself. */
export const threeBallots: Configuration = { ...twoBallots, rounds: [2, 1] };

/** And overtake again. */
export const fourBallots: Configuration = { ...twoBallots, rounds: [2, 2] };

/**
 * The shortest way to what a user would suffer from: two chosen values, or one that is learned and not
 * chosen. A node whose invariant breaks stops, so what the invariants catch is no harm.
 */
export function harmOf(configuration: Configuration, broken: Partial<Rules>): readonly string[] {
  const { violation } = explore(registerModel(configuration, { ...rules, ...broken }, 'harm'));
  return violation === undefined ? [] : [...violation.trace, violation.statement];
}

/** What is found first by checking everything that the proof of Paxos rests on, invariants included. */
export function weaknessOf(
  configuration: Configuration,
  broken: Partial<Rules>,
): string | undefined {
  return explore(registerModel(configuration, { ...rules, ...broken })).violation?.statement;
}

/** Phase 2a with the two decisions of a proposer left open. */
export function proposeWhen(
  enough: (group: Synod<Value>, promises: readonly GivenPromise<Value>[]) => boolean,
  choose: (promises: readonly GivenPromise<Value>[], own: Value) => Value,
): Rules['propose'] {
  return (group, state, from, { ballot, vote }) => {
    const { attempt } = state;
    if (attempt.phase !== 'preparing' || !sameBallot(attempt.ballot, ballot)) {
      return { state, send: undefined };
    }
    const promises = [...attempt.promises, { acceptor: from, vote }];
    if (!enough(group, promises)) {
      return { state: { ...state, attempt: { ...attempt, promises } }, send: undefined };
    }
    const value = choose(promises, state.value);
    const proposing = { phase: 'proposing', ballot, value, recovered: undefined } as const;
    return { state: { ...state, attempt: proposing }, send: { type: 'propose', ballot, value } };
  };
}

/** Learning from votes, with what is enough left open. */
export function learnWhen(
  enough: (
    group: Synod<Value>,
    votes: readonly CastVote<Value>[],
    last: CastVote<Value>,
  ) => boolean,
): Rules['learn'] {
  return (group, state, from, { type, ballot, value }) => {
    if (state.chosen !== undefined || type === 'chosen') return state;
    const last = { acceptor: from, vote: { ballot, value } };
    const votes = [...state.votes, last];
    return enough(group, votes, last)
      ? { votes: [], chosen: last.vote }
      : { votes, chosen: undefined };
  };
}

/** Whether promises are enough, as it should be. */
export function promised(group: Synod<Value>, promises: readonly GivenPromise<Value>[]): boolean {
  const { quorums, acceptors } = group;
  return quorums.phase1(acceptors, (id) => promises.some(({ acceptor }) => acceptor === id));
}

/** What to propose, as it should be. */
export function highest(promises: readonly GivenPromise<Value>[], own: Value): Value {
  return highestVote(promises.map(({ vote }) => vote))?.value ?? own;
}
