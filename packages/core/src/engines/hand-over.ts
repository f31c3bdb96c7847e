/**
 * Handing leadership over: the books of it, from the wish to the end.
 *
 * A leader that is to go takes no more proposals, waits until its successor has everything, and tells
 * it. From then on the end is not in its hands: the message may come late, or be lost. So whoever asked
 * hears "refused" only where the successor was never told, and where this node stops leading meanwhile,
 * it hears as soon as it is known who leads instead.
 *
 * Who would be best, when it has everything, what it is told, and which promise does not hold any more
 * then, is for the algorithm.
 */
import type { LogIndex, NodeId, Ticket } from '../ids.ts';
import type { Membership } from '../membership.ts';
import type { LocalEffects } from './outbox.ts';

/** The node that hands over. */
export interface HandOverNode {
  readonly id: NodeId;
  readonly now: number;
  readonly leader: NodeId | undefined;
  /** See `EngineStatus.epoch`. */
  readonly epoch: number;
  readonly lastIndex: LogIndex;
  readonly outbox: LocalEffects;
}

/** While this node leads. */
interface UnderWay {
  /** Absent where the leader itself wants to go: then it goes, whether anybody takes over or not. */
  readonly ticket: Ticket | undefined;
  readonly to: NodeId;
  /** Of the leader that goes. */
  readonly epoch: number;
  readonly deadline: number;
  /** Whether the successor has been told, since the last tick. */
  told: boolean;
  /** Whether it ever was: then it may take over arbitrarily late. */
  wasTold: boolean;
}

/** Once it leads no more, and somebody waits to hear who does. */
interface Departure {
  readonly ticket: Ticket;
  readonly epoch: number;
  readonly deadline: number;
}

/** The hand-overs of one node, one at a time. */
export class HandOver {
  readonly #timeoutMs: number;
  #underWay: UnderWay | undefined;
  #departure: Departure | undefined;

  /** @param electionTimeoutMs a hand-over is given up after two of these. */
  constructor(electionTimeoutMs: number) {
    this.#timeoutMs = 2 * electionTimeoutMs;
  }

  /** Whether this node leads and is about to go. */
  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** Who has to be told, once it has everything; `undefined`: nobody, or it was told just now. */
  get untold(): NodeId | undefined {
    return this.#underWay?.told === false ? this.#underWay.to : undefined;
  }

  /** When something is given up, monotonic ms. */
  get wakeAt(): number {
    const { POSITIVE_INFINITY: never } = Number;
    return Math.min(this.#underWay?.deadline ?? never, this.#departure?.deadline ?? never);
  }

  /**
   * Somebody wants another leader: starts, or says why not. Where the successor does not take over in
   * time, this node goes on.
   *
   * @param to `undefined` where none is wanted and none is there.
   */
  request(
    node: HandOverNode,
    ticket: Ticket,
    to: NodeId | undefined,
    { voters }: Membership,
  ): void {
    if (to === undefined) {
      node.outbox.reject(ticket, 'invalid', 'there is no other voter');
    } else if (to === node.id) {
      node.outbox.reject(ticket, 'invalid', `${to} leads already`);
    } else if (!voters.some(({ id }) => id === to)) {
      node.outbox.reject(ticket, 'invalid', `${to} is not a voter`);
    } else {
      this.begin(node, to, ticket);
    }
  }

  /** Starts. Without a ticket the leader wants it, and goes in any case. */
  begin({ epoch, now }: HandOverNode, to: NodeId, ticket?: Ticket): void {
    const deadline = now + this.#timeoutMs;
    this.#underWay = { ticket, to, epoch, deadline, told: false, wasTold: false };
  }

  /** The successor is being told; says whether this node goes at once. */
  tell(): boolean {
    const underWay = this.#underWay;
    if (underWay === undefined) return false;
    underWay.told = true;
    underWay.wasTold = true;
    return underWay.ticket === undefined;
  }

  /**
   * Time has passed: gives up, or has the successor told once more; says whether this node goes
   * although nobody has taken over.
   */
  tick({ now, outbox }: HandOverNode): boolean {
    const underWay = this.#underWay;
    if (underWay === undefined) return false;
    if (now < underWay.deadline) {
      underWay.told = false;
      return false;
    }
    this.#underWay = undefined;
    const { ticket, wasTold } = underWay;
    if (ticket === undefined) return true;
    // What it was told may only be late, and still makes it take over.
    if (wasTold) outbox.unknown(ticket);
    else outbox.reject(ticket, 'timed-out');
    return false;
  }

  /** This node leads no more. */
  leave(outbox: LocalEffects): void {
    const underWay = this.#underWay;
    this.#underWay = undefined;
    if (underWay?.ticket === undefined) return;
    const { ticket, epoch, deadline } = underWay;
    if (this.#departure !== undefined) outbox.unknown(this.#departure.ticket);
    this.#departure = { ticket, epoch, deadline };
  }

  /** Whether it is known by now who leads instead. Once a turn. */
  settle(node: HandOverNode): void {
    if (this.#departure === undefined) return;
    const { ticket, epoch, deadline } = this.#departure;
    const { leader, outbox } = node;
    if (leader !== undefined && node.epoch > epoch) {
      if (leader === node.id) outbox.reject(ticket, 'timed-out');
      else outbox.done(ticket, node.lastIndex);
    } else if (node.now >= deadline) {
      outbox.unknown(ticket);
    } else {
      return;
    }
    this.#departure = undefined;
  }
}
