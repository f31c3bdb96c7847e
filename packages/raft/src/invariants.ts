/**
 * What must always hold, asserted in production too: a broken invariant stops the node with an
 * `InvariantError`; it never guesses. Figure 3 and figure 2 of Ongaro and Ousterhout (2014,
 * extended version) unless another source is named.
 *
 * The statements are constants, so that a check that holds costs a comparison and nothing else.
 */
import { engineInvariants } from '@quorate/core/engines';

const ofRaft = {
  /** Figure 2, "currentTerm … increases monotonically". */
  termNeverFalls: 'the term of a node never falls',
  /** Terms are written in 48 bits; at one election a millisecond they last 8900 years. */
  termsDoNotRunOut: 'a term fits into 48 bits',
  /** Figure 2, votedFor; section 5.2. */
  oneVotePerTerm: 'a node votes for at most one candidate in a term',
  /** Figure 3, Election Safety: nobody hears from two leaders of one term. */
  oneLeaderPerTerm: 'a term has at most one leader',
  /** Figure 3, Leader Append-Only. */
  leaderAppendOnly: 'a leader never truncates its own log',
  /** Figure 3, Log Matching: terms do not fall along a log. */
  termsAscend: 'terms do not fall along a log',
  /** No entry is of a later term than the node itself. */
  entryOfKnownTerm: 'no entry is of a later term than the node that holds it',
  /** Figure 3, Leader Completeness, as a follower sees it. */
  leaderHoldsCommitted: 'a leader holds everything that is committed here',
  /** Figure 3, State Machine Safety. */
  neverTruncateCommitted: 'committed entries are never truncated',
  /** Figure 2, commitIndex. */
  commitNeverFalls: 'the commit index never falls',
  commitWithinLog: 'the commit index is not past the end of the log',
  /** Section 5.4.2, figure 8. */
  commitOwnTerm: 'a leader counts replicas only for entries of its own term',
  indexInLog: 'an index that is asked for lies within the log',
  durableWithinLog: 'the durable index is not past the end of the log',
  /** Thesis, section 10.2.1: the leader's own durable log is one vote among the others. */
  matchWithinLog: 'no follower matches past the end of the leader’s log',
  /** Figure 2, nextIndex and matchIndex: what is matched is not sent again. */
  nextAboveMatch: 'the next index of a follower is above its match index',
  /** Section 7: a snapshot includes the latest configuration. */
  snapshotNamesGroup: 'the membership in a snapshot has voters',
  /** Section 6: one change at a time. */
  oneChangeAtATime: 'a membership change starts only after the one before is committed',
  clockNeverFalls: 'the monotonic clock does not fall',
} as const;

/** All of them: Raft's own, and those of the parts that it shares with other engines. */
export const invariants: typeof engineInvariants & typeof ofRaft = {
  ...engineInvariants,
  ...ofRaft,
};
