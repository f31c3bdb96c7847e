/**
 * Linearizable reads without a log entry: the rounds of one leadership.
 *
 * All reads of one turn form a *round*. A round has a number of its own, which the leader's messages
 * carry and every answer hands back; the round is confirmed once a quorum has answered this or a
 * later one. Numbers are never used twice within a leadership, so a late answer confirms nothing that
 * came after it. Whether a quorum has answered is for the engine to say; this only keeps the books.
 */
import type { LogIndex, NodeId, Ticket } from '../ids.ts';
import type { LocalEffects } from './outbox.ts';

interface ReadRound {
  readonly round: number;
  /** `undefined` where the leader did not know yet what is decided. */
  readonly index: LogIndex | undefined;
  readonly tickets: readonly Ticket[];
}

/** The reads that one leadership has to confirm. */
export class ReadRounds {
  #round = 0;
  #open: Ticket[] = [];
  #waiting: ReadRound[] = [];
  #pending = 0;

  /** The latest round that was started. */
  get round(): number {
    return this.#round;
  }

  /** Reads that wait, started or not. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether a round waits for answers. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes a read into the next round. */
  add(ticket: Ticket): void {
    this.#open.push(ticket);
    this.#pending++;
  }

  /**
   * Starts a round with everything that came since the last one.
   *
   * @param index the commit index, if it covers everything that was decided before the reads came.
   * @returns whether there is a new round for the others to hear of.
   */
  startRound(index: LogIndex | undefined): boolean {
    if (this.#open.length === 0) return false;
    this.#round++;
    this.#waiting.push({ round: this.#round, index, tickets: this.#open });
    this.#open = [];
    return true;
  }

  /**
   * A quorum has answered this round, and with it all before.
   *
   * @param commitIndex covers by now everything that was decided before this leadership; rounds that
   *   started without an index are answered with it.
   */
  confirm(round: number, commitIndex: LogIndex, outbox: LocalEffects): void {
    let confirmed = 0;
    for (const waiting of this.#waiting) {
      if (waiting.round > round) break;
      for (const ticket of waiting.tickets) outbox.readReady(ticket, waiting.index ?? commitIndex);
      this.#pending -= waiting.tickets.length;
      confirmed++;
    }
    if (confirmed > 0) this.#waiting.splice(0, confirmed);
  }

  /** Leadership is over: nothing is confirmed any more. */
  abandon(outbox: LocalEffects, leader: NodeId | undefined): void {
    for (const { tickets } of this.#waiting) {
      for (const ticket of tickets) outbox.rejectNotLeader(ticket, leader);
    }
    for (const ticket of this.#open) outbox.rejectNotLeader(ticket, leader);
    this.#waiting = [];
    this.#open = [];
    this.#pending = 0;
  }
}
