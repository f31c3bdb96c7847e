/**
 * The proposer: phases 1a and 2a. Its round is durable, its attempt is not.
 */
import { checkName, InvalidArgumentError, invariant, type NodeId } from '@quorate/core';
import { type Ballot, compareBallots, sameBallot } from '../ballot.ts';
import { highestVote, type Vote } from '../rules.ts';
import type { Synod } from './group.ts';
import type { Prepare, Promised, Propose, Refused, StoreThenSend } from './messages.ts';

/** A proposer, between two messages. */
export interface ProposerState<Value> {
  readonly node: NodeId;
  /** What it would like the register to hold. */
  readonly value: Value;
  /** The highest round that it has used or heard of. Its next ballot is above. */
  readonly round: number;
  readonly attempt: Attempt<Value>;
}

/** How far a proposer has come. A restart loses this, and must: see {@link newProposer}. */
export type Attempt<Value> =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'preparing';
      readonly ballot: Ballot;
      readonly promises: readonly GivenPromise<Value>[];
    }
  | {
      readonly phase: 'proposing';
      readonly ballot: Ballot;
      readonly value: Value;
      /**
       * The vote that left the proposer no choice: its value may be chosen already, so it is proposed in
       * the place of the proposer's own.
       */
      readonly recovered: Vote<Value> | undefined;
    };

/** The promise of one acceptor, and its vote so far. */
export interface GivenPromise<Value> {
  readonly acceptor: NodeId;
  readonly vote: Vote<Value> | undefined;
}

/** What {@link newProposer} takes. */
export interface ProposerOptions<Value> {
  /** Owns the ballots: no two proposers may have the same name. */
  readonly node: NodeId;
  readonly value: Value;
  /** What {@link prepare} had stored last; 0 on the very first start. */
  readonly round: number;
}

/**
 * A proposer that starts or comes back. Only the round comes with it, so that it never uses a ballot
 * twice: whatever it said in the last one before a crash, it says nothing in that one any more.
 *
 * @throws InvalidArgumentError if the round or the name is none.
 */
export function newProposer<Value>(options: ProposerOptions<Value>): ProposerState<Value> {
  const { node, value, round } = options;
  checkName(node, 'a proposer');
  if (!Number.isSafeInteger(round) || round < 0) {
    throw new InvalidArgumentError(`a round is a whole number from 0, got ${String(round)}`);
  }
  return { node, value, round, attempt: { phase: 'idle' } };
}

/** A new ballot. `store` is its round: durable before `send` goes to all acceptors. */
export interface Prepared<Value> extends StoreThenSend<number, Prepare> {
  readonly state: ProposerState<Value>;
}

/**
 * Phase 1a: begins a ballot above every one that this proposer has used or heard of, and gives up the
 * attempt under way, if there is one.
 *
 * When to call it is the caller's to decide: at first, and again when an attempt got nowhere. Wait for a
 * random while before that, or two proposers keep overtaking each other for ever.
 */
export function prepare<Value>(state: ProposerState<Value>): Prepared<Value> {
  const round = state.round + 1;
  invariant(Number.isSafeInteger(round), 'rounds never run out');
  const ballot = { round, node: state.node };
  return {
    state: { ...state, round, attempt: { phase: 'preparing', ballot, promises: [] } },
    store: round,
    send: { type: 'prepare', ballot },
  };
}

/**
 * Phase 2a: takes a promise, and once a phase-1 quorum has promised, says what to propose: the value of
 * the highest vote among them, or the proposer's own where there is none. `send` goes to all acceptors;
 * nothing has to be stored before.
 */
export function propose<Value>(
  group: Synod<Value>,
  state: ProposerState<Value>,
  from: NodeId,
  { ballot, vote }: Promised<Value>,
): { readonly state: ProposerState<Value>; readonly send: Propose<Value> | undefined } {
  const { attempt } = state;
  if (
    attempt.phase !== 'preparing' ||
    !sameBallot(attempt.ballot, ballot) ||
    // A stranger's promise would not count, but its vote would.
    !group.acceptors.includes(from) ||
    attempt.promises.some(({ acceptor }) => acceptor === from)
  ) {
    return { state, send: undefined };
  }
  invariant(
    vote === undefined || compareBallots(vote.ballot, ballot) < 0,
    'nobody votes in a ballot before its proposer has proposed',
  );
  const promises = [...attempt.promises, { acceptor: from, vote }];
  const promised = (voter: NodeId): boolean => promises.some(({ acceptor }) => acceptor === voter);
  if (!group.quorums.phase1(group.acceptors, promised)) {
    return { state: { ...state, attempt: { ...attempt, promises } }, send: undefined };
  }
  const recovered = highestVote(promises.map((given) => given.vote));
  const value = recovered === undefined ? state.value : recovered.value;
  return {
    state: { ...state, attempt: { phase: 'proposing', ballot, value, recovered } },
    send: { type: 'propose', ballot, value },
  };
}

/**
 * Notes that an acceptor has promised a higher ballot, so that the next one is above that. The attempt
 * goes on: the other acceptors may be enough.
 */
export function heed<Value>(
  state: ProposerState<Value>,
  { promised }: Refused,
): ProposerState<Value> {
  return promised.round > state.round ? { ...state, round: promised.round } : state;
}
