/**
 * What happens in a run: a digest of all of it, how often each rare path was reached and each fault
 * struck, and, where somebody asks for it, a trace to be read or drawn, step by step.
 */
import type { NodeId } from '@quorate/core';
import type { Turn, WatchedNode } from '@quorate/core/checks';
import { Digest } from './digest.ts';
import type { Schedule } from './schedule.ts';

/** One line of a trace. */
export interface TraceEvent {
  /** Virtual ms since the start. */
  readonly time: number;
  /** Whom it happens to; absent: the world as a whole. */
  readonly node?: NodeId;
  readonly event: string;
  readonly data?: unknown;
  /** The node after it, where it runs. */
  readonly state?: TraceState;
}

/** What a node shows of itself in a trace. */
export interface TraceState {
  readonly role: string;
  readonly epoch: number;
  readonly leader: NodeId | undefined;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly voters: readonly NodeId[];
  /** Where a change of the voters is under way: those before it. */
  readonly outgoing?: readonly NodeId[];
}

/** Takes the lines of a trace, one by one. */
export type Tracer = (event: TraceEvent) => void;

/** Keeps the books of one run. */
export class Journal {
  readonly digest: Digest = new Digest();
  readonly #schedule: Schedule;
  readonly #tracer: Tracer | undefined;
  readonly #find: (id: NodeId) => WatchedNode | undefined;
  readonly #reached = new Map<string, number>();
  readonly #faults = new Map<string, number>();

  constructor(
    schedule: Schedule,
    tracer: Tracer | undefined,
    find: (id: NodeId) => WatchedNode | undefined,
  ) {
    this.#schedule = schedule;
    this.#tracer = tracer;
    this.#find = find;
  }

  /** How often each rare path was reached. */
  get coverage(): ReadonlyMap<string, number> {
    return this.#reached;
  }

  /** How often each kind of fault struck. */
  get faults(): ReadonlyMap<string, number> {
    return this.#faults;
  }

  /** A rare path was reached. */
  reached(path: string): void {
    this.#reached.set(path, (this.#reached.get(path) ?? 0) + 1);
  }

  /** A fault strikes. */
  fault(kind: string, node?: NodeId, data?: unknown): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
    this.add(node, `fault: ${kind}`, data);
  }

  /** Something happens. */
  add(node: NodeId | undefined, event: string, data: unknown): void {
    this.digest.add(this.#schedule.now);
    if (node !== undefined) this.digest.text(node);
    this.digest.text(event);
    this.#trace(node, event, data);
  }

  /** A node took its effects out of its engine. */
  turn(node: WatchedNode, turn: Turn<unknown>): void {
    const { digest } = this;
    const { status } = node.engine;
    const { effects } = turn;
    digest.add(this.#schedule.now);
    digest.text(node.id);
    digest.add(status.epoch);
    digest.add(status.commitIndex);
    digest.add(status.lastIndex);
    digest.add(effects.writes.length * 1000 + effects.sends.length);
    if (this.#tracer === undefined) return;
    this.#trace(node.id, 'turn', {
      inputs: turn.inputs,
      writes: effects.writes,
      sends: effects.sends,
      committed: effects.committed.map(({ index }) => index),
      restored: effects.restored?.index,
      reads: effects.reads,
      outcomes: effects.outcomes,
    });
  }

  /** A message leaves a node. */
  message(from: NodeId, to: NodeId, message: unknown): void {
    this.digest.text(to);
    if (this.#tracer !== undefined) this.#trace(from, `sends to ${to}`, message);
  }

  #trace(node: NodeId | undefined, event: string, data: unknown): void {
    if (this.#tracer === undefined) return;
    const state = node === undefined ? undefined : stateOf(this.#find(node));
    this.#tracer({
      time: this.#schedule.now,
      ...(node === undefined ? {} : { node }),
      event,
      ...(data === undefined ? {} : { data }),
      ...(state === undefined ? {} : { state }),
    });
  }
}

function stateOf(node: WatchedNode | undefined): TraceState | undefined {
  if (node?.up !== true) return undefined;
  const { role, epoch, leader, firstIndex, lastIndex, commitIndex, membership } =
    node.engine.status;
  const ids = (members: readonly { readonly id: NodeId }[]): NodeId[] =>
    members.map(({ id }) => id);
  return {
    role,
    epoch,
    leader,
    firstIndex,
    lastIndex,
    commitIndex,
    voters: ids(membership.voters),
    ...(membership.outgoing.length === 0 ? {} : { outgoing: ids(membership.outgoing) }),
  };
}
