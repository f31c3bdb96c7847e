/**
 * Phase 2 on its way: carrying proposals to the acceptors, and counting who has accepted them.
 *
 * Accepts are pipelined under the window of slots and a window of bytes for each acceptor; the next one
 * leaves before the one before is answered, and the leader's own disk works at the same time. A slot is
 * chosen as soon as a phase-2 quorum of its own voters holds it in this ballot, whatever becomes of the
 * slots before it. What an acceptor has not seen, though it answers something later, is sent again.
 */
import type { LogIndex, NodeId } from '@quorate/core';
import { sameBallot } from './ballot.ts';
import { advance } from './learner.ts';
import type { Leadership } from './leadership.ts';
import { placedOverheadBytes } from './limits.ts';
import type { Accept, Accepted, Placed } from './messages.ts';
import type { PaxosNode } from './node.ts';
import type { Peer } from './peer.ts';
import { phase2Value } from './quorums.ts';
import { hasHeader } from './record.ts';
import { openSlots } from './slots.ts';

/** Phase 2b has been answered. */
export function receiveAccepted(node: PaxosNode, from: NodeId, reply: Accepted): void {
  const { leadership } = node;
  const peer = leadership?.peers.get(from);
  if (leadership === undefined || peer === undefined) return;
  if (!sameBallot(reply.ballot, leadership.ballot)) return;
  // Nobody can have heard in this ballot what this leader never said.
  if (reply.round > leadership.reads.round || reply.sentAt > node.now) return;
  const news = peer.answered(reply, leadership.next - 1);
  peer.heardAt = node.now;
  if (news) leadership.progressed = true;
  if (reply.sentAt > peer.answeredSentAt) {
    peer.answeredSentAt = reply.sentAt;
    leadership.answered = true;
  }
  if (reply.round > peer.answeredRound) {
    peer.answeredRound = reply.round;
    leadership.answered = true;
  }
  // Somebody voted there for a leader that is gone, and it was not in the promises. A quorum read may
  // wait for that slot; in its time this leader decides it.
  if (
    reply.last > leadership.hurryThrough &&
    reply.last <= node.chosen + openSlots(node.settings)
  ) {
    leadership.hurryThrough = reply.last;
  }
  // It may know more: what was decided before this leader came into office.
  node.learning.hear(reply.chosen, from);
  node.shipments.caughtUp(from, reply.chosen >= node.chosen);
}

/** Counts, and chooses what a phase-2 quorum holds. Once a turn. */
export function settleChosen(node: PaxosNode, leadership: Leadership): void {
  if (!leadership.progressed) return;
  leadership.progressed = false;
  const { acceptance, configurations, id, settings, slots } = node;
  const { peers } = leadership;
  const { quorums } = settings;
  acceptance.update(node);
  const before = node.chosen;
  const last = leadership.next - 1;
  let index = node.chosen + 1;
  // All slots of one set of voters at once, as far as nobody has a hole.
  while (index <= last) {
    const voters = configurations.votersOf(index);
    const reached = phase2Value(quorums, voters, (voter) =>
      voter === id ? acceptance.held : peers.get(voter)?.match,
    );
    if (reached < index) break;
    for (; index <= reached && configurations.votersOf(index) === voters; index++) {
      const slot = slots.get(index);
      if (slot !== undefined) slot.chosen = true;
    }
  }
  const holes =
    acceptance.seen < slots.last || [...peers.values()].some((peer) => peer.holdsBeyond);
  if (holes) {
    for (; index <= last; index++) {
      const slot = slots.get(index);
      if (slot === undefined || slot.chosen) continue;
      slot.chosen = quorums.phase2(configurations.votersOf(index), (voter) =>
        voter === id
          ? acceptance.holds(node, slot.item.index)
          : peers.get(voter)?.holds(slot.item.index) === true,
      );
    }
  }
  advance(node);
  if (before < leadership.knowsAllFrom && node.chosen >= leadership.knowsAllFrom) {
    // The reads that waited for it may be answered.
    leadership.answered = true;
  }
  leadership.settle(slots.floor);
}

/** Sends every member what it is due. Once a turn. */
export function replicate(node: PaxosNode, leadership: Leadership): void {
  const built: Built[] = [];
  for (const peer of leadership.peers.values()) {
    if (peer.leavingIndex !== undefined && hasLeft(node, leadership, peer)) continue;
    replicateTo(node, leadership, peer, built);
  }
}

/** Proposals from one slot on, as one message. */
interface Built {
  readonly from: LogIndex;
  readonly message: Accept;
  readonly last: LogIndex;
  readonly bytes: number;
}

function replicateTo(node: PaxosNode, leadership: Leadership, peer: Peer, built: Built[]): void {
  const { settings, chosen } = node;
  const last = leadership.next - 1;
  const least = firstInMemory(node, leadership);
  if (peer.next < least) peer.next = Math.max(least, peer.seen + 1);
  // Whoever is too far behind would not take it, and asks for what it lacks.
  const most = Math.min(last, peer.chosen + openSlots(node.settings));
  while (peer.next <= most && peer.hasRoom(settings.maxInflightBytes)) {
    const next = buildShared(node, leadership, peer.next, last, built);
    send(node, peer, next.message);
    peer.sent(next.last, next.bytes, node.now);
  }
  if (peer.due) {
    send(node, peer, messageOf(node, leadership, [], false));
    return;
  }
  const idle = chosen === last && !leadership.hasWaiting;
  if (idle && peer.toldChosen < chosen) {
    // While slots are under way the next accept brings the news; the last one needs its own.
    send(node, peer, messageOf(node, leadership, [], true));
  }
}

/** The first slot of this ballot whose record is in memory. */
function firstInMemory(node: PaxosNode, leadership: Leadership): LogIndex {
  return Math.max(leadership.first, Math.min(node.tail.firstIndex, node.chosen + 1));
}

/** Acceptors mostly need the same: one message then goes to all of them. */
function buildShared(
  node: PaxosNode,
  leadership: Leadership,
  from: LogIndex,
  to: LogIndex,
  built: Built[],
): Built {
  const same = built.find((each) => each.from === from);
  if (same !== undefined) return same;
  const proposals: Placed[] = [];
  let bytes = 0;
  let last = from - 1;
  for (let slot = from; slot <= to; slot++) {
    const record = proposalAt(node, leadership, slot);
    if (record !== undefined) {
      const size = record.length + placedOverheadBytes;
      if (bytes > 0 && bytes + size > node.settings.maxAppendBytes) break;
      proposals.push({ slot, record });
      bytes += size;
    }
    last = slot;
  }
  const fresh = { from, message: messageOf(node, leadership, proposals, false), last, bytes };
  built.push(fresh);
  return fresh;
}

/** What was proposed in a slot in this ballot: everything, but for what was learned from others. */
function proposalAt(
  node: PaxosNode,
  { ballot, header }: Leadership,
  slot: LogIndex,
): Uint8Array | undefined {
  if (slot <= node.chosen) {
    const { record } = node.tail.at(slot);
    return hasHeader(record, header) ? record : undefined;
  }
  const found = node.slots.get(slot);
  return found !== undefined && sameBallot(found.ballot, ballot) ? found.item.record : undefined;
}

function messageOf(
  node: PaxosNode,
  { ballot, phase1, reads }: Leadership,
  proposals: readonly Placed[],
  notice: boolean,
): Accept {
  const { chosen, now, settings } = node;
  const { agreement } = settings;
  return {
    type: 'accept',
    agreement,
    ballot,
    transfer: phase1.transfer,
    chosen,
    round: reads.round,
    sentAt: now,
    notice,
    proposals,
  };
}

function send(node: PaxosNode, peer: Peer, message: Accept): void {
  // A notice on its own would wake a member that has nothing to do, between the last command and the next one.
  if (message.notice) node.outbox.sendInPassing(peer.id, message);
  else node.outbox.send(peer.id, message);
  peer.due = false;
  peer.toldChosen = message.chosen;
}

/**
 * A removed member hears of its removal where that is possible, so that it stops to ask for votes;
 * it is forgotten once it did, or one election time-out after the removal was chosen.
 */
function hasLeft(node: PaxosNode, leadership: Leadership, peer: Peer): boolean {
  if (peer.forgetAt === Number.POSITIVE_INFINITY) {
    peer.forgetAt = node.now + node.settings.electionTimeoutMs;
  }
  const told = peer.leavingIndex !== undefined && peer.chosen >= peer.leavingIndex;
  if (!told && node.now < peer.forgetAt) return false;
  leadership.peers.delete(peer.id);
  return true;
}
