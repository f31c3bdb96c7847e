/**
 * A group that does not begin with nothing: made out of what one node of a lost group holds, or from a
 * state that was saved.
 *
 * Neither is in the paper, and no quorum agrees to either; that all others are gone is the word of the
 * operator. What follows is safe as long as that word is.
 *
 * Forcing one voter changes as little as possible. The entries stay as they are, with their terms: the
 * new group's log is this node's log. What was perhaps never committed cannot be told from what was
 * (only a quorum knew), so all of it is committed along with the first entry of the next term (section
 * 5.4.2). Only who the group is changes, and everywhere: in the snapshot's context, in each entry that
 * is a membership (the skeleton of the log knows where they are), in the durable state. A membership
 * entry at the end alone would do for this node, but not for new members: they read the log from its
 * beginning, the old memberships first, and any two of them with names of lost voters could elect each
 * other by those.
 */
import {
  emptyMembership,
  type GroupBeginning,
  InvalidArgumentError,
  invariant,
  isJoint,
  maxU48,
  type Member,
  type Membership,
  membershipOf,
  type SoleVoter,
  type SoleVoterSetup,
  type StorageOp,
} from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import { invariants } from './invariants.ts';
import type { PlacedMembership } from './log-memberships.ts';
import { headerBytes, stampTerm } from './record.ts';
import { type Beginning, recover } from './recover.ts';
import { encodeContext, encodeState } from './state.ts';

/**
 * So far above the term of the node that is left goes the term of the new group. Each term takes an
 * election, and a node that is cut off does not raise it (pre-vote): nobody in the old group can be
 * as far ahead, so none of its terms is one of the new group too.
 */
const termGap = 2 ** 20;

/** The term in which the first members of a restored group find themselves; the first leader is of the next. */
const firstTerm = 1;

/**
 * Makes a node the only voter.
 *
 * @throws CorruptError if state, records and snapshot do not fit together.
 * @throws InvalidArgumentError if there is nothing to go on from.
 */
export function forceSoleVoter({ recovered, member, snapshot }: SoleVoterSetup): SoleVoter {
  const beginning = recover({ recovered, bootstrap: emptyMembership });
  if (beginning.log.lastIndex === 0) {
    throw new InvalidArgumentError(
      'this node holds no entry and no snapshot: there is nothing to go on from; start a new group instead',
    );
  }
  if (snapshot?.index !== recovered.snapshot?.index) {
    throw new InvalidArgumentError(
      'stage the current snapshot once more, and pass that: its context names the old group',
    );
  }
  const steps = stepsFor(beginning, member, snapshot);
  return {
    // The durable state knows everything about the log that has to be known.
    unseen: undefined,
    see: () => undefined,
    steps: () => steps,
  };
}

/**
 * Begins a group from a snapshot.
 *
 * All first members get the same, so it is as if an entry of the first term had stood at the snapshot's
 * index, been committed and been covered by the snapshot on each of them.
 *
 * @throws InvalidArgumentError if the snapshot is of nothing, or the membership cannot begin a group.
 */
export function beginFrom({ snapshot, membership }: GroupBeginning): readonly StorageOp[] {
  const { id, index } = snapshot;
  if (!Number.isInteger(index) || index < 1 || index >= maxU48) {
    throw new InvalidArgumentError(`a snapshot at index ${String(index)} is one of nothing`);
  }
  if (isJoint(membership) || membership.voters.length === 0) {
    throw new InvalidArgumentError('a group begins with voters, and with no change under way');
  }
  const base = { index, term: firstTerm };
  const context = encodeContext({ ...base, knownIn: firstTerm, membership });
  const memberships = [{ index, membership }];
  const state = { term: firstTerm, votedFor: undefined, base, runs: [], memberships };
  return [
    { type: 'snapshot', id, index, context },
    { type: 'state', bytes: encodeState(state) },
  ];
}

function stepsFor(
  { term: oldTerm, log, snapshot: covered }: Beginning,
  member: Member,
  snapshot: SoleVoterSetup['snapshot'],
): readonly StorageOp[] {
  const { terms } = log;
  const term = oldTerm + termGap;
  invariant(term < maxU48, invariants.termsDoNotRunOut);
  const membership = membershipOf([member]);
  const steps: StorageOp[] = [];
  if (snapshot !== undefined) {
    const { id, index } = snapshot;
    const context = encodeContext({ ...covered, knownIn: term, membership });
    steps.push({ type: 'snapshot', id, index, context });
    // Nobody needs what it covers: new members get the snapshot. So whatever is left of the log
    // comes from one place, and says the same of who the group is.
    if (index > terms.base.index) terms.dropThrough(index, log.lastIndex);
    steps.push({ type: 'dropBefore', index: terms.base.index + 1 });
  }
  const { base } = terms;
  const placed: PlacedMembership[] = [{ index: base.index, membership }];
  for (const { index } of log.memberships.all()) {
    if (index <= base.index) continue;
    placed.push({ index, membership });
    steps.push({ type: 'put', index, record: recordOf(membership, terms.termAt(index)) });
  }
  // A vote for itself in that term: as if it had led in it, nobody else ever will.
  const state = { term, votedFor: member.id, base, runs: terms.runs(), memberships: placed };
  steps.push({ type: 'state', bytes: encodeState(state) });
  return steps;
}

function recordOf(membership: Membership, term: number): Uint8Array {
  const record = membershipRecord(membership, headerBytes);
  stampTerm(record, term);
  return record;
}
