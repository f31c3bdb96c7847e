/**
 * Who uses each ballot, and who has promised it to its owner, as its owner got it.
 *
 *  - A ballot is used by its owner alone, in one of its lives.
 *  - A promise counts once all of its pages are there.
 */
import type { NodeId } from '@quorate/core';
import { must, type WatchedNode } from '@quorate/core/checks';
import { type Ballot, describeBallot } from '../ballot.ts';
import type { Promised } from '../messages.ts';

/** Who has promised a ballot. */
interface Promises {
  /** First slot that was asked for. */
  readonly from: number;
  /** From whom a page is due, and from which slot on. */
  readonly due: Map<NodeId, number>;
  readonly complete: Set<NodeId>;
}

/** All ballots of one group. */
export class Ballots {
  readonly #lives = new Map<string, number>();
  readonly #promises = new Map<string, Promises>();

  regroup(): void {
    this.#lives.clear();
    this.#promises.clear();
  }

  /** A ballot belongs to one node, in one of its lives (P23). */
  use(node: WatchedNode, ballot: Ballot): void {
    const key = describeBallot(ballot);
    must(ballot.node === node.id, () => `${node.id} uses ballot ${key}`);
    const life = this.#lives.get(key) ?? node.life;
    must(life === node.life, () => `P23: ${node.id} uses ballot ${key} again after a restart`);
    this.#lives.set(key, life);
  }

  /** Its owner asks for promises, of what was accepted from a slot on. */
  ask(ballot: Ballot, from: number): void {
    const key = describeBallot(ballot);
    if (this.#promises.has(key)) return;
    this.#promises.set(key, { from, due: new Map(), complete: new Set() });
  }

  /** P24: a promise counts once all of its pages are there, one after the other. */
  receive(node: WatchedNode, from: NodeId, message: Promised): void {
    if (message.ballot.node !== node.id) return;
    const promises = this.#promises.get(describeBallot(message.ballot));
    if (promises === undefined) return;
    if (message.from !== (promises.due.get(from) ?? promises.from)) return;
    if (message.next === 0) promises.complete.add(from);
    else promises.due.set(from, message.next);
  }

  /** Whether somebody else's promise has come to the owner as a whole. */
  hasPromise(ballot: Ballot, from: NodeId): boolean {
    return this.#promises.get(describeBallot(ballot))?.complete.has(from) === true;
  }
}
