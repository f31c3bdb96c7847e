/**
 * Leader election (section 5.2 of the paper), with pre-vote (thesis, section 9.6), vote stickiness
 * (section 6; thesis, section 4.2.3) and check-quorum (thesis, section 6.2).
 *
 * A vote request, real or rehearsed, is ignored by whoever heard from a leader within the least
 * election time-out: a removed or cut-off node that comes back cannot disturb a working group, and
 * leases hold. A node that has just started keeps the same silence, because it may have heard from
 * a leader right before it stopped; only a node that never entered any term is free at once. Three
 * exceptions: the leader itself asked for the election (`transfer`); the node that asks is the very
 * leader that was heard from, which then leads no more; and a candidate whose term is behind is
 * told so.
 */
import { isVoter, noopRecord, type NodeId, pollResult, voterIds } from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import { Leadership } from './leadership.ts';
import type { VoteReply, VoteRequest } from './messages.ts';
import type { RaftNode } from './node.ts';
import { headerBytes, stampTerm } from './record.ts';

/** An election under way. */
export interface Candidacy {
  /** Whether it is only rehearsed yet. */
  readonly pre: boolean;
  readonly votes: Map<NodeId, boolean>;
}

/** The election time-out is over without a leader. */
export function electionTimeout(node: RaftNode): void {
  node.restartTimer();
  node.follow(node.term, undefined);
  // Whoever is no voter waits to be told otherwise, and a node whose disk hangs could not even vote
  // for itself.
  if (!node.mayCampaign || node.isStalled) return;
  startCandidacy(node, true, false);
}

/** TimeoutNow (thesis, section 3.10): the leader itself wants this node to follow it. */
export function receiveTimeoutNow(node: RaftNode, from: NodeId, term: number): void {
  if (term !== node.term || node.leader !== from || node.role !== 'follower') return;
  if (!node.isVoter || node.isStalled) return;
  startCandidacy(node, false, true);
}

/** RequestVote, receiver (figure 2). */
export function receiveVoteRequest(node: RaftNode, from: NodeId, request: VoteRequest): void {
  const { pre, term } = request;
  if (term < node.term || (pre && term === node.term)) {
    node.reply(from, { type: 'vote-reply', term: node.term, pre, granted: false });
    return;
  }
  if (!request.transfer && isLoyal(node, from)) return;
  const upToDate = node.log.isCoveredBy(request.lastIndex, request.lastTerm);
  if (pre) {
    const reply: VoteReply = {
      type: 'vote-reply',
      term: upToDate ? term : node.term,
      pre,
      granted: upToDate,
    };
    node.reply(from, reply);
    return;
  }
  if (term > node.term) node.follow(term, undefined);
  const granted = upToDate && (node.votedFor === undefined || node.votedFor === from);
  if (granted) {
    node.vote(from);
    node.restartTimer();
  }
  node.outbox.sendDurably(from, { type: 'vote-reply', term: node.term, pre, granted });
}

/** Counts a vote. */
export function receiveVoteReply(node: RaftNode, from: NodeId, reply: VoteReply): void {
  if (reply.term > node.term && !(reply.pre && reply.granted)) {
    node.follow(reply.term, undefined);
    return;
  }
  const { candidacy } = node;
  if (candidacy?.pre !== reply.pre) return;
  const expected = reply.pre && reply.granted ? node.term + 1 : node.term;
  if (reply.granted ? reply.term !== expected : reply.term > expected) return;
  if (!isVoter(node.log.memberships.current, from)) return;
  candidacy.votes.set(from, reply.granted);
  poll(node, candidacy);
}

/** Term and vote are durable: the candidate's own vote counts from now on, and not earlier. */
export function countOwnVote(node: RaftNode): void {
  const { candidacy } = node;
  if (candidacy === undefined || candidacy.pre || candidacy.votes.has(node.id)) return;
  if (!node.voteIsStored) return;
  candidacy.votes.set(node.id, true);
  poll(node, candidacy);
}

function startCandidacy(node: RaftNode, pre: boolean, transfer: boolean): void {
  if (!pre) node.enterTerm(node.term + 1, node.id);
  node.role = 'candidate';
  node.leader = undefined;
  node.restartTimer();
  const candidacy: Candidacy = { pre, votes: new Map<NodeId, boolean>() };
  node.candidacy = candidacy;
  const { log, outbox } = node;
  const request: VoteRequest = {
    type: 'vote-request',
    term: pre ? node.term + 1 : node.term,
    lastIndex: log.lastIndex,
    lastTerm: log.terms.lastTerm,
    pre,
    transfer,
  };
  for (const voter of voterIds(log.memberships.current)) {
    if (voter === node.id) continue;
    // A candidate that forgot its term could stand in it again with a shorter log and count
    // votes that were given to the longer one.
    if (pre) outbox.send(voter, request);
    else outbox.sendDurably(voter, request);
  }
  if (!pre) return;
  candidacy.votes.set(node.id, true);
  poll(node, candidacy);
}

function poll(node: RaftNode, candidacy: Candidacy): void {
  switch (pollResult(node.log.memberships.current, candidacy.votes)) {
    case 'won':
      if (candidacy.pre) startCandidacy(node, false, false);
      else lead(node);
      return;
    case 'lost':
      node.follow(node.term, undefined);
      return;
    case 'open':
      return;
  }
}

function lead(node: RaftNode): void {
  const { log } = node;
  node.role = 'leader';
  node.leader = node.id;
  node.candidacy = undefined;
  node.leadership = new Leadership(
    node.id,
    log.lastIndex + 1,
    log.memberships.current,
    node.settings,
    () => node.now,
  );
  // Section 8: nothing before it is committed, and no read is answered, until this one is. The first
  // entry of a group's log says who the group is, so that a node that is added later and replays the
  // log knows it too, and can vouch for it in a snapshot.
  const { current, currentIndex } = log.memberships;
  const record =
    currentIndex === 0 ? membershipRecord(current, headerBytes) : noopRecord(headerBytes);
  stampTerm(record, node.term);
  log.append(record);
}

/** Whether a leader has this node's word that it votes for nobody else for now. */
function isLoyal(node: RaftNode, candidate: NodeId): boolean {
  if (node.role === 'leader' || node.now < node.quietUntil) return true;
  const { heardAt, heardFrom } = node;
  return (
    heardAt !== undefined &&
    heardFrom !== candidate &&
    node.now < heardAt + node.settings.electionTimeoutMs
  );
}
