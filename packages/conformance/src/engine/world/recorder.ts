/**
 * The invariants of every consensus algorithm behind the `Engine` port, checked after every step.
 *
 *  - State-machine safety: one value an index, over all nodes and all time; gapless, ascending. The
 *    value is what stands behind the engine's own header.
 *  - Durability: what is called committed is on the disks of those who may decide it, every index of
 *    it; nobody writes another value over it, cuts it off, or trims what no snapshot covers.
 *  - Election safety: at most one leader an epoch, where the algorithm promises that; and nobody leads
 *    again in an epoch that it led in before a crash.
 *  - Epoch and commit index never fall; the commit index never passes the end of the log.
 *  - A node that becomes the only voter of a new group keeps everything that it held.
 *  - Memberships follow each other only as the algorithm's rules allow.
 *  - Effects that were handed out do not change any more. Memory is bounded; writes and loads are
 *    numbered as the port says.
 *
 * What differs between algorithms is in their {@link EngineRules}.
 */
import type { Effects, Input, LogIndex, Membership, NodeId, Write, WriteId } from '@quorate/core';
import { Decisions } from './decisions.ts';
import type { SimNode } from './node.ts';
import { must, type NewGroup, type Observer, type Turn } from './observer.ts';
import type { EngineRules } from './rules.ts';

/** What a recorder needs from its cluster. */
export interface RecorderOptions<Message> {
  readonly headerBytes: number;
  readonly rules: EngineRules;
  readonly nodes: () => readonly SimNode<Message>[];
  /** The bound that the engine's options promise for the log it keeps in memory. */
  readonly maxTailBytes: number;
  /** The same without what it was not told to be durable. */
  readonly maxDurableTailBytes: number;
  readonly bootstrap: Membership;
  /** Hears of every index once, in order. */
  readonly onDecided: (index: LogIndex, record: Uint8Array) => void;
}

interface Seen {
  epoch: number;
  commitIndex: number;
  /** Commit index at the end of the turn before. */
  committed: number;
  /** Last index handed to the consumer. */
  delivered: number;
  /** Last index that a snapshot covers, by the writes so far. */
  covered: number;
  /** Last index that is in the log or covered, by the writes so far. */
  end: number;
  lastWrite: number | undefined;
  /** Writes of which it was not told that they are durable, and the bytes of their records. */
  unstored: { readonly id: WriteId; readonly bytes: number }[];
  readonly loads: Set<number>;
  /** The effects before, and how much was in them. */
  effects: { readonly taken: Effects<unknown>; readonly amount: string } | undefined;
}

/** Somebody who led in an epoch, and in which of its lives. */
interface Reign {
  readonly node: NodeId;
  readonly life: number;
}

/** Checks a whole cluster. */
export class Recorder<Message> implements Observer<Message> {
  readonly #options: RecorderOptions<Message>;
  readonly #leaders = new Map<number, Reign[]>();
  readonly #seen = new Map<NodeId, Seen>();
  readonly #decisions: Decisions;
  #commitIndex = 0;
  /** What has to be decided where, because somebody held it when its group began anew. */
  #held: ReadonlyMap<LogIndex, Uint8Array> = new Map();
  /** Nobody leads in this epoch or a lower one any more. */
  #epochsBefore = 0;

  constructor(options: RecorderOptions<Message>) {
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

  regrouped({ survivor, membership, base, held }: NewGroup<Message>): void {
    this.#decisions.rewind(base, membership);
    this.#commitIndex = base;
    this.#held = held;
    this.#epochsBefore = survivor === undefined ? 0 : Math.max(0, ...this.#leaders.keys());
    this.#leaders.clear();
    this.#seen.clear();
  }

  started(node: SimNode<Message>): void {
    const { epoch, commitIndex } = node.engine.status;
    const delivered = node.disk.durable.snapshot?.index ?? 0;
    must(
      commitIndex >= delivered,
      () => `${node.id} starts with a commit index below its own snapshot`,
    );
    this.#seen.set(node.id, {
      epoch,
      commitIndex,
      committed: commitIndex,
      delivered,
      covered: delivered,
      end: Math.max(delivered, node.disk.durable.last),
      lastWrite: undefined,
      unstored: [],
      loads: new Set(),
      effects: undefined,
    });
    this.#checkState(node);
  }

  stepped(node: SimNode<Message>, input: Input<Message>): void {
    const { status } = node.engine;
    const seen = this.#of(node.id);
    must(
      status.epoch >= seen.epoch,
      () => `the epoch of ${node.id} falls from ${String(seen.epoch)} to ${String(status.epoch)}`,
    );
    must(
      status.commitIndex >= seen.commitIndex,
      () =>
        `the commit index of ${node.id} falls from ${String(seen.commitIndex)} to ${String(status.commitIndex)}`,
    );
    must(
      status.lastIndex >= status.commitIndex,
      () =>
        `${node.id} has committed ${String(status.commitIndex)} of ${String(status.lastIndex)} entries`,
    );
    seen.epoch = status.epoch;
    seen.commitIndex = status.commitIndex;
    if (status.role === 'leader') this.#checkLeader(node, status.epoch);
    if (input.type === 'loaded') seen.loads.delete(input.load);
    if (input.type === 'stored') seen.unstored = seen.unstored.filter(({ id }) => id > input.write);
  }

  took(node: SimNode<Message>, turn: Turn<Message>): void {
    const { effects } = turn;
    const { status } = node.engine;
    const seen = this.#of(node.id);
    must(
      seen.effects === undefined || amountOf(seen.effects.taken) === seen.effects.amount,
      () => `${node.id} goes on to fill effects that it has handed out`,
    );
    seen.effects = { taken: effects, amount: amountOf(effects) };
    for (const write of effects.writes) {
      const expected = seen.lastWrite === undefined ? write.id : seen.lastWrite + 1;
      must(write.id === expected, () => `${node.id} numbers a write ${String(write.id)}`);
      seen.lastWrite = write.id;
      seen.unstored.push({ id: write.id, bytes: recordBytes(write) });
      this.#checkWrite(node, write, seen);
    }
    for (const { after } of effects.sends) {
      must(
        after === undefined || (seen.lastWrite !== undefined && after <= seen.lastWrite),
        () => `${node.id} sends after write ${String(after)}, which it never asked for`,
      );
    }
    for (const load of effects.loads) {
      must(
        !seen.loads.has(load.id) && load.from >= 1 && load.to >= load.from && load.maxBytes > 0,
        () => `${node.id} asks for a load that makes no sense: ${JSON.stringify(load)}`,
      );
      seen.loads.add(load.id);
    }
    seen.committed = status.commitIndex;
    this.#checkDurable(node, turn);
    this.#checkDelivery(node, turn, seen);
    this.#checkTail(node, seen);
    this.#checkState(node);
  }

  /** The log in memory is bounded. */
  #checkTail(node: SimNode<Message>, { unstored }: Seen): void {
    const { maxTailBytes, maxDurableTailBytes } = this.#options;
    const { tailBytes, role, lastIndex } = node.engine.status;
    const unstoredBytes = unstored.reduce((sum, { bytes }) => sum + bytes, 0);
    must(
      tailBytes <= maxTailBytes && tailBytes - unstoredBytes <= maxDurableTailBytes,
      () =>
        `${node.id} (${role}) keeps ${String(tailBytes)} bytes of its log in memory, ` +
        `${String(unstoredBytes)} of them not durable: up to ${String(lastIndex)}`,
    );
  }

  #checkLeader(node: SimNode<Message>, epoch: number): void {
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

  /** What is known to be decided stays as it is, on every disk. */
  #checkWrite(node: SimNode<Message>, { ops }: Write, seen: Seen): void {
    const { rules } = this.#options;
    const { committed, covered } = seen;
    const published = ops.findLast((op) => op.type === 'snapshot');
    if (published !== undefined) seen.covered = published.index;
    for (const op of ops) {
      switch (op.type) {
        case 'put': {
          const decided = op.index <= committed ? this.decided(op.index) : undefined;
          must(
            decided === undefined || this.#decisions.sameValue(op.record, decided),
            () => `${node.id} writes another value over ${String(op.index)}, which is decided`,
          );
          must(
            op.index > covered,
            () => `${node.id} writes ${String(op.index)}, which its snapshot covers`,
          );
          must(
            op.index <= seen.end + 1 || !rules.contiguousLog,
            () => `${node.id} writes ${String(op.index)} behind ${String(seen.end)}`,
          );
          seen.end = Math.max(seen.end, op.index);
          break;
        }
        case 'dropAfter':
          must(
            rules.truncatesSuffix,
            () => `${node.id} cuts its log off behind ${String(op.index)}`,
          );
          // A snapshot may take the place of the log, in the same write.
          must(
            op.index >= committed || seen.covered >= committed,
            () =>
              `${node.id} cuts its log off behind ${String(op.index)}, and ${String(committed)} is decided`,
          );
          seen.end = Math.min(seen.end, op.index);
          break;
        case 'dropBefore':
          must(
            op.index <= seen.covered + 1,
            () =>
              `${node.id} trims its log below ${String(op.index)}, and its snapshot ends at ${String(seen.covered)}`,
          );
          break;
        case 'snapshot':
        case 'state':
      }
    }
    seen.end = Math.max(seen.end, seen.covered);
  }

  /** Whatever is newly called committed must be durable where it takes it to be decided. */
  #checkDurable(node: SimNode<Message>, { memberships }: Turn<Message>): void {
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

  #checkDelivery(node: SimNode<Message>, { effects }: Turn<Message>, seen: Seen): void {
    const { restored, committed } = effects;
    if (restored !== undefined) {
      must(
        restored.index > seen.delivered,
        () =>
          `${node.id} restores ${String(restored.index)} after it delivered ${String(seen.delivered)}`,
      );
      seen.delivered = restored.index;
    }
    for (const { index, record } of committed) {
      must(
        index === seen.delivered + 1 && index <= node.engine.status.commitIndex,
        () => `${node.id} delivers ${String(index)} after ${String(seen.delivered)}`,
      );
      seen.delivered = index;
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

  /** The state of a node is the state of everybody at that index. */
  #checkState(node: SimNode<Message>): void {
    const { applied, chain } = node.consumer;
    must(
      chain === this.#decisions.chainAt(applied),
      () => `the state of ${node.id} at ${String(applied)} is not what was decided`,
    );
  }

  #of(id: NodeId): Seen {
    const seen = this.#seen.get(id);
    if (seen === undefined) throw new Error(`${id} never started`);
    return seen;
  }
}

/** Bytes of the records of a write. */
function recordBytes({ ops }: Write): number {
  return ops.reduce((sum, op) => sum + (op.type === 'put' ? op.record.length : 0), 0);
}

/** How many of everything there are. */
function amountOf({
  writes,
  sends,
  committed,
  reads,
  outcomes,
  loads,
  ships,
}: Effects<unknown>): string {
  return [writes, sends, committed, reads, outcomes, loads, ships]
    .map((list) => list.length)
    .join();
}
