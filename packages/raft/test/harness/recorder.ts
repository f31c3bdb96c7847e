/**
 * The invariants of every consensus algorithm behind the `Engine` port, checked after every step.
 *
 *  - Election safety: at most one leader an epoch.
 *  - State-machine safety: one record an index, over all nodes and all time; gapless, ascending.
 *  - Durability: what a leader calls committed is on the disks of a quorum.
 *  - Epoch and commit index never fall; the commit index never passes the end of the log.
 *  - No two memberships that follow each other have quorums without a node in common.
 *  - Effects that were handed out do not change any more. Memory is bounded; writes and loads are numbered as the port says.
 */
import {
  ByteReader,
  decodeEntry,
  decodeMembership,
  entryKind,
  equalBytes,
  isQuorum,
} from '@quorate/core';
import type { Effects, Input, Member, Membership, NodeId } from '@quorate/core';
import { chained } from './consumer.ts';
import type { SimNode } from './node.ts';
import { must, type Observer, type Turn } from './observer.ts';

interface Seen {
  epoch: number;
  commitIndex: number;
  /** Whether it led in the turn under way; it may have stepped down with what that turn decided. */
  led: boolean;
  /** Last index handed to the consumer. */
  delivered: number;
  lastWrite: number | undefined;
  readonly loads: Set<number>;
  /** The effects before, and how much was in them. */
  effects: { readonly taken: Effects<unknown>; readonly amount: string } | undefined;
}

/** Checks a whole cluster. */
export class Recorder<Message> implements Observer<Message> {
  readonly #headerBytes: number;
  readonly #nodes: () => readonly SimNode<Message>[];
  readonly #onDecided: (index: number, record: Uint8Array) => void;
  readonly #maxTailBytes: number;
  readonly #leaders = new Map<number, NodeId>();
  readonly #seen = new Map<NodeId, Seen>();
  /** Records decided so far; index 1 stands at 0. */
  readonly #decided: Uint8Array[] = [];
  /** The epoch of whoever delivered each of them first. */
  readonly #decidedIn: number[] = [];
  /** Checksum of the state after each of them. */
  readonly #chains: number[] = [0];
  readonly #memberships: { readonly index: number; readonly membership: Membership }[] = [];
  #durable = 0;
  #commitIndex = 0;

  constructor(options: {
    readonly headerBytes: number;
    readonly nodes: () => readonly SimNode<Message>[];
    readonly maxTailBytes: number;
    readonly bootstrap: Membership;
    readonly onDecided: (index: number, record: Uint8Array) => void;
  }) {
    this.#headerBytes = options.headerBytes;
    this.#nodes = options.nodes;
    this.#maxTailBytes = options.maxTailBytes;
    this.#onDecided = options.onDecided;
    this.#memberships.push({ index: 0, membership: options.bootstrap });
  }

  /** Highest index that any node has called committed. */
  get commitIndex(): number {
    return this.#commitIndex;
  }

  /** Epochs that had a leader, in order of their elections. */
  get epochs(): readonly number[] {
    return [...this.#leaders.keys()];
  }

  /** The decided record at an index, if some node has delivered it. */
  decided(index: number): Uint8Array | undefined {
    return this.#decided[index - 1];
  }

  /** An epoch by which the entry at an index was decided; `Infinity` if it is not. */
  decidedIn(index: number): number {
    return this.#decidedIn[index - 1] ?? Number.POSITIVE_INFINITY;
  }

  /** Checksum of the state after everything up to an index. */
  chainAt(index: number): number | undefined {
    return this.#chains[index];
  }

  /** The decided membership as of an index. */
  membershipAt(index: number): Membership {
    const known = this.#memberships.findLast((each) => each.index <= index);
    must(known !== undefined, () => 'a membership before the first');
    return known.membership;
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
      led: false,
      delivered,
      lastWrite: undefined,
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
    if (status.role === 'leader') {
      seen.led = true;
      const leader = this.#leaders.get(status.epoch);
      if (leader === undefined) this.#leaders.set(status.epoch, node.id);
      must(
        leader === undefined || leader === node.id,
        () =>
          `election safety: ${String(leader)} and ${node.id} both lead in epoch ${String(status.epoch)}`,
      );
    }
    if (input.type === 'loaded') seen.loads.delete(input.load);
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
    this.#checkDurable(node, turn, seen);
    seen.led = false;
    this.#checkDelivery(node, turn, seen);
    must(
      status.tailBytes <= this.#maxTailBytes,
      () =>
        `${node.id} (${status.role}) keeps ${String(status.tailBytes)} bytes of its log in memory: ` +
        `up to ${String(status.lastIndex)}, durable up to ${String(node.disk.durable.last)}`,
    );
    this.#checkState(node);
  }

  /** Whatever a leader newly calls committed must be on the disks of a quorum. */
  #checkDurable(node: SimNode<Message>, { memberships }: Turn<Message>, { led }: Seen): void {
    const { commitIndex } = node.engine.status;
    this.#commitIndex = Math.max(this.#commitIndex, commitIndex);
    if (!led || commitIndex <= this.#durable) return;
    const record = node.disk.written.record(commitIndex) ?? this.decided(commitIndex);
    const holds = (id: NodeId): boolean => {
      const image = this.#nodes().find((other) => other.id === id)?.disk.durable;
      if (image === undefined) return false;
      if ((image.snapshot?.index ?? 0) >= commitIndex) return true;
      const held = image.record(commitIndex);
      return held !== undefined && record !== undefined && this.#equal(held, record);
    };
    // Within one turn the membership may have moved on; one of those that were in force decided.
    must(
      memberships.some((membership) => isQuorum(membership, holds)),
      () =>
        `durability: ${node.id} calls ${String(commitIndex)} committed, which is not on the disks of a quorum`,
    );
    this.#durable = commitIndex;
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
      const known = this.#decided[index - 1];
      if (known === undefined) this.#decide(index, record, node.engine.status.epoch);
      else {
        must(
          this.#equal(known, record),
          () => `state-machine safety: ${node.id} delivers another record at ${String(index)}`,
        );
      }
    }
  }

  #decide(index: number, record: Uint8Array, epoch: number): void {
    must(index === this.#decided.length + 1, () => `${String(index)} is decided before its turn`);
    const copy = record.slice();
    this.#decided.push(copy);
    this.#decidedIn.push(epoch);
    this.#chains.push(chained(this.#chains[index - 1] ?? 0, copy, this.#headerBytes));
    if (entryKind(copy, this.#headerBytes) === 'membership') {
      const membership = membershipIn(copy, this.#headerBytes);
      const before = this.membershipAt(index);
      must(
        before.voters.length === 0 || haveCommonQuorums(before, membership),
        () => `the membership at ${String(index)} has quorums without a node of the one before`,
      );
      this.#memberships.push({ index, membership });
    }
    this.#onDecided(index, copy);
  }

  /** The state of a node is the state of everybody at that index. */
  #checkState(node: SimNode<Message>): void {
    const { applied, chain } = node.consumer;
    must(
      chain === this.#chains[applied],
      () => `the state of ${node.id} at ${String(applied)} is not what was decided`,
    );
  }

  #equal(left: Uint8Array, right: Uint8Array): boolean {
    return equalBytes(left.subarray(this.#headerBytes), right.subarray(this.#headerBytes));
  }

  #of(id: NodeId): Seen {
    const seen = this.#seen.get(id);
    if (seen === undefined) throw new Error(`${id} never started`);
    return seen;
  }
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

/** The membership that a record holds. */
export function membershipIn(record: Uint8Array, headerBytes: number): Membership {
  const [payload] = decodeEntry(record, headerBytes).payloads;
  if (payload === undefined) throw new Error('a membership entry without a membership');
  return decodeMembership(new ByteReader(payload));
}

/**
 * Whether each quorum of one shares a node with each quorum of the other: it does where a set of
 * voters that one needs a majority of and a set that the other needs are so alike that majorities meet.
 */
export function haveCommonQuorums(left: Membership, right: Membership): boolean {
  return setsOf(left).some((one) => setsOf(right).some((other) => majoritiesMeet(one, other)));
}

function majoritiesMeet(left: readonly Member[], right: readonly Member[]): boolean {
  const union = new Set([...left, ...right].map((member) => member.id)).size;
  const majority = (set: readonly Member[]): number => Math.floor(set.length / 2) + 1;
  return majority(left) + majority(right) > union;
}

function setsOf({ voters, outgoing }: Membership): readonly (readonly Member[])[] {
  return outgoing.length === 0 ? [voters] : [voters, outgoing];
}
