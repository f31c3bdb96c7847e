/**
 * Linearizable reads without the leader (Charapko, Ailijiang and Demirbas, "Linearizable Quorum Reads in
 * Paxos", 2019).
 *
 * The reader asks for the highest slot in which anybody has accepted anything, takes the highest of the
 * answers of a phase-1 quorum, and waits until it has applied that far. Whatever was chosen before the
 * read came is accepted by a phase-2 quorum, and the two have a node in common. A value that is only
 * accepted is never given out: the reader waits until the slot is chosen, whatever with. Should no leader
 * be about to do that, the leader hears of the slot with the next heartbeat, and fills it.
 *
 * The reader may not know the voters of now. But results are given in the order of slots: before one of a
 * slot that their successors decide, the last slot that the ones it knows decide was chosen. So that slot
 * is among their answers, and by the time the reader has applied that far it knows the successors, and asks
 * them too.
 */
import type { LogIndex, NodeId, Ticket } from '@quorate/core';
import type { Voters } from './configurations.ts';
import type { Inquire, InquireReply } from './messages.ts';
import type { PaxosNode } from './node.ts';

/** A question under way, on behalf of some reads. */
interface Inquiry {
  readonly id: number;
  readonly tickets: readonly Ticket[];
  /** Who was asked. */
  readonly asked: readonly Voters[];
  readonly answers: Map<NodeId, LogIndex>;
  askAgainAt: number;
  /** Whoever was removed, or cut off, must not wait for ever. */
  readonly deadline: number;
}

/** Reads whose question is answered: they wait until everything up to an index is applied. */
interface Answered {
  readonly tickets: readonly Ticket[];
  readonly asked: readonly Voters[];
  readonly index: LogIndex;
  readonly deadline: number;
}

/** After so many election time-outs a read is given back. */
const waitTimeouts = 4;

/** The reads that this node confirms without a leader. One question at a time, for all that came before it. */
export class Inquiries {
  #lastId: number;
  #open: Ticket[] = [];
  #asking: Inquiry | undefined;
  #answered: Answered[] = [];
  #pending = 0;

  /**
   * @param firstId drawn at random for each start: a late answer to a question of a former life must not
   *   be taken for one to a question of now.
   */
  constructor(firstId: number) {
    this.#lastId = firstId;
  }

  /** Takes a read into the next question. */
  add(node: PaxosNode, ticket: Ticket): void {
    if (this.#pending >= node.settings.maxPendingReads) {
      node.outbox.reject(ticket, 'overloaded');
      return;
    }
    this.#open.push(ticket);
    this.#pending += 1;
  }

  /** Somebody has answered. */
  receive(from: NodeId, { inquiry, last }: InquireReply): void {
    const asking = this.#asking;
    if (asking?.id !== inquiry || !asking.asked.some((voters) => voters.includes(from))) return;
    asking.answers.set(from, Math.max(last, asking.answers.get(from) ?? 0));
  }

  /** Asks, asks again, and gives out what is ready. Once a turn. */
  settle(node: PaxosNode): void {
    if (this.#pending === 0) return;
    this.#settleAnswered(node);
    this.#ask(node);
    const asking = this.#asking;
    if (asking === undefined) return;
    const index = answerOf(node, asking);
    if (index !== undefined) {
      const { tickets, asked, deadline } = asking;
      this.#asking = undefined;
      this.#answered.push({ tickets, asked, index, deadline });
      this.#settleAnswered(node);
      this.#ask(node);
    } else if (node.now >= asking.deadline) {
      this.#asking = undefined;
      this.#giveBack(node, asking.tickets);
      this.#ask(node);
    } else if (node.now >= asking.askAgainAt) {
      this.#send(node, asking);
    }
  }

  /** When something is due without an answer; `Infinity`: nothing. */
  get wakeAt(): number {
    const { askAgainAt = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY } =
      this.#asking ?? {};
    return this.#answered.reduce(
      (at, answered) => Math.min(at, answered.deadline),
      Math.min(askAgainAt, deadline),
    );
  }

  /** Gives out what is applied as soon as it may be, and back what waits for too long. */
  #settleAnswered(node: PaxosNode): void {
    const answered = this.#answered;
    this.#answered = [];
    for (const each of answered) {
      if (node.now >= each.deadline) this.#giveBack(node, each.tickets);
      else if (each.index > node.chosen) this.#answered.push(each);
      else if (knowsNoOthers(node, each.asked)) this.#giveOut(node, each);
      // Meanwhile others decide: they have to be asked, too.
      else this.#open.push(...each.tickets);
    }
  }

  #ask(node: PaxosNode): void {
    if (this.#open.length === 0 || this.#asking !== undefined) return;
    const { settings, now } = node;
    this.#asking = {
      id: ++this.#lastId,
      tickets: this.#open,
      asked: node.configurations.behind(node.chosen),
      answers: new Map([[node.id, node.slots.last]]),
      askAgainAt: 0,
      deadline: now + waitTimeouts * settings.electionTimeoutMs,
    };
    this.#open = [];
    this.#send(node, this.#asking);
  }

  #send(node: PaxosNode, inquiry: Inquiry): void {
    const { agreement, heartbeatMs } = node.settings;
    inquiry.askAgainAt = node.now + heartbeatMs;
    for (const voter of new Set(inquiry.asked.flat())) {
      if (inquiry.answers.has(voter)) continue;
      node.outbox.send(voter, { type: 'inquire', agreement, inquiry: inquiry.id });
    }
  }

  #giveOut(node: PaxosNode, { tickets, index }: Answered): void {
    for (const ticket of tickets) node.outbox.readReady(ticket, index);
    this.#pending -= tickets.length;
  }

  #giveBack(node: PaxosNode, tickets: readonly Ticket[]): void {
    for (const ticket of tickets) node.outbox.rejectNotLeader(ticket, node.leader);
    this.#pending -= tickets.length;
  }
}

/** What a phase-1 quorum of everybody who was asked has accepted at most. */
function answerOf(node: PaxosNode, { asked, answers }: Inquiry): LogIndex | undefined {
  const { quorums } = node.settings;
  const enough = asked.every((voters) => quorums.phase1(voters, (voter) => answers.has(voter)));
  return enough ? Math.max(...answers.values()) : undefined;
}

/** Somebody wants to read. */
export function receiveInquire(
  node: PaxosNode,
  from: NodeId,
  { agreement, inquiry }: Inquire,
): void {
  if (agreement !== node.settings.agreement) return;
  const last = Math.max(node.slots.last, node.chosen);
  node.outbox.send(from, { type: 'inquire-reply', inquiry, last });
}

/** Whether everybody who decides from here on was asked. */
function knowsNoOthers(node: PaxosNode, asked: readonly Voters[]): boolean {
  return node.configurations.behind(node.chosen).every((voters) => asked.includes(voters));
}
