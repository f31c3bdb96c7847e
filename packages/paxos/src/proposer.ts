/**
 * The proposer ("Paxos Made Simple", sections 2.2 and 3): phase 1 for everything behind its chosen
 * prefix, then a value for each slot.
 *
 * What a new leader proposes, in this order:
 *
 * 1. In every slot up to the highest that anybody has reported: the value of the highest vote, or a
 *    no-op where there is none. A gap is filled, or everything behind it would wait for ever.
 * 2. No-ops in the α slots behind that, and then a record that *settles* its round. Votes of former
 *    leaders that nobody has reported may still lie on acceptors that did not answer, and a later leader
 *    may find and choose them; but they cannot lie further than α past what was chosen then. So once the
 *    settling record is chosen, whatever was proposed in an earlier round is chosen at or before it or
 *    never will be, and every node knows that (`EngineStatus.settledEpoch`).
 * 3. Whatever clients propose.
 *
 * The bound of 2: a former leader of a lower ballot knew as chosen only what was chosen in ballots up to
 * its own, because whoever knows more promises and accepts only in higher ones (`PaxosNode.barrier`). All
 * of that the phase-1 quorums of this ballot report; and it proposed at most α slots past it.
 */
import {
  entryKind,
  invariant,
  isJoint,
  type LogIndex,
  MalformedError,
  type NodeId,
  type Ticket,
} from '@quorate/core';
import { leadershipFor, membershipRecord } from '@quorate/core/engines';
import { type Ballot, chosenBallot, compareBallots, sameBallot } from './ballot.ts';
import { mostVotes } from './slots.ts';
import { invariants } from './invariants.ts';
import { know } from './learner.ts';
import { Leadership } from './leadership.ts';
import type { Promised } from './messages.ts';
import type { PaxosNode } from './node.ts';
import { Phase1 } from './phase1.ts';
import {
  ballotOf,
  fillerRecord,
  headerBytes,
  holdsMembership,
  isMarkedChosen,
  membershipIn,
  minRecordBytes,
  settledRecord,
  stampHeader,
  withHeader,
} from './record.ts';

/**
 * Phase 1a: a ballot of its own, higher than every one that this node knows of.
 *
 * @param transfer the ballot of the leader who wants it, if one does.
 */
export function beginPhase1(node: PaxosNode, transfer: Ballot | undefined): void {
  // Who takes over takes the very next round: whoever has promised a later leader refuses it.
  const seen = transfer === undefined ? node.roundsSeen : 0;
  const round = Math.max(node.barrier.round, seen) + 1;
  node.attempts += 1;
  const ballot = { round, node: node.id };
  node.role = 'candidate';
  node.leader = undefined;
  node.survey = undefined;
  // The round reaches the disk, as the own promise, before the first prepare leaves: whatever happens,
  // this node never uses it again.
  node.promise(ballot);
  const resendAt = node.now + node.settings.heartbeatMs;
  node.preparation = new Phase1(ballot, node.chosen + 1, transfer, resendAt);
  node.restartTimer();
  askForPromises(node, node.preparation);
}

/** Asks everybody whose promise counts and has not come. */
export function askForPromises(node: PaxosNode, phase1: Phase1): void {
  const asked = new Set(node.configurations.behind(node.chosen).flat());
  for (const voter of asked) {
    if (voter !== node.id && !phase1.has(voter)) prepare(node, phase1, voter);
  }
}

/** Phase 1b has been answered. */
export function receivePromise(node: PaxosNode, from: NodeId, promise: Promised): void {
  const phase1 = node.preparation ?? node.leadership?.phase1;
  if (phase1 === undefined || !sameBallot(phase1.ballot, promise.ballot)) return;
  for (const { record } of promise.votes) if (!isPossible(record, phase1)) return;
  const last = promise.votes[promise.votes.length - 1]?.slot ?? 0;
  if (last > promise.chosen + mostVotes(node.settings)) return;
  const next = phase1.add(from, promise, node.leadership?.next ?? node.chosen + 1);
  if (next === undefined) return;
  node.learning.hear(promise.chosen, from);
  node.leadership?.sawUsed(Math.max(phase1.highest, phase1.chosen));
  // Still on its way: whoever sends its pages has not been lost.
  if (node.preparation !== undefined) node.restartTimer();
  if (next > 0) prepare(node, phase1, from);
}

/** The own promise is durable, and counts from now on. */
export function countOwnPromise(node: PaxosNode): void {
  if (!node.journal.promiseIsStored) return;
  // Others may have been quicker: then it leads already.
  (node.preparation ?? node.leadership?.phase1)?.promisedBySelf(node.id);
}

/** Whether phase 1 is complete: then this node leads. Once a turn. */
export function settlePhase1(node: PaxosNode, phase1: Phase1): void {
  const { chosen, configurations, settings } = node;
  const covered = configurations
    .behind(chosen)
    .every((voters) => phase1.covers(settings.quorums, voters, chosen));
  if (covered) {
    lead(node, phase1);
  } else if (node.now >= phase1.resendAt) {
    phase1.resendAt = node.now + settings.heartbeatMs;
    askForPromises(node, phase1);
  }
}

/** A client's entry. It gets its slot as soon as the window has room. */
export function propose(node: PaxosNode, ticket: Ticket, record: Uint8Array): void {
  const { outbox } = node;
  const leadership = leadershipFor(node, ticket);
  if (leadership === undefined) return;
  const waiting = leadership.unsettledBytes;
  if (waiting > 0 && waiting + record.length > node.settings.maxUncommittedBytes) {
    outbox.reject(ticket, 'overloaded');
    return;
  }
  if (!isProposable(record)) {
    outbox.reject(ticket, 'invalid', 'only entries with commands, or none, can be proposed');
    return;
  }
  leadership.enqueue({ ticket, record });
}

/** Phase 2a: a value for every slot that the window allows. Once a turn. */
export function fillSlots(node: PaxosNode, leadership: Leadership): void {
  const { window, quorums } = node.settings;
  const { phase1 } = leadership;
  // A promise that came late may have told of more that is chosen, and it was fetched meanwhile.
  leadership.skipTo(node.chosen + 1);
  for (;;) {
    const slot = leadership.next;
    if (slot > node.chosen + window) return;
    if (!phase1.covers(quorums, node.configurations.votersOf(slot), node.chosen)) return;
    const record = recordFor(node, leadership, slot);
    if (record === undefined) return;
    assign(node, leadership, slot, record);
  }
}

function prepare(node: PaxosNode, phase1: Phase1, voter: NodeId): void {
  const { ballot, transfer } = phase1;
  const { agreement } = node.settings;
  const from = phase1.dueFrom(voter);
  node.outbox.sendDurably(voter, { type: 'prepare', agreement, ballot, from, transfer });
}

function lead(node: PaxosNode, phase1: Phase1): void {
  node.role = 'leader';
  node.leader = node.id;
  node.preparation = undefined;
  node.attempts = 0;
  const highest = Math.max(phase1.highest, phase1.chosen, node.slots.last);
  node.leadership = new Leadership(node, phase1, highest);
  // Whatever is counted from here on, also behind a hole, is chosen in this ballot.
  know(node, phase1.ballot);
}

/** What is to be proposed in a slot; `undefined`: nothing yet. */
function recordFor(
  node: PaxosNode,
  leadership: Leadership,
  slot: LogIndex,
): Uint8Array | undefined {
  const { phase1, header } = leadership;
  if (slot <= leadership.recoverThrough) {
    const own = node.slots.get(slot);
    const value = phase1.valueFor(
      slot,
      own === undefined
        ? undefined
        : { ballot: own.chosen ? chosenBallot : own.ballot, value: own.item.record },
    );
    if (value !== undefined) return withHeader(value, header);
  }
  if (slot === 1) {
    // The first entry of a group's log says who the group is, so that a node that is added later and
    // replays the log knows it too, and can vouch for it in a snapshot.
    return stamped(membershipRecord(node.configurations.current, headerBytes), header);
  }
  if (slot <= leadership.fillThrough) return stamped(fillerRecord(), header);
  if (!leadership.settled) {
    leadership.settled = true;
    return stamped(settledRecord(leadership.ballot.round), header);
  }
  const own = leadership.takeOwn(slot);
  if (own !== undefined) {
    invariant(node.configurations.mayFollow(membershipIn(own)), invariants.oneChangeAtATime);
    return stamped(own, header);
  }
  const waiting = leadership.dequeue();
  if (waiting !== undefined) {
    node.outbox.accept(waiting.ticket, slot);
    return stamped(waiting.record, header);
  }
  // A change of voters takes effect α slots later: no-ops hurry it on where clients propose nothing.
  return slot <= leadership.hurryThrough ? stamped(fillerRecord(), header) : undefined;
}

function assign(node: PaxosNode, leadership: Leadership, slot: LogIndex, record: Uint8Array): void {
  const { ballot, phase1 } = leadership;
  const { quorums, window } = node.settings;
  invariant(slot <= node.chosen + window, invariants.withinWindow);
  invariant(
    phase1.covers(quorums, node.configurations.votersOf(slot), node.chosen),
    invariants.preparedBeforeProposed,
  );
  phase1.forget(slot);
  leadership.proposed(slot, record.length);
  if (holdsMembership(record) && isJoint(membershipIn(record))) {
    leadership.hurryThrough = slot + window - 1;
  }
  // The proposer is an acceptor too, and has promised this ballot.
  const before = node.slots.get(slot);
  invariant(
    before === undefined || compareBallots(before.ballot, ballot) <= 0,
    invariants.votesRise,
  );
  node.put({
    item: { type: 'put', index: slot, record },
    ballot,
    chosen: before?.chosen ?? false,
    write: undefined,
  });
}

function stamped(record: Uint8Array, header: Uint8Array): Uint8Array {
  stampHeader(record, header);
  return record;
}

/**
 * Nobody has accepted anything in a higher ballot than the one that was just promised. What is only known
 * to be chosen stands under the ballot of whoever told.
 */
function isPossible(record: Uint8Array, { ballot }: Phase1): boolean {
  return isMarkedChosen(record) || compareBallots(ballotOf(record), ballot) <= 0;
}

function isProposable(record: Uint8Array): boolean {
  if (record.length < minRecordBytes || holdsMembership(record)) return false;
  try {
    // A no-op that holds something would be taken for one of the engine's own.
    return entryKind(record, headerBytes) !== 'noop' || record.length === minRecordBytes;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}
