/**
 * The invariants of every consensus algorithm behind the `Engine` port, checked after every step.
 *
 *  - State-machine safety: one value an index, over all nodes and all time; gapless, ascending. The
 *    value is what stands behind the engine's own header.
 *  - Durability: what is called committed is on the disks of those who may decide it, every index of
 *    it; nobody writes another value over it, cuts it off, or trims what no snapshot covers.
 *  - Election safety: at most one leader an epoch, where the algorithm promises that; and nobody leads
 *    again in an epoch that it led in before a crash.
 *  - A node that becomes the only voter of a new group keeps everything that it held.
 *  - Memberships follow each other only as the algorithm's rules allow.
 *  - Each node keeps to what the port says of effects, and never goes back (see `life.ts`).
 *
 * What differs between algorithms is in their {@link EngineRules}.
 */
import type { Input } from '../engine.ts';
import type { LogIndex, NodeId } from '../ids.ts';
import type { Membership } from '../membership.ts';
import { Decisions } from './decisions.ts';
import { Life, type TailBounds } from './life.ts';
import { must, type NewGroup, type Observer, type Turn, type WatchedNode } from './observer.ts';
import type { EngineRules } from './rules.ts';

/** What a recorder needs from its group. */
export interface RecorderOptions extends TailBounds {
  readonly headerBytes: number;
  readonly rules: EngineRules;
  readonly nodes: () => readonly WatchedNode[];
  readonly bootstrap: Membership;
  /** Hears of every index once, in order. */
  readonly onDecided: (index: LogIndex, record: Uint8Array) => void;
}

/** Somebody who led in an epoch, and in which of its lives. */
interface Reign {
  readonly node: NodeId;
  readonly life: number;
}

/** Checks a whole group. */
export class Recorder<Message> implements Observer<Message> {
  readonly #options: RecorderOptions;
  readonly #leaders = new Map<number, Reign[]>();
  readonly #lives = new Map<NodeId, Life>();
  readonly #decisions: Decisions;
  #commitIndex = 0;
  /** What has to be decided where, because somebody held it when its group began anew. */
  #held: ReadonlyMap<LogIndex, Uint8Array> = new Map();
  /** Nobody leads in this epoch or a lower one any more. */
  #epochsBefore = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#decisions = new Decisions(options.headerBytes, options.bootstrap);
  }

  /** Highest index that any node has called committed. */
  get commitIndex(): number {
    return this.#commitIndex;
  }

  /** Epochs that had a leader, in order of their elections. */
  get epochs(): readonly number[] {
    return [...this.#leaders.keys()];
  }

  /** The decided record at an index, if some node has delivered it; its header is that node's. */
  decided(index: LogIndex): Uint8Array | undefined {
    return this.#decisions.at(index);
  }

  /** An epoch by which the entry at an index was decided; `Infinity` if it is not. */
  decidedIn(index: LogIndex): number {
    return this.#decisions.epochAt(index);
  }

  /** Checksum of the state after everything up to an index. */
  chainAt(index: LogIndex): number | undefined {
    return this.#decisions.chainAt(index);
  }

  /** The decided membership as of an index. */
  membershipAt(index: LogIndex): Membership {
    return this.#decisions.membershipAt(index);
  }

  regrouped({ survivor, membership, base, held }: NewGroup): void {
    this.#decisions.rewind(base, membership);
    this.#commitIndex = base;
    this.#held = held;
    this.#epochsBefore = survivor === undefined ? 0 : Math.max(0, ...this.#leaders.keys());
    this.#leaders.clear();
    this.#lives.clear();
  }

  started(node: WatchedNode): void {
    this.#lives.set(node.id, new Life(node, this.#options.rules, this.#decisions));
    this.#checkState(node);
  }

  stepped(node: WatchedNode, input: Input<Message>): void {
    const { role, epoch } = node.engine.status;
    this.#of(node.id).stepped(input);
    if (role === 'leader') this.#checkLeader(node, epoch);
  }

  took(node: WatchedNode, turn: Turn<Message>): void {
    const life = this.#of(node.id);
    life.took(turn.effects);
    this.#checkDurable(node, turn);
    this.#checkDelivery(node, turn, life);
    life.checkTail(this.#options);
    this.#checkState(node);
  }

  #checkLeader(node: WatchedNode, epoch: number): void {
    must(
      epoch > this.#epochsBefore,
      () => `${node.id} leads in epoch ${String(epoch)}, which may have been one of a lost group`,
    );
    const reigns = this.#leaders.get(epoch) ?? [];
    this.#leaders.set(epoch, reigns);
    if (reigns.some((reign) => reign.node === node.id && reign.life === node.life)) return;
    must(
      !reigns.some((reign) => reign.node === node.id),
      () => `${node.id} leads in epoch ${String(epoch)} again after a crash`,
    );
    must(
      reigns.length === 0 || !this.#options.rules.oneLeaderPerEpoch,
      () =>
        `election safety: ${String(reigns[0]?.node)} and ${node.id} both lead in epoch ${String(epoch)}`,
    );
    reigns.push({ node: node.id, life: node.life });
  }

  /** Whatever is newly called committed must be durable where it takes it to be decided. */
  #checkDurable(node: WatchedNode, { memberships }: Turn<Message>): void {
    const { commitIndex } = node.engine.status;
    const from = this.#commitIndex + 1;
    if (commitIndex < from) return;
    this.#commitIndex = commitIndex;
    const { written } = node.disk;
    const decided = this.#decisions.membershipsUpTo(commitIndex, (index) => written.record(index));
    for (let index = from; index <= commitIndex; index++) {
      const value = written.record(index) ?? this.decided(index);
      const holds = (id: NodeId): boolean => this.#holds(id, index, value);
      must(
        this.#options.rules.decides({ index, decided, inForce: memberships, holds }),
        () =>
          `durability: ${node.id} calls ${String(index)} committed, which is not on the disks of a quorum`,
      );
    }
  }

  #holds(id: NodeId, index: LogIndex, value: Uint8Array | undefined): boolean {
    const image = this.#options.nodes().find((node) => node.id === id)?.disk.durable;
    if (image === undefined) return false;
    if ((image.snapshot?.index ?? 0) >= index) return true;
    const held = image.record(index);
    return held !== undefined && value !== undefined && this.#decisions.sameValue(held, value);
  }

  #checkDelivery(node: WatchedNode, { effects }: Turn<Message>, life: Life): void {
    const { restored, committed } = effects;
    if (restored !== undefined) {
      must(
        restored.index > life.delivered,
        () =>
          `${node.id} restores ${String(restored.index)} after it delivered ${String(life.delivered)}`,
      );
      life.delivered = restored.index;
    }
    for (const { index, record } of committed) {
      must(
        index === life.delivered + 1 && index <= node.engine.status.commitIndex,
        () => `${node.id} delivers ${String(index)} after ${String(life.delivered)}`,
      );
      life.delivered = index;
      const known = this.decided(index);
      if (known === undefined) this.#decide(index, record, node.engine.status.epoch);
      else {
        must(
          this.#decisions.sameValue(known, record),
          () => `state-machine safety: ${node.id} delivers another record at ${String(index)}`,
        );
      }
    }
  }

  #decide(index: LogIndex, record: Uint8Array, epoch: number): void {
    const { rules, onDecided } = this.#options;
    must(index === this.#decisions.last + 1, () => `${String(index)} is decided before its turn`);
    const held = this.#held.get(index);
    must(
      held === undefined || this.#decisions.sameValue(held, record),
      () => `the new group has another entry at ${String(index)} than it began with`,
    );
    const copy = record.slice();
    const change = this.#decisions.add(copy, epoch);
    must(
      change === undefined ||
        change.before.voters.length === 0 ||
        rules.mayFollow(change.before, change.membership),
      () => `the membership at ${String(index)} may not follow the one before`,
    );
    onDecided(index, copy);
  }

  /** The state of a node is the state of everybody at that index. Where it has none, others compare. */
  #checkState(node: WatchedNode): void {
    if (node.consumer === undefined) return;
    const { applied, chain } = node.consumer;
    must(
      chain === this.#decisions.chainAt(applied),
      () => `the state of ${node.id} at ${String(applied)} is not what was decided`,
    );
  }

  #of(id: NodeId): Life {
    const life = this.#lives.get(id);
    if (life === undefined) throw new Error(`${id} never started`);
    return life;
  }
}
