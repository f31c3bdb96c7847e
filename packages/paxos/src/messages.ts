/**
 * What nodes say to each other: the messages of Paxos under their own names, and the few that a group
 * needs around it (who leads, who lacks what).
 *
 * `agreement` names the options that must be equal on all nodes; a message with another one is not
 * listened to.
 */
import type { LogIndex } from '@quorate/core';
import type { Ballot } from './ballot.ts';

/** A record and its slot. */
export interface Placed {
  readonly slot: LogIndex;
  readonly record: Uint8Array;
}

/** Before phase 1: have you lost the leader too? */
export interface Survey {
  readonly type: 'survey';
  readonly agreement: number;
  /** Names the survey: the own monotonic clock of whoever asks. */
  readonly askedAt: number;
}

/** Answer to a {@link Survey}. */
export interface SurveyReply {
  readonly type: 'survey-reply';
  readonly askedAt: number;
  readonly lost: boolean;
  /** Round of the highest ballot promised: a candidate goes past it. */
  readonly round: number;
}

/** Phase 1a, for all slots from `from` on. Also asks for a further page of the promise. */
export interface Prepare {
  readonly type: 'prepare';
  readonly agreement: number;
  readonly ballot: Ballot;
  readonly from: LogIndex;
  /** The leader of this ballot asked for it: those who follow it need not wait until it is silent. */
  readonly transfer: Ballot | undefined;
}

/** Phase 1b: a promise not to accept anything in a lower ballot, and all that was accepted so far. */
export interface Promised {
  readonly type: 'promise';
  readonly ballot: Ballot;
  /** Every slot up to here is known to be chosen there; the votes are those behind it. */
  readonly chosen: LogIndex;
  /** First slot that is still in the log there; what stands before is in its snapshot. */
  readonly firstIndex: LogIndex;
  /** The page starts with this slot. */
  readonly from: LogIndex;
  /** Ascending; each record under the ballot in which it was accepted. */
  readonly votes: readonly Placed[];
  /** Where the next page starts; 0: this was the last one. */
  readonly next: LogIndex;
}

/** An acceptor has promised another ballot than it was asked for. */
export interface Refuse {
  readonly type: 'refuse';
  /** The ballot it was asked for. */
  readonly ballot: Ballot;
  readonly promised: Ballot;
}

/** Phase 2a for any number of slots, none for a heartbeat; with the news of what is chosen. */
export interface Accept {
  readonly type: 'accept';
  readonly agreement: number;
  readonly ballot: Ballot;
  /** As in the {@link Prepare} of this ballot. */
  readonly transfer: Ballot | undefined;
  /** Every slot up to here is chosen. */
  readonly chosen: LogIndex;
  /** The leader's latest read round. */
  readonly round: number;
  /** The leader's own monotonic clock; means nothing to anybody else. */
  readonly sentAt: number;
  /** Only brings news: needs no answer. */
  readonly notice: boolean;
  /** Ascending; each record under this ballot. */
  readonly proposals: readonly Placed[];
}

/** Slots from `from` to `to`, both included. */
export interface SlotRange {
  readonly from: LogIndex;
  readonly to: LogIndex;
}

/** Phase 2b: everything that is accepted here in this ballot and durable. */
export interface Accepted {
  readonly type: 'accepted';
  readonly ballot: Ballot;
  /** Every slot up to here is accepted in this ballot or known to be chosen, and durable. */
  readonly match: LogIndex;
  /** Slots behind `match` that are accepted in this ballot and durable. */
  readonly beyond: readonly SlotRange[];
  /** Like `match`, durable or not: nothing up to here need be sent again. */
  readonly seen: LogIndex;
  /** Every slot up to here is known to be chosen. */
  readonly chosen: LogIndex;
  /** Like `chosen`, and would be after a crash. */
  readonly known: LogIndex;
  /** The highest slot in which anything was ever accepted here. */
  readonly last: LogIndex;
  /** From the latest accept heard in this ballot. */
  readonly round: number;
  readonly sentAt: number;
}

/** Asks for what is chosen, from a slot on. */
export interface Learn {
  readonly type: 'learn';
  readonly from: LogIndex;
}

/** Chosen values, one after the other. */
export interface Learned {
  readonly type: 'learned';
  readonly from: LogIndex;
  readonly records: readonly Uint8Array[];
  /** Whether another page follows without being asked for. */
  readonly more: boolean;
  /** Every slot up to here is chosen, in ballots up to `knownIn`. */
  readonly chosen: LogIndex;
  readonly knownIn: Ballot;
}

/** The leader wants this node to lead: begin phase 1 at once. */
export interface TakeOver {
  readonly type: 'take-over';
  readonly ballot: Ballot;
}

/** Quorum read: what is the highest slot in which you have accepted anything? */
export interface Inquire {
  readonly type: 'inquire';
  readonly agreement: number;
  readonly inquiry: number;
}

/** Answer to an {@link Inquire}. */
export interface InquireReply {
  readonly type: 'inquire-reply';
  readonly inquiry: number;
  readonly last: LogIndex;
}

/** Every message of Multi-Paxos. */
export type PaxosMessage =
  | Survey
  | SurveyReply
  | Prepare
  | Promised
  | Refuse
  | Accept
  | Accepted
  | Learn
  | Learned
  | TakeOver
  | Inquire
  | InquireReply;
