/**
 * The follower's half of replication: AppendEntries, receiver implementation (figure 2, section 5.3).
 */
import { invariant, type LogIndex, MalformedError, type NodeId } from '@quorate/core';
import { invariants } from './invariants.ts';
import type { Append, AppendReply, Rejection } from './messages.ts';
import type { RaftNode } from './node.ts';
import { holdsMembership, membershipIn } from './record.ts';

/** What a follower knows of its leader's log, and still owes the leader. All of it is of one term. */
export class Following {
  /**
   * Up to here the log is equal to the leader's, as appends of this term have shown. Only such a
   * stretch may be acknowledged or committed: what stands behind it may be left over from an older
   * leader.
   */
  verifiedIndex = 0;
  round = 0;
  sentAt = 0;
  /** To whom an answer is owed at the end of the turn. */
  owedTo: NodeId | undefined;
  /** What of this turn was not accepted. */
  rejected: Rejection | undefined;
  /** An append without records wants its answer at once. */
  inHaste = false;
  answeredRound = 0;
  /** An answer that waits for the disk already acknowledges so much. */
  promisedIndex = 0;

  /** The log behind the index is gone. */
  truncateAfter(index: LogIndex): void {
    this.verifiedIndex = Math.min(this.verifiedIndex, index);
    this.promisedIndex = Math.min(this.promisedIndex, index);
  }

  /** Another leader, another log. */
  enterTerm(): void {
    this.verifiedIndex = 0;
    this.round = 0;
    this.sentAt = 0;
    this.owedTo = undefined;
    this.rejected = undefined;
    this.inHaste = false;
    this.answeredRound = 0;
    this.promisedIndex = 0;
  }
}

/** Takes an append from whoever leads the term. */
export function receiveAppend(node: RaftNode, from: NodeId, message: Append): void {
  if (message.term < node.term) {
    // Whoever lags behind learns the term and steps down. Without this answer a node with a higher
    // term and a shorter log, whose votes everybody ignores, would stay outside for ever
    // (etcd-io/etcd#8501).
    node.reply(from, outOfDate(node.term, message));
    return;
  }
  if (!isReadable(message)) return;
  if (message.term > node.term || node.role === 'candidate') node.follow(message.term, from);
  invariant(node.role === 'follower', invariants.oneLeaderPerTerm);
  invariant(node.leader === undefined || node.leader === from, invariants.oneLeaderPerTerm);
  node.heardFromLeader(from);

  const { following } = node;
  if (message.round > following.round) following.round = message.round;
  if (message.sentAt > following.sentAt) following.sentAt = message.sentAt;
  if (!agreesAt(node, message)) {
    following.owedTo = from;
    following.rejected = rejectionOf(node, message);
    return;
  }
  accept(node, message);
  if (!message.notice) {
    following.owedTo = from;
    if (message.records.length === 0) following.inHaste = true;
  }
}

/** Sends the one answer that all appends of a turn get, after its write was asked for. */
export function acknowledge(node: RaftNode): void {
  const { following, log, outbox } = node;
  const to = following.owedTo;
  if (to === undefined) return;
  const verified = Math.max(following.verifiedIndex, node.commitIndex);
  const durable = Math.min(verified, log.writes.durableIndex);
  const { rejected } = following;
  // The disk makes reads and heartbeats wait only as long as the term itself is not safe there.
  const atOnce =
    node.voteIsStored &&
    (durable === verified ||
      rejected !== undefined ||
      following.inHaste ||
      following.round > following.answeredRound);
  if (atOnce) {
    outbox.send(to, replyOf(node, durable, verified, rejected));
    following.answeredRound = following.round;
  }
  if (!node.voteIsStored || verified > Math.max(durable, following.promisedIndex)) {
    outbox.sendDurably(to, replyOf(node, verified, verified, atOnce ? undefined : rejected));
    following.promisedIndex = verified;
  }
  following.owedTo = undefined;
  following.rejected = undefined;
  following.inHaste = false;
}

/** The consistency check (figure 2, AppendEntries, receiver step 2). */
function agreesAt(node: RaftNode, { previousIndex, previousTerm }: Append): boolean {
  const { commitIndex, log } = node;
  if (previousIndex > commitIndex) return log.has(previousIndex, previousTerm);
  // Every leader holds what is committed (figure 3), so there is nothing to compare; where the term
  // is still known, it must be the same.
  invariant(
    previousIndex < log.terms.base.index ||
      previousIndex === 0 ||
      log.has(previousIndex, previousTerm),
    invariants.leaderHoldsCommitted,
  );
  return true;
}

/** Steps 3 to 5: drops what conflicts, appends what is new, commits what both are sure of. */
function accept(node: RaftNode, message: Append): void {
  const { log, following } = node;
  const { previousIndex, records } = message;
  const end = previousIndex + records.length;
  for (let index = Math.max(previousIndex, node.commitIndex) + 1; index <= end; index++) {
    const record = records[index - previousIndex - 1];
    invariant(record !== undefined, invariants.indexInLog);
    if (index <= log.lastIndex) {
      // Only a conflict truncates: this message may be older and shorter than what came before it.
      if (log.holds(index, record)) continue;
      invariant(index > following.verifiedIndex, invariants.leaderAppendOnly);
      log.truncateAfter(index - 1);
    }
    log.append(record);
  }
  invariant(log.terms.lastTerm <= node.term, invariants.entryOfKnownTerm);
  if (end > following.verifiedIndex) following.verifiedIndex = end;
  const { rejected } = following;
  if (rejected !== undefined && rejected.previousIndex <= end) following.rejected = undefined;
  // Not the end of the own log: behind `end` entries of an older leader may stand.
  const commit = Math.min(message.commit, end);
  if (commit > node.commitIndex) node.commitTo(commit);
}

/** Skips whole terms on this side; the leader does the same on its own (see `LogTerms.lastUpTo`). */
function rejectionOf(node: RaftNode, { previousIndex, previousTerm }: Append): Rejection {
  const { log } = node;
  const likely = log.terms.lastUpTo(Math.min(previousIndex, log.lastIndex), previousTerm);
  const hintIndex = Math.max(likely, node.commitIndex);
  return { previousIndex, hintIndex, hintTerm: log.terms.termAt(hintIndex) };
}

function replyOf(
  node: RaftNode,
  match: number,
  verified: number,
  rejected: Rejection | undefined,
): AppendReply {
  const { round, sentAt } = node.following;
  return { type: 'append-reply', term: node.term, match, verified, round, sentAt, rejected };
}

function outOfDate(term: number, { previousIndex, sentAt }: Append): AppendReply {
  const rejected = { previousIndex, hintIndex: 0, hintTerm: 0 };
  return { type: 'append-reply', term, match: 0, verified: 0, round: 0, sentAt, rejected };
}

/** Whether every membership among the records can be read; otherwise the message is dropped. */
function isReadable({ records }: Append): boolean {
  for (const record of records) {
    if (!holdsMembership(record)) continue;
    try {
      membershipIn(record);
    } catch (error) {
      if (error instanceof MalformedError) return false;
      throw error;
    }
  }
  return true;
}
