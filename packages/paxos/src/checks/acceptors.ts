/**
 * What each acceptor cannot forget, as its disk shows it: what it has promised, where it has trimmed its
 * log, and its votes, which are handed on to the {@link Slots} once they are durable.
 *
 *  - P1a: the durable promise of an acceptor never falls; no vote is in a higher ballot than it.
 *  - What is marked as chosen is chosen.
 */
import type { NodeId, Write } from '@quorate/core';
import { must, type WatchedNode } from '@quorate/core/checks';
import { type Ballot, compareBallots, describeBallot, noBallot } from '../ballot.ts';
import { ballotOf, isMarkedChosen, sameValue } from '../record.ts';
import { decodeContext, decodeState, type DurableState } from '../state.ts';
import type { Slots } from './slots.ts';

/** One acceptor. */
export interface Acceptor {
  /** Writes that are not durable yet. */
  readonly pending: Write[];
  promised: Ballot;
  knownIn: Ballot;
  base: number;
  /** Everything up to here has been found on its disk, for what it says in this ballot. */
  verified: { readonly ballot: string; match: number };
}

/** All acceptors of one group. */
export class Acceptors {
  readonly #slots: Slots;
  readonly #acceptors = new Map<NodeId, Acceptor>();
  readonly #states = new WeakMap<Uint8Array, DurableState>();

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  of(node: WatchedNode): Acceptor {
    const acceptor = this.#acceptors.get(node.id);
    if (acceptor === undefined) throw new Error(`${node.id} never started`);
    return acceptor;
  }

  /** A life begins with what the disk holds: everything that was durable, perhaps more. */
  start(node: WatchedNode): void {
    const { durable } = node.disk;
    const state = this.stateOf(node);
    const before = this.#acceptors.get(node.id);
    const promised = state?.promised ?? noBallot;
    must(
      before === undefined || compareBallots(promised, before.promised) >= 0,
      () => `${node.id} forgot its promise of ${describeBallot(before?.promised ?? noBallot)}`,
    );
    this.#acceptors.set(node.id, {
      pending: [],
      promised,
      knownIn: state?.knownIn ?? noBallot,
      base: state?.base ?? 0,
      verified: { ballot: '', match: 0 },
    });
    for (let index = durable.first; index <= durable.last; index++) {
      const record = durable.record(index);
      if (record === undefined || index <= (state?.base ?? 0)) continue;
      this.#stands(node, index, record, promised);
    }
  }

  /** Promises go on only where a node does. */
  regroup(survivor: WatchedNode | undefined): void {
    const acceptor = survivor && this.#acceptors.get(survivor.id);
    this.#acceptors.clear();
    if (survivor !== undefined && acceptor !== undefined) {
      this.#acceptors.set(survivor.id, acceptor);
    }
  }

  /** Takes in what has become durable. */
  flush(node: WatchedNode): void {
    const acceptor = this.of(node);
    while (acceptor.pending.length > node.disk.underWay) {
      const write = acceptor.pending.shift();
      if (write !== undefined) this.#durable(node, acceptor, write);
    }
  }

  stateOf(node: WatchedNode): DurableState | undefined {
    const { state } = node.disk.durable;
    return state === undefined ? undefined : this.#decode(state);
  }

  /** Whether a node has accepted in a slot in this ballot, or holds what is chosen there. */
  holds(node: WatchedNode, slot: number, ballot: string): boolean {
    if (this.#slots.proposed(slot, ballot)?.voters.has(node.id) === true) return true;
    const record = node.disk.durable.record(slot);
    const chosen = this.#slots.chosenAt(slot);
    return record !== undefined && chosen !== undefined && sameValue(record, chosen);
  }

  #durable(node: WatchedNode, acceptor: Acceptor, { ops }: Write): void {
    for (const op of ops) {
      if (op.type === 'state') {
        const state = this.#decode(op.bytes);
        must(
          compareBallots(state.promised, acceptor.promised) >= 0,
          () =>
            `P1a: the promise of ${node.id} falls from ${describeBallot(acceptor.promised)} to ${describeBallot(state.promised)}`,
        );
        acceptor.promised = state.promised;
        acceptor.base = state.base;
        acceptor.knownIn = state.knownIn;
        this.#slots.checkKnownIn(node.id, state.chosen, state.knownIn);
      } else if (op.type === 'snapshot') {
        const { index, knownIn } = decodeContext(op.context);
        this.#slots.checkKnownIn(node.id, index, knownIn);
      }
    }
    for (const op of ops) {
      if (op.type === 'put') this.#stands(node, op.index, op.record, acceptor.promised);
    }
  }

  /** A record stands on a disk. */
  #stands(node: WatchedNode, slot: number, record: Uint8Array, promised: Ballot): void {
    if (isMarkedChosen(record)) {
      this.#slots.checkIsChosen(slot, record, () => `${node.id} marks as chosen`);
      return;
    }
    const ballot = ballotOf(record);
    must(
      compareBallots(ballot, promised) <= 0,
      () =>
        `${node.id} has accepted in ${describeBallot(ballot)} and promised only ${describeBallot(promised)}`,
    );
    this.#slots.vote(slot, ballot, record, node.id);
  }

  #decode(bytes: Uint8Array): DurableState {
    const known = this.#states.get(bytes) ?? decodeState(bytes);
    this.#states.set(bytes, known);
    return known;
  }
}
