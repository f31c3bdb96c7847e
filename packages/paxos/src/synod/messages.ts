/**
 * The messages of single-decree Paxos (Lamport, "Paxos Made Simple", 2001, section 2.2), and the type that
 * says what must be durable before one of them leaves.
 *
 * Every message may be lost, delayed, doubled and reordered; none may be altered, and whoever hands one to
 * a function of this package knows who sent it.
 */
import type { Ballot } from '../ballot.ts';
import type { Vote } from '../rules.ts';

/** 1a, proposer to all acceptors: will you follow this ballot, and what have you accepted so far? */
export interface Prepare {
  readonly type: 'prepare';
  readonly ballot: Ballot;
}

/** 1b, acceptor to the ballot's proposer: nothing below this ballot any more; and this is my vote so far. */
export interface Promised<Value> {
  readonly type: 'promise';
  readonly ballot: Ballot;
  readonly vote: Vote<Value> | undefined;
}

/** 2a, proposer to all acceptors: accept this value. There is only one in a ballot. */
export interface Propose<Value> {
  readonly type: 'propose';
  readonly ballot: Ballot;
  readonly value: Value;
}

/** 2b, acceptor to all learners: a vote was cast. Where enough acceptors say so, the value is chosen. */
export interface Accepted<Value> {
  readonly type: 'accepted';
  readonly ballot: Ballot;
  readonly value: Value;
}

/** Acceptor to the ballot's proposer: I have promised a higher one. Not needed for safety. */
export interface Refused {
  readonly type: 'refused';
  readonly ballot: Ballot;
  readonly promised: Ballot;
}

/**
 * Learner to whom it concerns: this value is chosen. It carries the value, since what the receiver has
 * accepted itself may be another one.
 */
export interface Chosen<Value> {
  readonly type: 'chosen';
  readonly ballot: Ballot;
  readonly value: Value;
}

/** Whatever travels between the nodes of a synod. */
export type SynodMessage<Value> =
  | Prepare
  | Promised<Value>
  | Propose<Value>
  | Accepted<Value>
  | Refused
  | Chosen<Value>;

/**
 * In this order: first make `store` durable, in the place of what was stored before, and only then let
 * `send` leave, also to a role on the same node. If the write fails, `send` must never leave.
 */
export interface StoreThenSend<Durable, Message> {
  readonly store: Durable;
  readonly send: Message;
}
