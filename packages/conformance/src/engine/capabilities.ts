/**
 * What correct algorithms do differently. An engine declares it, and the suite holds it to its word:
 * for a capability that is declared there is a test that passes only where it is really there, and
 * where it is not declared, one that passes only where the opposite is true. Two are promises, of which
 * nothing is asked where they are not made: `oneLeaderPerEpoch` and `undisturbedLeader`.
 */
import type { Algorithm } from '@quorate/core';
import type { Cluster, EngineRules, Observer } from './world/index.ts';

/** What an engine says of itself. */
export interface EngineCapabilities {
  /**
   * Two nodes never believe to lead in one epoch. Holds for Raft, whose terms have one leader; a ballot
   * may share its round with the ballot of another node.
   */
  readonly oneLeaderPerEpoch: boolean;
  /**
   * An entry can be decided before the one in front of it is, which a new leader then fills. Where it
   * is not declared, no node ever holds an entry without the one before.
   */
  readonly outOfOrderDecisions: boolean;
  /** A node that holds nothing can become leader, and first learns what is decided. Raft forbids it. */
  readonly emptyLogMayLead: boolean;
  /** An undecided end of a log may be cut off. Paxos never does: a slot is only voted for again. */
  readonly truncatesSuffix: boolean;
  /**
   * Whoever comes back after it was cut off, hears nobody, or was removed, deposes no leader that is in
   * touch with a quorum, and raises no epoch (pre-vote, or stickiness of voters).
   */
  readonly undisturbedLeader: boolean;
  /** `settledEpoch` rises with the epochs in which something is decided. Otherwise it stays 0. */
  readonly settlesEpochs: boolean;
  /** A node that does not lead answers linearizable reads. Otherwise it refuses, and names the leader. */
  readonly readsAnywhere: boolean;
  /**
   * A leader answers lease reads at once, without a message. Otherwise it refuses them as invalid, or
   * answers them as linearizable ones.
   */
  readonly leaseReads: boolean;
  /** There are members that do not vote. Otherwise a change that asks for one is refused as invalid. */
  readonly learners: boolean;
  /** Leadership can be handed over. Otherwise a transfer is refused as invalid. */
  readonly transfers: boolean;
}

/** An engine whose two phases need quorums of different sizes (Howard et al. 2016). */
export interface FlexibleQuorums<Message> {
  readonly algorithm: Algorithm<Message>;
  readonly rules: Pick<EngineRules, 'decides' | 'mayFollow'>;
  /** Invariants that only this algorithm has. @default those of the suite */
  readonly checks?: (cluster: Cluster<Message>) => readonly Observer<Message>[];
  /** Size of the group. */
  readonly voters: number;
  /** The fewest nodes that decide an entry, their leader among them: less than a majority. */
  readonly deciders: number;
  /** The fewest nodes that elect a leader: more than a majority. */
  readonly electors: number;
}
