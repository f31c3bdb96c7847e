/**
 * What must always hold, asserted in production too: a broken invariant stops the node with an
 * `InvariantError`; it never guesses. Sources: Lamport, "Paxos Made Simple" (2001), with its names P1a,
 * P2a, P2b, P2c; Howard, Malkhi and Spiegelman, "Flexible Paxos" (2016).
 *
 * The statements are constants, so that a check that holds costs a comparison and nothing else.
 */
import { engineInvariants } from '@quorate/core/engines';

const ofPaxos = {
  /** P1a: what was promised is never taken back. */
  promiseNeverFalls: 'the promised ballot of an acceptor never falls',
  /** Rounds are written in 48 bits; at one election a millisecond they last 8900 years. */
  roundsDoNotRunOut: 'a round fits into 48 bits',
  /** Section 2.5: different proposers choose their numbers from disjoint sets. */
  ballotHasOneOwner: 'nobody else proposes in the ballot of a node',
  /** A proposer proposes one value in a ballot and slot, so two votes in it are the same. */
  oneValuePerBallot: 'two votes in one slot and ballot have the same value',
  /** Accepting counts as a promise. */
  votedWithinPromise: 'no vote is in a higher ballot than the one promised',
  /** A vote is replaced only by one in a higher ballot. */
  votesRise: 'the ballot of the vote in a slot never falls',
  neverVoteBelowFloor: 'nothing is accepted in a slot that is chosen and durable here',
  readsWhatIsFinal: 'a record is read back only once it is chosen and durable here',
  /** P2: if a value is chosen, every value that is chosen is the same. */
  oneValueChosen: 'a chosen value never changes',
  /** P2b: every value proposed in a higher ballot than a chosen one is the same. */
  proposesWhatIsChosen: 'a proposer proposes no other value where one is chosen',
  chosenNeverFalls: 'the chosen prefix never shrinks',
  chosenGapless: 'the chosen prefix has no gap',
  /** Section 3: slot i + α is proposed only when slot i is chosen. */
  withinWindow: 'nobody proposes further than the window past what is chosen',
  /** Flexible Paxos: phase 2 only behind a phase-1 quorum of those who decide the slot. */
  preparedBeforeProposed:
    'a slot is proposed only once a phase-1 quorum of its voters has promised',
  /** Whoever makes a group of its own out of what it holds. */
  votesSeen: 'nothing is declared chosen before every vote was seen',
  snapshotNamesGroup: 'the membership in a snapshot has voters',
  oneChangeAtATime: 'voters change one change at a time, each from the voters before',
  clockNeverFalls: 'the monotonic clock does not fall',
} as const;

/** All of them: those of Paxos, and those of the parts that it shares with other engines. */
export const invariants: typeof engineInvariants & typeof ofPaxos = {
  ...engineInvariants,
  ...ofPaxos,
};
