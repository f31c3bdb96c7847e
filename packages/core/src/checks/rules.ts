/**
 * What differs between correct algorithms, as far as a recorder of their invariants has to know it:
 * who decides an index, which membership may follow which, how many may lead in an epoch.
 *
 * The defaults are those of Raft with joint consensus (Ongaro and Ousterhout 2014, section 6).
 */
import type { LogIndex, NodeId } from '../ids.ts';
import type { Member, Membership } from '../membership.ts';
import { isQuorum } from '../quorum.ts';

/** A membership with its place in the log; the first one stands at 0. */
export interface PlacedMembership {
  readonly index: LogIndex;
  readonly membership: Membership;
}

/** An index that a node calls committed, for the first time anywhere. */
export interface Decision {
  readonly index: LogIndex;
  /**
   * Memberships that are decided, in ascending order: all that stand at or below the commit index of
   * whoever calls it committed.
   */
  readonly decided: readonly PlacedMembership[];
  /** Memberships in force on that node in this turn, decided or not. */
  readonly inForce: readonly Membership[];
  /** Whether that node's disk holds the decided value at the index, or a snapshot that covers it. */
  readonly holds: (id: NodeId) => boolean;
}

/** What one algorithm promises where others promise something else. */
export interface EngineRules {
  /** Whether those that hold a value durably are enough to have decided it. */
  decides(decision: Decision): boolean;
  /** Whether a membership may be decided as the next one after another. */
  mayFollow(before: Membership, after: Membership): boolean;
  /** Whether two nodes must never believe to lead in one epoch (Raft's election safety). */
  readonly oneLeaderPerEpoch: boolean;
  /** Whether an engine may ever take the end of its log back (`dropAfter`). */
  readonly truncatesSuffix: boolean;
  /** Whether no engine ever holds an index without the one before. */
  readonly contiguousLog: boolean;
}

/** The rules of Raft with joint consensus. */
export const raftRules: EngineRules = {
  // Within one turn the membership may have moved on; one of those that were in force decided.
  decides: ({ inForce, holds }) => inForce.some((membership) => isQuorum(membership, holds)),
  mayFollow: (before, after) => haveCommonQuorums(before, after),
  oneLeaderPerEpoch: true,
  truncatesSuffix: true,
  contiguousLog: true,
};

/**
 * Whether each quorum of one shares a node with each quorum of the other: it does where a set of
 * voters that one needs a majority of and a set that the other needs are so alike that majorities meet.
 */
export function haveCommonQuorums(left: Membership, right: Membership): boolean {
  return setsOf(left).some((one) => setsOf(right).some((other) => majoritiesMeet(one, other)));
}

function majoritiesMeet(left: readonly Member[], right: readonly Member[]): boolean {
  const union = new Set([...left, ...right].map((member) => member.id)).size;
  const majority = (set: readonly Member[]): number => Math.floor(set.length / 2) + 1;
  return majority(left) + majority(right) > union;
}

function setsOf({ voters, outgoing }: Membership): readonly (readonly Member[])[] {
  return outgoing.length === 0 ? [voters] : [voters, outgoing];
}
