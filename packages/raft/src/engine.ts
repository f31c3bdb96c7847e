/**
 * The engine: takes inputs one by one, hands effects out, and leaves every decision to the rules.
 *
 * Steps change state; whatever can be done once for all steps of a turn (counting, one write, one
 * round of appends, one acknowledgement, handing out what is committed) is done by `take`.
 */
import {
  type Effects,
  type Engine,
  type EngineSetup,
  type EngineStatus,
  type Input,
  invariant,
  type NodeId,
  unreachable,
  type Write,
  type WriteId,
} from '@quorate/core';
import { advanceCommit } from './commit.ts';
import {
  countOwnVote,
  electionTimeout,
  receiveTimeoutNow,
  receiveVoteReply,
  receiveVoteRequest,
} from './election.ts';
import { acknowledge, receiveAppend } from './follower.ts';
import { invariants } from './invariants.ts';
import type { Leadership } from './leadership.ts';
import { reconfigure, settleMembership } from './membership.ts';
import type { RaftMessage } from './messages.ts';
import { RaftNode } from './node.ts';
import type { RaftSettings } from './options.ts';
import { propose } from './proposals.ts';
import { read, settleContact, settleReads } from './reads.ts';
import { receiveAppendReply, replicate } from './replication.ts';
import { compact, install, releaseHeldLog, shipped } from './snapshot.ts';
import { RaftStatus } from './status.ts';
import { departStalled, settleTransfer, transfer } from './transfer.ts';

/** Raft, running. */
export class RaftEngine implements Engine<RaftMessage> {
  readonly status: EngineStatus;
  readonly #node: RaftNode;

  /** @throws CorruptError if what the storage holds does not fit together. */
  constructor(setup: EngineSetup, settings: RaftSettings) {
    const node = new RaftNode(setup, settings);
    this.#node = node;
    this.status = new RaftStatus(node);
    if (leadsAtOnce(node)) node.expireTimer();
  }

  step(input: Input<RaftMessage>, now: number): void {
    const node = this.#node;
    invariant(now >= node.now, invariants.clockNeverFalls);
    node.now = now;
    switch (input.type) {
      case 'tick':
        tick(node);
        return;
      case 'receive':
        receive(node, input.from, input.message);
        return;
      case 'propose':
        propose(node, input.ticket, input.record);
        return;
      case 'read':
        read(node, input.ticket, input.guarantee);
        return;
      case 'reconfigure':
        reconfigure(node, input.ticket, input.change);
        return;
      case 'transfer':
        transfer(node, input.ticket, input.to);
        return;
      case 'stored':
        stored(node, input.write);
        return;
      case 'loaded':
        node.loads.receive(input);
        return;
      case 'applied':
        node.delivery.apply(input.index);
        return;
      case 'compact':
        compact(node, input);
        return;
      case 'install':
        install(node, input);
        return;
      case 'shipped':
        shipped(node, input);
        return;
      default:
        unreachable(input);
    }
  }

  take(): Effects<RaftMessage> {
    const node = this.#node;
    if (node.leadership !== undefined) settle(node, node.leadership);
    node.handOver.settle(node);
    releaseHeldLog(node);
    const write = collectWrite(node);
    if (node.leadership !== undefined) replicate(node, node.leadership);
    else acknowledge(node);
    if (!node.publications.installing) node.delivery.handOut(node);
    return node.outbox.take(write, node.log.writes.pending, wakeAt(node));
  }
}

/**
 * The only voter of a new group need not wait: nobody else could win, and nobody else need be asked.
 * After a restart it waits like everybody: it may have given its word to a leader that reads under a
 * lease and is just about to leave the voters.
 */
function leadsAtOnce(node: RaftNode): boolean {
  const { voters, outgoing } = node.log.memberships.current;
  return node.term === 0 && node.isVoter && voters.length === 1 && outgoing.length === 0;
}

function receive(node: RaftNode, from: NodeId, message: RaftMessage): void {
  switch (message.type) {
    case 'append':
      receiveAppend(node, from, message);
      return;
    case 'append-reply':
      receiveAppendReply(node, from, message);
      return;
    case 'vote-request':
      receiveVoteRequest(node, from, message);
      return;
    case 'vote-reply':
      receiveVoteReply(node, from, message);
      return;
    case 'timeout-now':
      receiveTimeoutNow(node, from, message.term);
      return;
    default:
      unreachable(message);
  }
}

function tick(node: RaftNode): void {
  const { leadership, now } = node;
  if (leadership === undefined) {
    if (now >= node.campaignAt) electionTimeout(node);
    return;
  }
  if (now >= leadership.heartbeatAt) {
    leadership.heartbeatAt = now + node.settings.heartbeatMs;
    leadership.markAllDue();
    departStalled(node, leadership);
  }
  if (node.handOver.tick(node)) node.follow(node.term, undefined);
  // Thesis, section 6.2: a leader that a quorum does not answer any more steps down, so that its
  // clients look elsewhere.
  settleContact(node, leadership);
  const since = Math.max(leadership.contactAt, leadership.changedAt);
  if (now - since >= node.settings.electionTimeoutMs) node.follow(node.term, undefined);
}

function stored(node: RaftNode, write: WriteId): void {
  if (!node.log.writes.settle(write, node.now)) return;
  invariant(node.log.writes.durableIndex <= node.log.lastIndex, invariants.durableWithinLog);
  node.log.evict(node.settings.maxTailBytes);
  node.publications.settle(node.outbox, node.delivery, write);
  countOwnVote(node);
  if (node.leadership !== undefined) node.leadership.progressed = true;
}

/** What a leader concludes from all that has come in. */
function settle(node: RaftNode, leadership: Leadership): void {
  advanceCommit(node, leadership);
  settleMembership(node, leadership);
  // A leader that is alone, or that was removed, may be one step further by now.
  if (node.leadership !== leadership) return;
  settleReads(node, leadership);
  settleTransfer(node, leadership);
}

function collectWrite(node: RaftNode): Write | undefined {
  const ops = node.log.collect(() => node.encodeState());
  if (ops === undefined) return undefined;
  const id = node.log.writes.issue(node.log.lastIndex, node.now);
  node.noteWrite(id);
  return { id, ops };
}

/** When something is to be done without any other input. */
function wakeAt(node: RaftNode): number {
  const { leadership } = node;
  let at = node.handOver.wakeAt;
  if (leadership === undefined) {
    // Who never campaigns still finds out that it has lost the leader; after that nothing is due.
    if (node.mayCampaign || node.leader !== undefined) at = Math.min(at, node.campaignAt);
  } else if (leadership.peers.size > 0) {
    at = Math.min(at, leadership.heartbeatAt);
  }
  return at;
}
