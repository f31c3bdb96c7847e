/**
 * A group that does not begin with nothing: made out of what one node of a lost group holds, or from a
 * state that was saved.
 *
 * Neither is Paxos, and no quorum agrees to either; that all others are gone is the word of the operator.
 * What follows is safe as long as that word is.
 *
 * Forcing one voter declares every vote that this node holds to be chosen, in a ballot of the new group.
 * Which of them were, only a phase-2 quorum knew. A vote may even be an old one, in whose slot the others
 * have chosen another value in a higher ballot: taking it loses nothing that is here, leaving it out might
 * lose what was acknowledged. Where a slot is empty behind which there is a vote, a no-op goes: its value,
 * if it had one, was only elsewhere. So the log ends without holes and with everything chosen, and no
 * proposer has anything to repair.
 *
 * Who decides a slot follows from the memberships that are chosen before it, up to α slots later, and a
 * joint one names old voters who are gone. So none of them stays: wherever a membership stood, in the
 * snapshot's context, among the chosen slots (the durable state knows which), among the votes, there is
 * now that of this node alone. New members read the same, and not a group of lost voters, whose names
 * some of them may have and by which they could elect each other.
 *
 * The window and the quorums are those of the algorithm that does this. Those of the lost group may not
 * even allow for a single voter, and nothing rests on them any more: nothing is left to be decided.
 */
import {
  CorruptError,
  emptyMembership,
  type GroupBeginning,
  type IndexSpan,
  InvalidArgumentError,
  invariant,
  isJoint,
  type LogIndex,
  type LogRecord,
  maxU48,
  membershipOf,
  type Membership,
  type SoleVoter,
  type SoleVoterSetup,
  type StorageOp,
} from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import { type Ballot, compareBallots, describeBallot } from './ballot.ts';
import type { PlacedMembership } from './configurations.ts';
import { invariants } from './invariants.ts';
import type { PaxosSettings } from './options.ts';
import { quorumRefusal } from './quorums.ts';
import {
  ballotOf,
  checkRecord,
  fillerRecord,
  headerBytes,
  headerOf,
  holdsMembership,
  isMarkedChosen,
  settledRoundIn,
  stampHeader,
  trusted,
} from './record.ts';
import { type Beginning, recoverAnyway } from './recover.ts';
import { decodeContext, encodeContext, encodeState } from './state.ts';

/**
 * So far above every round that is known here goes the round of the new group. Each round takes an attempt
 * to lead, and a node that is cut off makes none: nobody in the old group can be as far ahead, so none of its
 * ballots is one of the new group too.
 */
const roundGap = 2 ** 20;

/** The round in which the first members of a restored group find themselves; the first leader is in a later one. */
const firstRound = 1;

/** Makes a node the only voter. */
export class PaxosSoleVoter implements SoleVoter {
  readonly #setup: SoleVoterSetup;
  readonly #settings: PaxosSettings;
  readonly #beginning: Beginning;
  /** Slots behind the known ones whose votes are memberships. */
  readonly #memberships: LogIndex[] = [];
  /** Slots behind the known ones without a vote. */
  readonly #gaps: LogIndex[] = [];
  readonly #last: LogIndex;
  #next: LogIndex;
  #round: number;
  #settledRound: number;

  /**
   * @throws CorruptError if state, records and snapshot do not fit together.
   * @throws InvalidArgumentError if there is nothing to go on from, or quorums cannot be formed of one voter.
   */
  constructor(setup: SoleVoterSetup, settings: PaxosSettings) {
    const { recovered, member, snapshot } = setup;
    const beginning = recoverAnyway({ recovered, bootstrap: emptyMembership }, settings);
    if (beginning.last === 0) {
      throw new InvalidArgumentError(
        'this node holds no entry and no snapshot: there is nothing to go on from; start a new group instead',
      );
    }
    if (snapshot?.index !== recovered.snapshot?.index) {
      throw new InvalidArgumentError(
        'stage the current snapshot once more, and pass that: its context names the old group',
      );
    }
    const refusal = quorumRefusal(settings.quorums, [member.id]);
    if (refusal !== undefined) throw new InvalidArgumentError(refusal);
    this.#setup = setup;
    this.#settings = settings;
    this.#beginning = beginning;
    this.#last = beginning.last;
    this.#next = beginning.chosen + 1;
    this.#round = Math.max(beginning.promised.round, beginning.knownIn.round);
    this.#settledRound = beginning.settledRound;
  }

  get unseen(): IndexSpan | undefined {
    return this.#next > this.#last ? undefined : { first: this.#next, last: this.#last };
  }

  see(records: readonly LogRecord[]): void {
    if (records.length === 0 && this.unseen !== undefined) {
      throw new CorruptError(
        `the storage said that its records end at ${String(this.#last)}, and has none from ${String(this.#next)} on`,
      );
    }
    for (const { index, record } of records) {
      if (index < this.#next || index > this.#last) continue;
      for (let gap = this.#next; gap < index; gap++) this.#gaps.push(gap);
      this.#next = index + 1;
      trusted(() => {
        this.#take(index, record);
      });
    }
  }

  steps(): readonly StorageOp[] {
    invariant(this.unseen === undefined, invariants.votesSeen);
    const { member, recovered, snapshot } = this.#setup;
    const { agreement } = this.#settings;
    const membership = membershipOf([member]);
    const ballot = { round: this.#round + roundGap, node: member.id };
    invariant(ballot.round < maxU48, invariants.roundsDoNotRunOut);
    const steps: StorageOp[] = [];
    let { base } = this.#beginning;
    if (snapshot !== undefined && recovered.snapshot !== undefined) {
      const { id, index } = snapshot;
      const { settledRound } = decodeContext(recovered.snapshot.context);
      const placed = { index, membership };
      const context = { agreement, index, knownIn: ballot, settledRound, placed };
      steps.push({ type: 'snapshot', id, index, context: encodeContext(context) });
      // Nobody needs what it covers: new members get the snapshot. So whatever is left of the log
      // comes from one place, and says the same of who the group is.
      base = Math.max(base, index);
      steps.push({ type: 'dropBefore', index: base + 1 });
    }
    const memberships: PlacedMembership[] = [{ index: base, membership }];
    for (const index of this.#membershipSlots()) {
      if (index <= base) continue;
      memberships.push({ index, membership });
      steps.push({ type: 'put', index, record: membershipUnder(ballot, membership) });
    }
    for (const index of this.#gaps) {
      if (index <= base || isFirstEntry(index)) continue;
      steps.push({ type: 'put', index, record: under(ballot, fillerRecord()) });
    }
    const state = {
      agreement,
      promised: ballot,
      chosen: this.#last,
      base,
      knownIn: ballot,
      settledRound: this.#settledRound,
      memberships,
    };
    steps.push({ type: 'state', bytes: encodeState(state) });
    return steps;
  }

  #take(index: LogIndex, record: Uint8Array): void {
    checkRecord(record);
    const ballot = ballotOf(record);
    const { promised } = this.#beginning;
    if (!isMarkedChosen(record) && compareBallots(ballot, promised) > 0) {
      throw new CorruptError(
        `the vote in slot ${String(index)} is in ballot ${describeBallot(ballot)}, the promise only in ${describeBallot(promised)}`,
      );
    }
    if (ballot.round > this.#round) this.#round = ballot.round;
    if (holdsMembership(record)) this.#memberships.push(index);
    const settled = settledRoundIn(record);
    if (settled > this.#settledRound) this.#settledRound = settled;
  }

  /** In ascending order. */
  #membershipSlots(): readonly LogIndex[] {
    const known = this.#beginning.memberships.map(({ index }) => index);
    const firstIsMissing = this.#gaps.some(isFirstEntry);
    return [...known, ...(firstIsMissing ? [1] : []), ...this.#memberships];
  }
}

/**
 * Begins a group from a snapshot.
 *
 * All first members get the same, so it is as if the first voter had led in the first round, and all of them
 * had accepted what it proposed up to the snapshot's index, known it to be chosen, and trimmed it. Nobody
 * uses that ballot: whoever wants to lead takes a higher round than the one it has promised.
 *
 * @throws InvalidArgumentError if the snapshot is of nothing, or the membership cannot begin a group.
 */
export function beginFrom(
  { snapshot, membership }: GroupBeginning,
  { agreement, quorums }: PaxosSettings,
): readonly StorageOp[] {
  const { id, index } = snapshot;
  const [first] = membership.voters;
  if (!Number.isInteger(index) || index < 1 || index >= maxU48) {
    throw new InvalidArgumentError(`a snapshot at index ${String(index)} is one of nothing`);
  }
  if (isJoint(membership) || first === undefined) {
    throw new InvalidArgumentError('a group begins with voters, and with no change under way');
  }
  const refusal = quorumRefusal(
    quorums,
    membership.voters.map((voter) => voter.id),
  );
  if (refusal !== undefined) throw new InvalidArgumentError(refusal);
  const knownIn = { round: firstRound, node: first.id };
  const placed = { index, membership };
  const context = { agreement, index, knownIn, settledRound: 0, placed };
  const state = {
    agreement,
    promised: knownIn,
    chosen: index,
    base: index,
    knownIn,
    settledRound: 0,
    memberships: [placed],
  };
  return [
    { type: 'snapshot', id, index, context: encodeContext(context) },
    { type: 'state', bytes: encodeState(state) },
  ];
}

/** The first entry of a group's log says who the group is (`proposer.ts`). */
function isFirstEntry(slot: LogIndex): boolean {
  return slot === 1;
}

function membershipUnder(ballot: Ballot, membership: Membership): Uint8Array {
  return under(ballot, membershipRecord(membership, headerBytes));
}

function under(ballot: Ballot, record: Uint8Array): Uint8Array {
  stampHeader(record, headerOf(ballot));
  return record;
}
