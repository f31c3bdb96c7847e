/**
 * The acceptor ("Paxos Made Simple", section 2.2, phases 1b and 2b), for all slots at once.
 *
 * It holds one promise for all slots, and a vote for each slot in which it has accepted something.
 * *Promised* and *accepted* ballots are different things: the promise is a property of the acceptor,
 * the ballot of a vote is a property of the vote and stands in its record. Accepting in a ballot is a
 * promise too, and both reach the disk in one write, before the answer leaves.
 */
import { invariant, type LogIndex, type NodeId } from '@quorate/core';
import { type Ballot, compareBallots, isNearRound, sameBallot } from './ballot.ts';
import { isLoyal } from './election.ts';
import { invariants } from './invariants.ts';
import { markChosen } from './learner.ts';
import { maxRanges, placedOverheadBytes } from './limits.ts';
import type { Accept, Placed, Prepare, SlotRange } from './messages.ts';
import type { PaxosNode } from './node.ts';
import { sameValue } from './record.ts';
import { mayAccept, mayPromise } from './rules.ts';
import { openSlots } from './slots.ts';

/** What an acceptor has accepted in the ballot that it has promised, and what its leader knows of it. */
export class Acceptance {
  /** Every slot up to here is accepted in the promised ballot or chosen. */
  #seen: LogIndex;
  /** Like `seen`, and durable. */
  #held: LogIndex;
  /** From the latest accept heard in this ballot. */
  round = 0;
  sentAt: number = Number.NEGATIVE_INFINITY;
  /** An answer is due, whatever has become durable. */
  owed = false;
  #toldHeld: LogIndex = 0;
  #toldBeyond: LogIndex = 0;

  constructor(chosen: LogIndex) {
    this.#seen = chosen;
    this.#held = chosen;
  }

  /** @see Accepted.seen */
  get seen(): LogIndex {
    return this.#seen;
  }

  /** @see Accepted.match */
  get held(): LogIndex {
    return this.#held;
  }

  /** Another ballot is promised: votes in the one before do not count in it. */
  reset(chosen: LogIndex, floor: LogIndex): void {
    this.#seen = chosen;
    this.#held = Math.min(floor, chosen);
    this.round = 0;
    this.sentAt = Number.NEGATIVE_INFINITY;
    this.#toldHeld = 0;
    this.#toldBeyond = 0;
  }

  /** Something else stands in a slot now. */
  lower(index: LogIndex): void {
    if (this.#held >= index) this.#held = index - 1;
  }

  /** Takes in what was accepted, chosen or stored since the last time. */
  update(node: PaxosNode): void {
    const { slots, chosen, promised } = node;
    const { stored } = node.journal.writes;
    if (this.#seen < chosen) this.#seen = chosen;
    for (let slot = slots.get(this.#seen + 1); slot !== undefined; ) {
      if (!slot.chosen && !sameBallot(slot.ballot, promised)) break;
      this.#seen += 1;
      slot = slots.get(this.#seen + 1);
    }
    if (this.#held < slots.floor) this.#held = slots.floor;
    while (this.#held < this.#seen) {
      const write = slots.get(this.#held + 1)?.write;
      if (write === undefined || write > stored) break;
      this.#held += 1;
    }
  }

  /** Whether a slot is accepted in the promised ballot, or chosen, and durable. */
  holds(node: PaxosNode, index: LogIndex): boolean {
    if (index <= this.#held) return true;
    const slot = node.slots.get(index);
    return (
      slot?.write !== undefined &&
      slot.write <= node.journal.writes.stored &&
      (slot.chosen || sameBallot(slot.ballot, node.promised))
    );
  }

  /** What is held behind a hole. */
  beyond(node: PaxosNode): readonly SlotRange[] {
    const { last } = node.slots;
    if (this.#seen >= last) return [];
    const ranges: SlotRange[] = [];
    let from = 0;
    for (let index = this.#held + 1; index <= last + 1; index++) {
      if (index <= last && this.holds(node, index)) {
        if (from === 0) from = index;
      } else if (from > 0) {
        ranges.push({ from, to: index - 1 });
        if (ranges.length === maxRanges) break;
        from = 0;
      }
    }
    return ranges;
  }

  /** Whether the leader has not been told of this yet; from now on it has. */
  isNews(beyond: readonly SlotRange[]): boolean {
    const held = this.#held;
    const most = beyond.reduce((sum, { from, to }) => sum + to - from + 1, held);
    if (held <= this.#toldHeld && most <= this.#toldBeyond) return false;
    this.#toldHeld = held;
    this.#toldBeyond = most;
    return true;
  }
}

/** Phase 1b. */
export function receivePrepare(node: PaxosNode, from: NodeId, prepare: Prepare): void {
  const { ballot, agreement } = prepare;
  const { barrier, promised } = node;
  if (agreement !== node.settings.agreement || ballot.node !== from) return;
  if (!isNearRound(ballot.round, barrier.round)) return;
  if (!mayPromise(barrier, ballot)) {
    refuse(node, from, ballot);
    return;
  }
  if (!sameBallot(promised, ballot)) {
    // A leader has this node's word for now, and reads under a lease rest on that.
    if (isLoyal(node, from, prepare.transfer)) return;
    // Stricter than Paxos asks for: one promise a round. So a round has one leader as long as phase-1
    // quorums meet (those of two memberships need not), and its number alone mostly names the leadership
    // (`EngineStatus.epoch`). Nothing rests on that but fewer duels.
    if (promised.round === ballot.round) {
      refuse(node, from, ballot);
      return;
    }
    node.promise(ballot);
    node.restartTimer();
  }
  promiseTo(node, from, prepare);
}

/** Phase 2b, and with it everything that a leader has to say. */
export function receiveAccept(node: PaxosNode, from: NodeId, accept: Accept): void {
  const { ballot, agreement, proposals } = accept;
  if (agreement !== node.settings.agreement || ballot.node !== from) return;
  const { barrier } = node;
  if (!isNearRound(ballot.round, barrier.round)) return;
  if (!mayAccept(barrier, ballot)) {
    if (!accept.notice) refuse(node, from, ballot);
    return;
  }
  invariant(ballot.node !== node.id, invariants.ballotHasOneOwner);
  // The same word: with two sets of voters another leader may have been elected without it. A leader
  // says everything again.
  if (!sameBallot(node.promised, ballot) && isLoyal(node, from, accept.transfer)) return;
  node.promise(ballot);
  node.heardFromLeader(from);
  const { acceptance } = node;
  const { owed } = acceptance;
  let again = false;
  for (const placed of proposals) if (!vote(node, placed, ballot)) again = true;
  markChosen(node, accept.chosen, ballot, from);
  // What is new here is answered once it is durable. Everything else is answered at once.
  const asks = proposals.length === 0 || again || accept.round > acceptance.round;
  acceptance.owed = owed || (asks && !accept.notice);
  if (accept.round > acceptance.round) acceptance.round = accept.round;
  if (accept.sentAt > acceptance.sentAt) acceptance.sentAt = accept.sentAt;
}

/**
 * Accepts a value in a ballot that is promised.
 *
 * @returns whether that was new.
 */
export function vote(node: PaxosNode, { slot, record }: Placed, ballot: Ballot): boolean {
  const { slots, chosen } = node;
  // Nobody need vote where the value is known to be chosen; and where it was trimmed, nobody may: the
  // vote that stood there is forgotten, and another one could help to choose another value.
  if (slot <= chosen) return false;
  if (slot > chosen + openSlots(node.settings)) return false;
  const before = slots.get(slot);
  if (before !== undefined) {
    if (before.chosen) return false;
    const order = compareBallots(ballot, before.ballot);
    if (order === 0) {
      invariant(sameValue(before.item.record, record), invariants.oneValuePerBallot);
      return false;
    }
    invariant(order > 0, invariants.votesRise);
  }
  invariant(compareBallots(ballot, node.promised) <= 0, invariants.votedWithinPromise);
  node.put({
    item: { type: 'put', index: slot, record },
    ballot,
    chosen: false,
    write: undefined,
  });
  return true;
}

/** Tells the leader what is accepted here, where there is news or an answer is due. Once a turn. */
export function acknowledge(node: PaxosNode): void {
  const { acceptance, leader } = node;
  acceptance.update(node);
  if (leader === undefined || leader === node.id || leader !== node.promised.node) {
    acceptance.owed = false;
    return;
  }
  // A snapshot on its way to the disk is not held yet.
  if (node.publications.installing) return;
  const beyond = acceptance.beyond(node);
  if (!acceptance.isNews(beyond) && !acceptance.owed) return;
  acceptance.owed = false;
  const { held: match, seen, round, sentAt } = acceptance;
  const { promised: ballot, chosen } = node;
  const { known } = node.journal;
  const last = Math.max(node.slots.last, match);
  node.reply(leader, {
    type: 'accepted',
    ballot,
    match,
    beyond,
    seen,
    chosen,
    known,
    last,
    round,
    sentAt: Number.isFinite(sentAt) ? sentAt : 0,
  });
}

/** One page of a promise. Durable before it leaves; asking again gives the same. */
function promiseTo(node: PaxosNode, to: NodeId, { ballot, from }: Prepare): void {
  const { slots, chosen, settings } = node;
  const votes: Placed[] = [];
  let bytes = 0;
  let next = 0;
  for (let index = Math.max(from, chosen + 1); index <= slots.last; index++) {
    const slot = slots.get(index);
    if (slot === undefined) continue;
    const { record } = slot.item;
    const size = record.length + placedOverheadBytes;
    if (bytes > 0 && bytes + size > settings.maxAppendBytes) {
      next = index;
      break;
    }
    votes.push({ slot: index, record });
    bytes += size;
  }
  node.outbox.sendDurably(to, {
    type: 'promise',
    ballot,
    chosen,
    firstIndex: node.firstIndex,
    from,
    votes,
    next,
  });
}

function refuse(node: PaxosNode, to: NodeId, ballot: Ballot): void {
  node.reply(to, { type: 'refuse', ballot, promised: node.barrier });
}
