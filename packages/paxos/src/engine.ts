/**
 * The engine: takes inputs one by one, hands effects out, and leaves every decision to the roles.
 *
 * Steps change state; whatever can be done once for all steps of a turn (counting, filling slots, one
 * write, one round of accepts, one acknowledgement, handing out what is chosen) is done by `take`.
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
  type WriteId,
} from '@quorate/core';
import { acknowledge, receiveAccept, receivePrepare } from './acceptor.ts';
import { electionTimeout, receiveRefuse, receiveSurvey, receiveSurveyReply } from './election.ts';
import { invariants } from './invariants.ts';
import {
  learnAgainAt,
  receiveLearn,
  receiveLearned,
  settleLearning,
  teachPupils,
} from './learner.ts';
import type { Leadership } from './leadership.ts';
import type { PaxosMessage } from './messages.ts';
import { PaxosNode } from './node.ts';
import type { PaxosSettings } from './options.ts';
import {
  askForPromises,
  countOwnPromise,
  fillSlots,
  propose,
  receivePromise,
  settlePhase1,
} from './proposer.ts';
import { receiveInquire } from './quorum-reads.ts';
import { read, settleContact, settleReads } from './reads.ts';
import { reconfigure, settleMembership } from './reconfiguration.ts';
import { receiveAccepted, replicate, settleChosen } from './replication.ts';
import { compact, install, releaseHeldLog } from './snapshot.ts';
import { PaxosStatus } from './status.ts';
import { departStalled, receiveTakeOver, settleTransfer, transfer } from './transfer.ts';

/** Multi-Paxos, running. */
export class PaxosEngine implements Engine<PaxosMessage> {
  readonly status: EngineStatus;
  readonly #node: PaxosNode;

  /**
   * @throws CorruptError if what the storage holds does not fit together.
   * @throws InvalidArgumentError if the node ran with other options that safety rests on, or its
   *   quorums do not meet.
   */
  constructor(setup: EngineSetup, settings: PaxosSettings) {
    const node = new PaxosNode(setup, settings);
    this.#node = node;
    this.status = new PaxosStatus(node);
    node.readBack.request(node);
    if (leadsAtOnce(node)) node.expireTimer();
  }

  step(input: Input<PaxosMessage>, now: number): void {
    const node = this.#node;
    invariant(now >= node.now, invariants.clockNeverFalls);
    node.now = now;
    switch (input.type) {
      case 'tick':
        tick(node);
        return;
      case 'receive':
        // Until it knows its own votes, a node has nothing to say.
        if (node.readBack.done) receive(node, input.from, input.message);
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
        node.readBack.receive(node);
        teachPupils(node);
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
        node.shipments.shipped(node, input.to, input.index);
        return;
      default:
        unreachable(input);
    }
  }

  take(): Effects<PaxosMessage> {
    const node = this.#node;
    if (node.preparation !== undefined) settlePhase1(node, node.preparation);
    if (node.leadership !== undefined) settle(node, node.leadership);
    node.inquiries.settle(node);
    settleLearning(node);
    node.handOver.settle(node);
    releaseHeldLog(node);
    const write = node.journal.collect(node);
    if (node.leadership !== undefined) replicate(node, node.leadership);
    else acknowledge(node);
    if (!node.publications.installing) node.delivery.handOut(node);
    return node.outbox.take(write, node.journal.writes.pending, wakeAt(node));
  }
}

/**
 * The only voter of a new group need not wait: nobody else could lead, and nobody else need be asked.
 * After a restart it waits like everybody: it may have given its word to a leader that reads under a
 * lease and is just about to leave the voters.
 */
function leadsAtOnce(node: PaxosNode): boolean {
  const { voters } = node.configurations.current;
  return node.promised.round === 0 && node.isVoter && voters.length === 1;
}

function receive(node: PaxosNode, from: NodeId, message: PaxosMessage): void {
  switch (message.type) {
    case 'survey':
      receiveSurvey(node, from, message);
      return;
    case 'survey-reply':
      receiveSurveyReply(node, from, message);
      return;
    case 'prepare':
      receivePrepare(node, from, message);
      return;
    case 'promise':
      receivePromise(node, from, message);
      return;
    case 'refuse':
      receiveRefuse(node, message);
      return;
    case 'accept':
      receiveAccept(node, from, message);
      return;
    case 'accepted':
      receiveAccepted(node, from, message);
      return;
    case 'learn':
      receiveLearn(node, from, message);
      return;
    case 'learned':
      receiveLearned(node, from, message);
      return;
    case 'take-over':
      receiveTakeOver(node, from, message);
      return;
    case 'inquire':
      receiveInquire(node, from, message);
      return;
    case 'inquire-reply':
      node.inquiries.receive(from, message);
      return;
    default:
      unreachable(message);
  }
}

function tick(node: PaxosNode): void {
  const { leadership, now, settings } = node;
  if (leadership === undefined) {
    if (now >= node.campaignAt) electionTimeout(node);
    return;
  }
  if (now >= leadership.heartbeatAt) {
    leadership.heartbeatAt = now + settings.heartbeatMs;
    leadership.markAllDue();
    leadership.promisesDue = true;
    departStalled(node, leadership);
  }
  if (node.leadership !== leadership) return;
  if (node.handOver.tick(node)) node.follow(undefined);
  // A leader that a quorum does not answer any more steps down, so that its clients look elsewhere.
  settleContact(node, leadership);
  const since = Math.max(leadership.contactAt, leadership.changedAt);
  if (now - since >= settings.electionTimeoutMs) node.follow(undefined);
}

function stored(node: PaxosNode, write: WriteId): void {
  const { journal, publications } = node;
  const { known } = journal;
  if (!journal.settle(write, node.now)) return;
  node.riseFloor();
  publications.settle(node.outbox, node.delivery, write);
  // The leader may wait for it (`reconfiguration.ts`).
  if (journal.known > known) node.acceptance.owed = true;
  countOwnPromise(node);
  if (node.leadership !== undefined) node.leadership.progressed = true;
}

/** What a leader concludes from all that has come in. */
function settle(node: PaxosNode, leadership: Leadership): void {
  settleChosen(node, leadership);
  settleMembership(node, leadership);
  // A leader that was removed may be one step further by now.
  if (node.leadership !== leadership) return;
  if (leadership.promisesDue) askForPromises(node, leadership.phase1);
  leadership.promisesDue = false;
  fillSlots(node, leadership);
  settleReads(node, leadership);
  settleTransfer(node, leadership);
}

/** When something is to be done without any other input. */
function wakeAt(node: PaxosNode): number {
  const { leadership, preparation } = node;
  let at = Math.min(node.handOver.wakeAt, node.inquiries.wakeAt);
  at = Math.min(at, learnAgainAt(node), preparation?.resendAt ?? at);
  if (leadership === undefined) {
    // Who never campaigns still finds out that it has lost the leader; after that nothing is due.
    if (node.mayCampaign || node.leader !== undefined) at = Math.min(at, node.campaignAt);
  } else if (leadership.peers.size > 0) {
    at = Math.min(at, leadership.heartbeatAt);
  }
  return at;
}
