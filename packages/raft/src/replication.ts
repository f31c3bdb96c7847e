/**
 * The leader's half of replication (section 5.3 of the paper; thesis, section 10.2.1).
 *
 * Appends are pipelined: the next one leaves before the one before is answered, and the leader's own
 * disk works at the same time. Nothing is sent again on a timer. A heartbeat says where the leader
 * believes the end of the follower's log to be; a follower that misses something in front of that
 * place refuses it, and the leader goes back to probing. So a lost window is found with the next
 * heartbeat at the latest, and a disk that is merely slow never makes anything travel twice.
 */
import { invariant, type LogIndex, type NodeId } from '@quorate/core';
import { invariants } from './invariants.ts';
import type { Leadership } from './leadership.ts';
import type { Append, AppendReply, Rejection } from './messages.ts';
import type { RaftNode } from './node.ts';
import type { Progress } from './progress.ts';

/** Takes the answer of a member. */
export function receiveAppendReply(node: RaftNode, from: NodeId, reply: AppendReply): void {
  if (reply.term > node.term) {
    node.follow(reply.term, undefined);
    return;
  }
  const { leadership, log } = node;
  const peer = leadership?.peers.get(from);
  if (reply.term < node.term || leadership === undefined || peer === undefined) return;
  // Nobody in this term can have seen what this leader never sent.
  const { match, verified, round, sentAt, rejected } = reply;
  if (Math.max(match, verified) > log.lastIndex) return;
  if (round > leadership.reads.round || sentAt > node.now) return;

  peer.heardAt = node.now;
  if (sentAt > peer.answeredSentAt) {
    peer.answeredSentAt = sentAt;
    leadership.answered = true;
  }
  if (round > peer.answeredRound) {
    peer.answeredRound = round;
    leadership.answered = true;
  }
  if (peer.matched(match)) leadership.progressed = true;
  if (peer.heldIndex !== undefined && match >= node.commitIndex) peer.heldIndex = undefined;
  if (rejected === undefined) accepted(node, peer, Math.max(match, verified));
  else refused(node, peer, rejected, Math.max(match, verified));
}

/** Sends every member what it is due. */
export function replicate(node: RaftNode, leadership: Leadership): void {
  const built: Built[] = [];
  for (const peer of leadership.peers.values()) {
    if (peer.leavingIndex !== undefined && hasLeft(node, leadership, peer, peer.leavingIndex)) {
      continue;
    }
    replicateTo(node, leadership, peer, built);
  }
}

function accepted(node: RaftNode, peer: Progress, verified: LogIndex): void {
  switch (peer.state) {
    case 'replicate':
      return;
    case 'probe':
      resume(node, peer, verified);
      return;
    case 'snapshot':
      // It may have caught up by other means, from an older leader for instance.
      if (verified >= node.log.terms.base.index) resume(node, peer, verified);
      return;
    default:
  }
}

/**
 * Lets records flow. What the member has and its disk has not yet still occupies its memory, and so
 * the window: otherwise every lost message would grant a slow disk a window more.
 */
function resume(node: RaftNode, peer: Progress, verified: LogIndex): void {
  peer.replicateFrom(verified + 1);
  const last = peer.nextIndex - 1;
  if (last === peer.matchIndex) return;
  const owed = node.log.bytesOf(peer.matchIndex + 1, last) ?? node.settings.maxInflightBytes;
  peer.sent(last, owed);
}

/** Skips whole terms on this side; the follower did the same on its own (section 5.3). */
function refused(node: RaftNode, peer: Progress, rejected: Rejection, verified: LogIndex): void {
  const { previousIndex, hintIndex, hintTerm } = rejected;
  const current =
    peer.state === 'probe'
      ? previousIndex === peer.nextIndex - 1
      : peer.state === 'replicate' && previousIndex < peer.nextIndex;
  // What a member once acknowledged it cannot miss, unless it lost its disk. Then nothing that it says
  // may be believed, and it is asked again with each heartbeat and not faster.
  if (!current || previousIndex <= Math.max(peer.matchIndex, verified)) return;
  const { log } = node;
  const agreed = log.terms.lastUpTo(Math.min(hintIndex, previousIndex - 1), hintTerm);
  peer.probeFrom(Math.max(agreed, verified) + 1);
}

function replicateTo(node: RaftNode, leadership: Leadership, peer: Progress, built: Built[]): void {
  const { log, settings } = node;
  const base = log.terms.base.index;
  if (peer.nextIndex <= base && peer.state !== 'snapshot' && peer.active) peer.waitForSnapshot();
  if (peer.state === 'snapshot') ship(node, peer);
  if (peer.nextIndex <= base || peer.state === 'snapshot') {
    // Index 0 is in every log: this keeps the member quiet and tells how far it is.
    if (peer.due) sendTo(node, peer, build(node, leadership, 0, 0, undefined));
    return;
  }
  if (peer.state === 'probe') {
    if (peer.probing && !peer.due) return;
    const last = peer.carriesRecords ? log.lastIndex : peer.nextIndex - 1;
    sendTo(node, peer, buildShared(node, leadership, peer, last, built));
    peer.probing = true;
    peer.carriesRecords = false;
    return;
  }
  while (
    peer.nextIndex <= log.lastIndex &&
    peer.hasRoom(settings.maxInflightMessages, settings.maxInflightBytes)
  ) {
    if (peer.nextIndex < log.tail.firstIndex && peer.page?.[0]?.index !== peer.nextIndex) {
      node.load(peer, peer.nextIndex, log.lastIndex);
      break;
    }
    const next = buildShared(node, leadership, peer, log.lastIndex, built);
    sendTo(node, peer, next);
    peer.sent(next.lastIndex, next.bytes);
  }
  if (peer.due) {
    sendTo(node, peer, buildShared(node, leadership, peer, peer.nextIndex - 1, built));
    return;
  }
  const done = node.commitIndex === log.lastIndex && peer.nextIndex > log.lastIndex;
  if (done && peer.toldCommit < node.commitIndex) {
    // While entries are under way the next append brings the news; the last one needs its own.
    sendTo(node, peer, build(node, leadership, peer.nextIndex - 1, 0, 'notice'));
  }
}

/** An append with what the leader has to remember of it. */
interface Built {
  readonly message: Append;
  readonly lastIndex: LogIndex;
  readonly bytes: number;
}

/** Followers mostly need the same: one message then goes to all of them. */
function buildShared(
  node: RaftNode,
  leadership: Leadership,
  peer: Progress,
  lastIndex: LogIndex,
  built: Built[],
): Built {
  const previousIndex = peer.nextIndex - 1;
  const withRecords = lastIndex > previousIndex;
  const same = built.find(
    ({ message, bytes }) => message.previousIndex === previousIndex && bytes > 0 === withRecords,
  );
  if (same !== undefined) return same;
  const fromDisk = withRecords && peer.nextIndex < node.log.tail.firstIndex;
  const fresh = fromDisk
    ? buildFromPage(node, leadership, peer)
    : build(node, leadership, previousIndex, lastIndex, undefined);
  built.push(fresh);
  return fresh;
}

function build(
  node: RaftNode,
  leadership: Leadership,
  previousIndex: LogIndex,
  lastIndex: LogIndex,
  notice: 'notice' | undefined,
): Built {
  const { log, settings } = node;
  const records: Uint8Array[] = [];
  let bytes = 0;
  for (let index = previousIndex + 1; index <= lastIndex; index++) {
    const { record } = log.tail.at(index);
    if (!fits(bytes, record, settings.maxAppendBytes)) break;
    records.push(record);
    bytes += record.length + lengthBytes;
  }
  return finish(node, leadership, previousIndex, records, bytes, notice !== undefined);
}

function buildFromPage(node: RaftNode, leadership: Leadership, peer: Progress): Built {
  const records: Uint8Array[] = [];
  let bytes = 0;
  for (const { record } of peer.page ?? []) {
    if (!fits(bytes, record, node.settings.maxAppendBytes)) break;
    records.push(record);
    bytes += record.length + lengthBytes;
  }
  peer.page = peer.page?.slice(records.length);
  return finish(node, leadership, peer.nextIndex - 1, records, bytes, false);
}

/** On the wire each record comes with its length. */
const lengthBytes = 4;

/** Whether the record goes into the same message; the first one always does. */
function fits(bytes: number, record: Uint8Array, maxBytes: number): boolean {
  return bytes === 0 || bytes + record.length + lengthBytes <= maxBytes;
}

function finish(
  node: RaftNode,
  leadership: Leadership,
  previousIndex: LogIndex,
  records: readonly Uint8Array[],
  bytes: number,
  notice: boolean,
): Built {
  const message: Append = {
    type: 'append',
    term: node.term,
    previousIndex,
    previousTerm: previousIndex === 0 ? 0 : node.log.terms.termAt(previousIndex),
    commit: node.commitIndex,
    round: leadership.reads.round,
    sentAt: node.now,
    notice,
    records,
  };
  return { message, lastIndex: previousIndex + records.length, bytes };
}

function sendTo(node: RaftNode, peer: Progress, { message }: Built): void {
  invariant(peer.matchIndex <= node.log.lastIndex, invariants.matchWithinLog);
  // On its own it would wake a member that has nothing to do, between the last command and the next one.
  if (message.notice) node.outbox.sendInPassing(peer.id, message);
  else node.outbox.send(peer.id, message);
  peer.due = false;
  if (message.previousIndex + message.records.length >= message.commit) {
    peer.toldCommit = message.commit;
  }
}

function ship(node: RaftNode, peer: Progress): void {
  if (peer.shipping || node.now < peer.shipAgainAt || !peer.active) return;
  peer.shipping = true;
  peer.heldIndex = node.snapshot.index;
  peer.heldSinceBytes = node.log.appendedBytes;
  node.outbox.ship(peer.id);
}

/**
 * A removed member hears of its removal where that is possible, so that it stops to ask for votes;
 * it is forgotten once it did, or one election time-out after the removal was committed.
 */
function hasLeft(
  node: RaftNode,
  leadership: Leadership,
  peer: Progress,
  leavingIndex: LogIndex,
): boolean {
  if (node.commitIndex < leavingIndex) return false;
  if (peer.forgetAt === Number.POSITIVE_INFINITY) {
    peer.forgetAt = node.now + node.settings.electionTimeoutMs;
  }
  const told = peer.toldCommit >= leavingIndex && peer.matchIndex >= leavingIndex;
  if (!told && node.now < peer.forgetAt) return false;
  leadership.peers.delete(peer.id);
  return true;
}
