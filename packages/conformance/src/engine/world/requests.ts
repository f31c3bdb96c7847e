/**
 * What becomes of requests: each is answered in exactly one of the ways that its kind allows, what
 * was rejected never happens, nothing happens twice, and reads are linearizable.
 */
import { decodeEntry, entryKind } from '@quorate/core';
import type { Input, NodeId, Outcome } from '@quorate/core';
import {
  must,
  type NewGroup,
  type Observer,
  type Request,
  type Turn,
  type WatchedNode,
} from '@quorate/core/checks';

interface Open {
  readonly node: NodeId;
  readonly request: Request;
  readonly since: number;
  /** Highest index decided anywhere when it was made. */
  readonly decided: number;
}

/** How a request ended. */
export type Ending = Outcome['type'] | 'ready';

const allowed: Readonly<Record<Request['type'], readonly Ending[]>> = {
  propose: ['accepted', 'rejected', 'unknown'],
  read: ['ready', 'rejected', 'unknown'],
  reconfigure: ['done', 'rejected', 'unknown'],
  transfer: ['done', 'rejected', 'unknown'],
  compact: ['done', 'rejected'],
  install: ['done', 'rejected'],
};

/** Watches all requests of a cluster. */
export class Requests<Message> implements Observer<Message> {
  readonly #headerBytes: number;
  readonly #time: () => number;
  readonly #decided: () => number;
  readonly #open = new Map<number, Open>();
  readonly #endings = new Map<
    number,
    Outcome | { readonly type: 'ready'; readonly index: number }
  >();
  /** Where each proposal was decided. */
  readonly #places = new Map<number, number>();
  /** The epoch in which each proposal was handed to its engine. */
  readonly #takenIn = new Map<number, number>();
  /** The same of the decided ones, by index. */
  readonly #decidedFrom: (number | undefined)[] = [];
  /** What each node has last called settled. */
  readonly #settled = new Map<NodeId, number>();
  /** And whatever was said of it so far, with the commit index of whoever said it. */
  readonly #settlements: { readonly epoch: number; readonly commitIndex: number }[] = [];
  /** How many ended how, for a look at whether a run exercises what it should. */
  readonly counts: Map<string, number> = new Map<string, number>();

  /**
   * @param time virtual time.
   * @param decided highest index decided anywhere.
   */
  constructor(headerBytes: number, time: () => number, decided: () => number) {
    this.#headerBytes = headerBytes;
    this.#time = time;
    this.#decided = decided;
  }

  /** How a request ended; `undefined` while it is open, or if its node crashed. */
  ending(ticket: number): Outcome | { readonly type: 'ready'; readonly index: number } | undefined {
    return this.#endings.get(ticket);
  }

  /** Where a proposal was decided, if it was. */
  placeOf(ticket: number): number | undefined {
    return this.#places.get(ticket);
  }

  /** Requests that still wait, in words. */
  waiting(): readonly string[] {
    return [...this.#open].map(
      ([ticket, { node, request, since }]) =>
        `${request.type} ${String(ticket)} on ${node} since ${since.toFixed(0)} ms`,
    );
  }

  requested(node: WatchedNode, ticket: number, request: Request): void {
    if (!node.up) return;
    this.#open.set(ticket, {
      node: node.id,
      request,
      since: this.#time(),
      decided: this.#decided(),
    });
  }

  started(node: WatchedNode): void {
    this.#settled.delete(node.id);
  }

  stepped(node: WatchedNode, input: Input<Message>): void {
    if (input.type === 'propose') this.#takenIn.set(input.ticket, node.engine.status.epoch);
  }

  /** What the lost nodes have said of epochs binds nobody any more; what they refused stays refused. */
  regrouped({ base }: NewGroup): void {
    for (const [ticket, place] of this.#places) if (place > base) this.#places.delete(ticket);
    this.#decidedFrom.length = Math.min(this.#decidedFrom.length, base + 1);
    this.#settled.clear();
    this.#settlements.length = 0;
    // Epochs of a group that begins from a saved state may be low again.
    this.#takenIn.clear();
  }

  crashed(node: WatchedNode): void {
    for (const [ticket, { node: id }] of this.#open) if (id === node.id) this.#open.delete(ticket);
  }

  took(node: WatchedNode, { effects }: Turn<Message>): void {
    this.#checkSettled(node);
    for (const { ticket, index } of effects.reads) {
      const { request, decided } = this.#end(node.id, ticket, 'ready');
      this.#endings.set(ticket, { type: 'ready', index });
      must(
        request.type === 'read' && index >= decided,
        () =>
          `linearizable reads: ${node.id} answers a ${'guarantee' in request ? request.guarantee : ''} ` +
          `read ${String(ticket)} at ${String(index)}, but ${String(decided)} had been decided before it was asked`,
      );
    }
  }

  settled(node: WatchedNode, outcome: Outcome): void {
    this.#end(node.id, outcome.ticket, outcome.type);
    this.#endings.set(outcome.ticket, outcome);
    const place = this.#places.get(outcome.ticket);
    if (place !== undefined) this.#checkPlace(outcome.ticket, place);
  }

  /** An entry was decided for the first time. */
  decided(index: number, record: Uint8Array): void {
    if (entryKind(record, this.#headerBytes) !== 'commands') return;
    const { ticket } = decodeEntry(record, this.#headerBytes);
    const before = this.#places.get(ticket);
    must(
      before === undefined,
      () => `proposal ${String(ticket)} is decided at ${String(before)} and at ${String(index)}`,
    );
    this.#places.set(ticket, index);
    const taken = this.#takenIn.get(ticket);
    this.#decidedFrom[index] = taken;
    const broken = this.#settlements.find(
      ({ epoch, commitIndex }) => commitIndex < index && taken !== undefined && taken < epoch,
    );
    must(
      broken === undefined,
      () =>
        `proposal ${String(ticket)} of epoch ${String(taken)} is decided at ${String(index)}, ` +
        `after that epoch was called settled: ${JSON.stringify(broken)}`,
    );
    this.#checkPlace(ticket, index);
  }

  /** What was rejected is decided nowhere, and what was accepted at an index there or nowhere. */
  #checkPlace(ticket: number, place: number): void {
    const ending = this.#endings.get(ticket);
    must(
      ending?.type !== 'rejected',
      () => `proposal ${String(ticket)} is rejected and decided at ${String(place)}`,
    );
    must(
      ending?.type !== 'accepted' || ending.index === place,
      () => `proposal ${String(ticket)} is accepted at another index than ${String(place)}`,
    );
  }

  /** What was proposed in an epoch below the settled one is decided by the commit index, or never. */
  #checkSettled(node: WatchedNode): void {
    const { settledEpoch, commitIndex } = node.engine.status;
    // The same epoch with a higher commit index says less.
    if (this.#settled.get(node.id) === settledEpoch) return;
    this.#settled.set(node.id, settledEpoch);
    this.#settlements.push({ epoch: settledEpoch, commitIndex });
    for (let index = commitIndex + 1; index < this.#decidedFrom.length; index++) {
      const taken = this.#decidedFrom[index];
      must(
        taken === undefined || taken >= settledEpoch,
        () =>
          `${node.id} calls epochs below ${String(settledEpoch)} settled at ${String(commitIndex)}, ` +
          `and a proposal of ${String(taken)} is decided at ${String(index)}`,
      );
    }
  }

  #end(node: NodeId, ticket: number, ending: Ending): Open {
    const open = this.#open.get(ticket);
    must(
      open?.node === node && allowed[open.request.type].includes(ending),
      () =>
        `${node} says "${ending}" of ${String(ticket)}, which is ${open === undefined ? 'not open' : `a ${open.request.type} of ${open.node}`}`,
    );
    this.#open.delete(ticket);
    const kind = `${open.request.type} ${ending}`;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return open;
  }
}
