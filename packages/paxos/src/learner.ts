/**
 * The learner ("Paxos Made Simple", section 2.3): finds out what is chosen, closes its gaps, and knows
 * the values of everything up to `chosen`.
 *
 * News that slots are chosen travel without the values. They say something about a value here only if
 * it was accepted in the very ballot of the leader who says so: in another ballot another value may
 * stand here that was never chosen. Such a value is asked for instead.
 */
import { invariant, type LogIndex, type NodeId } from '@quorate/core';
import type { PageReader } from '@quorate/core/engines';
import { type Ballot, compareBallots, isNearRound, sameBallot } from './ballot.ts';
import { invariants } from './invariants.ts';
import { placedOverheadBytes } from './limits.ts';
import type { Learn, Learned } from './messages.ts';
import type { PaxosNode } from './node.ts';
import {
  ballotOf,
  holdsMembership,
  markedChosen,
  membershipIn,
  sameValue,
  settledRoundIn,
} from './record.ts';

/** Somebody who asked for values that memory does not hold any more. */
interface Pupil extends PageReader {
  readonly id: NodeId;
  from: LogIndex;
  /** Bytes that may still go there without another question. */
  left: number;
}

/** Most nodes that are served from the disk at once. */
const maxPupils = 64;

/** What a learner knows of what it does not have yet. */
export class Learning {
  /** Every slot up to here is chosen, as others say. */
  target: LogIndex = 0;
  /** Who said so. */
  source: NodeId | undefined;
  /** A question on its way. */
  asked: { readonly at: number; readonly from: LogIndex } | undefined;
  readonly pupils: Map<NodeId, Pupil> = new Map<NodeId, Pupil>();

  /** Somebody knows that every slot up to an index is chosen. */
  hear(chosen: LogIndex, source: NodeId): void {
    if (chosen < this.target) return;
    this.target = chosen;
    this.source = source;
  }
}

/**
 * Every slot up to an index is chosen, in ballots up to this one, and in this very one wherever it was
 * proposed in it.
 */
export function markChosen(
  node: PaxosNode,
  through: LogIndex,
  ballot: Ballot,
  source: NodeId,
): void {
  if (through <= node.chosen) return;
  const { slots } = node;
  const last = Math.min(through, slots.last);
  for (let index = node.chosen + 1; index <= last; index++) {
    const slot = slots.get(index);
    if (slot !== undefined && sameBallot(slot.ballot, ballot)) slot.chosen = true;
  }
  know(node, ballot);
  node.learning.hear(through, source);
  advance(node);
}

/** Moves the chosen prefix over everything that is known to be chosen. */
export function advance(node: PaxosNode): void {
  const { slots, tail, configurations } = node;
  for (;;) {
    const index = node.chosen + 1;
    const slot = slots.get(index);
    if (slot?.chosen !== true) break;
    const { record } = slot.item;
    invariant(slot.item.index === index, invariants.chosenGapless);
    node.chosen = index;
    node.chosenBytes += record.length;
    tail.push(index, record);
    if (holdsMembership(record)) {
      configurations.append({ index, membership: membershipIn(record) });
      node.leadership?.membershipChosen(node);
    }
    // Whoever decides from the next slot on must know that also after a crash (`reconfiguration.ts`).
    if (index === configurations.effectiveFrom - 1) node.journal.stateChanged();
    const settled = settledRoundIn(record);
    if (settled > node.settledRound) {
      node.settledRound = settled;
      node.settledAt = index;
    }
  }
  node.riseFloor();
}

/** Asks for what is missing, one page at a time. Once a turn. */
export function settleLearning(node: PaxosNode): void {
  const { learning, chosen, now } = node;
  if (chosen >= learning.target) {
    learning.asked = undefined;
    return;
  }
  // What came before has to reach the disk first: a slow one must not fill the memory.
  if (chosen > node.slots.floor && node.slots.bytes > node.settings.maxInflightBytes) {
    learning.asked = undefined;
    return;
  }
  const { asked } = learning;
  if (asked !== undefined && asked.from === chosen + 1 && now < askAgainAt(node, asked.at)) return;
  // Whoever knew may be gone. A leader knows it too, and so does whoever has promised a candidate.
  const again = asked?.from === chosen + 1;
  const leader = node.leader === node.id ? undefined : node.leader;
  const phase1 = node.preparation ?? node.leadership?.phase1;
  const other = leader ?? phase1?.teacher;
  const source = again ? (other ?? learning.source) : learning.source;
  learning.asked = undefined;
  if (source === undefined || source === node.id) return;
  learning.asked = { at: now, from: chosen + 1 };
  node.outbox.send(source, { type: 'learn', from: chosen + 1 });
}

/** When a question without an answer is asked again; `Infinity` where there is none. */
export function learnAgainAt(node: PaxosNode): number {
  const { asked } = node.learning;
  return asked === undefined ? Number.POSITIVE_INFINITY : askAgainAt(node, asked.at);
}

/** Somebody lacks what is chosen. */
export function receiveLearn(node: PaxosNode, from: NodeId, { from: first }: Learn): void {
  const { learning } = node;
  node.shipments.asked(node, from, first);
  if (first > node.chosen) return;
  if (first <= node.base) {
    node.shipments.ship(node, from);
    return;
  }
  if (first >= node.tail.firstIndex) {
    teachFromMemory(node, from, first, node.settings.maxInflightBytes);
    return;
  }
  let pupil = learning.pupils.get(from);
  if (pupil === undefined) {
    if (learning.pupils.size >= maxPupils) return;
    pupil = { id: from, from: first, left: 0, page: undefined, loading: undefined };
    learning.pupils.set(from, pupil);
  }
  if (pupil.loading !== undefined) return;
  pupil.from = first;
  pupil.left = node.settings.maxInflightBytes;
  node.load(pupil, first, node.chosen);
}

/** Passes on what came from the disk, and asks it for more where more may go. */
export function teachPupils(node: PaxosNode): void {
  const { pupils } = node.learning;
  for (const pupil of pupils.values()) {
    if (pupil.loading !== undefined) continue;
    const { id, page, from, left } = pupil;
    pupil.page = undefined;
    pupils.delete(id);
    if (page === undefined) continue;
    const sent = teach(node, id, from, (index) => page[index - from]?.record, left);
    if (!sent.more) continue;
    pupil.from = sent.next;
    pupil.left = left - sent.bytes;
    if (pupil.from >= node.tail.firstIndex) {
      teachFromMemory(node, id, pupil.from, pupil.left);
    } else {
      pupils.set(id, pupil);
      node.load(pupil, pupil.from, node.chosen);
    }
  }
}

/** Takes values in that are chosen. */
export function receiveLearned(node: PaxosNode, from: NodeId, learned: Learned): void {
  const { learning, slots } = node;
  if (learned.records.length > 0 && learned.from > node.chosen + 1) return;
  if (learned.knownIn.round === 0) return;
  if (!isNearRound(learned.knownIn.round, node.barrier.round)) return;
  know(node, learned.knownIn);
  let index = learned.from;
  for (const record of learned.records) {
    if (index > node.chosen) {
      const slot = slots.get(index);
      if (slot !== undefined && sameValue(slot.item.record, record)) {
        slot.chosen = true;
      } else {
        invariant(slot?.chosen !== true, invariants.oneValueChosen);
        invariant(
          node.leadership === undefined || index >= node.leadership.next,
          invariants.proposesWhatIsChosen,
        );
        node.put({
          item: { type: 'put', index, record: markedChosen(record) },
          ballot: ballotOf(record),
          chosen: true,
          write: undefined,
        });
      }
      advance(node);
    }
    index += 1;
  }
  learning.hear(learned.chosen, from);
  // The next page is on its way already, unless this one came twice or late.
  if (learned.more && index === node.chosen + 1) learning.asked = { at: node.now, from: index };
}

/**
 * Everything up to `chosen` was chosen in ballots up to this one. Whoever leads in a lower ballot may lack
 * some of it: it is not listened to any more, and must not lead here. That is remembered like a promise.
 */
export function know(node: PaxosNode, ballot: Ballot): void {
  if (compareBallots(ballot, node.knownIn) <= 0) return;
  node.knownIn = ballot;
  if (compareBallots(ballot, node.promised) <= 0) return;
  node.journal.promiseChanged();
  if (node.role !== 'follower') node.follow(undefined);
}

/**
 * Several pages for one question: one for each would make a distant learner wait between any two.
 *
 * @param left bytes that may go there.
 */
function teachFromMemory(node: PaxosNode, to: NodeId, first: LogIndex, left: number): void {
  const recordAt = (index: LogIndex): Uint8Array => node.tail.at(index).record;
  for (let from = first, free = left; ; ) {
    const sent = teach(node, to, from, recordAt, free);
    if (!sent.more) return;
    from = sent.next;
    free -= sent.bytes;
  }
}

/**
 * One page.
 *
 * @param left bytes that may go to the same learner: while there are some left another page follows.
 */
function teach(
  node: PaxosNode,
  to: NodeId,
  from: LogIndex,
  recordAt: (index: LogIndex) => Uint8Array | undefined,
  left: number,
): { readonly next: LogIndex; readonly bytes: number; readonly more: boolean } {
  const records: Uint8Array[] = [];
  let bytes = 0;
  let next = from;
  for (; next <= node.chosen; next++) {
    const record = recordAt(next);
    if (record === undefined) break;
    const size = record.length + placedOverheadBytes;
    if (bytes > 0 && bytes + size > node.settings.maxAppendBytes) break;
    records.push(record);
    bytes += size;
  }
  const { chosen, knownIn } = node;
  const more = records.length > 0 && next <= chosen && bytes < left;
  node.outbox.send(to, { type: 'learned', from, records, more, chosen, knownIn });
  return { next, bytes, more };
}

function askAgainAt(node: PaxosNode, askedAt: number): number {
  return askedAt + 2 * node.settings.heartbeatMs;
}
