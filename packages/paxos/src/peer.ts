/**
 * How a leader sees another member: what it holds in the leader's ballot, and what is on its way there.
 */
import type { LogIndex, NodeId } from '@quorate/core';
import type { Accepted, SlotRange } from './messages.ts';
import type { PaxosNode } from './node.ts';

/** A message with proposals on its way. */
interface Sent {
  /** Its last slot. */
  readonly last: LogIndex;
  readonly at: number;
  readonly bytes: number;
}

/** One other member, in the eyes of the leader. */
export class Peer {
  readonly id: NodeId;
  /** Every slot up to here is durable there: accepted in this ballot, or chosen. */
  match: LogIndex = 0;
  /** Like `match`, durable or not. */
  seen: LogIndex = 0;
  /** Every slot up to here is known to be chosen there. */
  chosen: LogIndex;
  /** Like `chosen`, and would be after a crash. */
  known: LogIndex = 0;
  /** First slot that has not been sent. */
  next: LogIndex;
  /** Something must be sent now, with or without proposals. */
  due = true;
  /** The chosen prefix that it was told last. */
  toldChosen: LogIndex = 0;

  /** When it answered last, ms; `undefined`: never in this ballot. */
  heardAt: number | undefined;
  /** Send time of the latest accept that it answered, by the leader's own clock. */
  answeredSentAt: number = Number.NEGATIVE_INFINITY;
  answeredRound = 0;

  /** It was removed by the membership in this slot, and is told so before it is forgotten. */
  leavingIndex: LogIndex | undefined;
  forgetAt: number = Number.POSITIVE_INFINITY;

  #beyond: readonly SlotRange[] = [];
  #sent: Sent[] = [];
  #inflightBytes = 0;

  /** @param chosen how far it is thought to be until it says so itself. */
  constructor(id: NodeId, next: LogIndex, chosen: LogIndex) {
    this.id = id;
    this.next = next;
    this.chosen = chosen;
  }

  /** Whether a slot is accepted there in this ballot, or chosen, and durable. */
  holds(slot: LogIndex): boolean {
    return slot <= this.match || this.#beyond.some(({ from, to }) => slot >= from && slot <= to);
  }

  /** Whether it holds something behind a hole. */
  get holdsBeyond(): boolean {
    return this.#beyond.length > 0;
  }

  /** Whether there is room for another message with proposals. */
  hasRoom(maxBytes: number): boolean {
    return this.#inflightBytes === 0 || this.#inflightBytes < maxBytes;
  }

  /** Notes proposals on their way. */
  sent(last: LogIndex, bytes: number, at: number): void {
    this.#sent.push({ last, at, bytes });
    this.#inflightBytes += bytes;
    this.next = last + 1;
  }

  /**
   * Takes an answer. Answers may come in another order than they were given in; one to a later accept
   * is the later one.
   *
   * @param lastProposed the leader has proposed nothing behind this slot.
   * @returns whether something is durable there that was not known to be.
   */
  answered(reply: Accepted, lastProposed: LogIndex): boolean {
    const match = Math.min(reply.match, lastProposed);
    const { beyond, chosen, sentAt } = reply;
    const seen = Math.min(reply.seen, lastProposed);
    const known = Math.min(reply.known, lastProposed);
    const news = match > this.match || beyond.length > 0;
    if (sentAt > this.answeredSentAt) {
      // What was seen and not durable is gone after a crash. What was durable is gone only with the whole
      // disk; then nothing that it held counts any more.
      this.seen = seen;
      if (match < this.match) {
        this.match = match;
        this.known = known;
        this.#beyond = [];
      }
    }
    if (match > this.match) this.match = match;
    if (seen > this.seen) this.seen = seen;
    if (chosen > this.chosen || this.heardAt === undefined) this.chosen = chosen;
    if (known > this.known) this.known = known;
    this.#beyond = merge(this.#beyond, beyond, this.match, lastProposed);
    while (this.#sent[0] !== undefined && this.#sent[0].last <= this.match) {
      this.#inflightBytes -= this.#sent.shift()?.bytes ?? 0;
    }
    if (this.next <= this.seen) this.next = this.seen + 1;
    // It answers something that left after what it has not seen: that was lost.
    const missing = this.#sent.find(({ last }) => last > this.seen);
    if (missing !== undefined && missing.at < sentAt) this.#sendAgain();
    return news;
  }

  #sendAgain(): void {
    this.next = this.seen + 1;
    this.#sent = this.#sent.filter(({ last }) => last <= this.seen);
    this.#inflightBytes = this.#sent.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** Whether a member answered within the last election time-out. */
export function isActive({ now, settings }: PaxosNode, peer: Peer | undefined): boolean {
  return peer?.heardAt !== undefined && now - peer.heardAt < settings.electionTimeoutMs;
}

/** Both lists in one, behind `match`, and not behind what was proposed. */
function merge(
  left: readonly SlotRange[],
  right: readonly SlotRange[],
  match: LogIndex,
  lastProposed: LogIndex,
): readonly SlotRange[] {
  if (left.length === 0 && right.length === 0) return left;
  const sorted = [...left, ...right].sort((one, other) => one.from - other.from);
  const merged: SlotRange[] = [];
  for (const range of sorted) {
    const from = Math.max(range.from, match + 1);
    const to = Math.min(range.to, lastProposed);
    if (to < from) continue;
    const last = merged[merged.length - 1];
    if (last !== undefined && from <= last.to + 1) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    } else {
      merged.push({ from, to });
    }
  }
  return merged;
}
