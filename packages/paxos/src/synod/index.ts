/**
 * Single-decree Paxos: a register that is written once, as five pure functions.
 *
 * | phase | function         | who      | durable before its message leaves |
 * | ----- | ---------------- | -------- | --------------------------------- |
 * | 1a    | {@link prepare}  | proposer | the round                         |
 * | 1b    | {@link promise}  | acceptor | the promise                       |
 * | 2a    | {@link propose}  | proposer | nothing                           |
 * | 2b    | {@link accept}   | acceptor | the vote                          |
 * | learn | {@link learn}    | learner  | nothing                           |
 *
 * States and messages are plain data; storage, transport and time-outs are the caller's.
 *
 * @packageDocumentation
 */
export type { Ballot } from '../ballot.ts';
export type { Vote } from '../rules.ts';
export * from '../quorums.ts';
export * from './acceptor.ts';
export * from './group.ts';
export * from './learner.ts';
export * from './messages.ts';
export * from './proposer.ts';
