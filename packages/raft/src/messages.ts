/**
 * What nodes say to each other.
 *
 * A heartbeat is an append without records, as in the paper (section 5.2). Every append carries the
 * leader's own send time and its latest read round; every reply hands them back. One kind of message
 * thus replicates, keeps followers quiet, confirms reads, extends the lease, finds the place
 * where two logs part and notices lost messages.
 */
import type { LogIndex } from '@quorate/core';

/** RequestVote (figure 2), and its rehearsal, the pre-vote (thesis, section 9.6). */
export interface VoteRequest {
  readonly type: 'vote-request';
  /** Term of the election; for a pre-vote the one it would have. */
  readonly term: number;
  readonly lastIndex: LogIndex;
  readonly lastTerm: number;
  readonly pre: boolean;
  /** Asked for by the leader itself (thesis, section 3.10): nobody need wait until it is silent. */
  readonly transfer: boolean;
}

/** Answer to a {@link VoteRequest}. */
export interface VoteReply {
  readonly type: 'vote-reply';
  /** Granted: the term asked for. Otherwise the term of the node that answers. */
  readonly term: number;
  readonly pre: boolean;
  readonly granted: boolean;
}

/** AppendEntries (figure 2). */
export interface Append {
  readonly type: 'append';
  readonly term: number;
  readonly previousIndex: LogIndex;
  readonly previousTerm: number;
  readonly commit: LogIndex;
  /** The leader's latest read round. */
  readonly round: number;
  /** The leader's own monotonic clock; means nothing to anybody else. */
  readonly sentAt: number;
  /** Only brings news of a commit: agreement needs no answer. */
  readonly notice: boolean;
  /** Records behind `previousIndex`, each with its own term in front. */
  readonly records: readonly Uint8Array[];
}

/** Answer to an {@link Append}, or to several at once. */
export interface AppendReply {
  readonly type: 'append-reply';
  readonly term: number;
  /** Highest index that is durable here and equal to the leader's. */
  readonly match: LogIndex;
  /** Highest index that is in memory here and equal to the leader's. */
  readonly verified: LogIndex;
  /** From the latest append heard in this term. */
  readonly round: number;
  readonly sentAt: number;
  readonly rejected: Rejection | undefined;
}

/** Where the logs may part: the follower has no entry as in `previousIndex`, `previousTerm`. */
export interface Rejection {
  readonly previousIndex: LogIndex;
  /** The follower's last index whose term is at most `previousTerm`, and its term. */
  readonly hintIndex: LogIndex;
  readonly hintTerm: number;
}

/** TimeoutNow (thesis, section 3.10): campaign at once. */
export interface TimeoutNow {
  readonly type: 'timeout-now';
  readonly term: number;
}

/** Every message of Raft. */
export type RaftMessage = VoteRequest | VoteReply | Append | AppendReply | TimeoutNow;
