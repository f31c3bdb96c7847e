/**
 * A few engines on one virtual clock, with messages that arrive at once and disks that obey: just
 * enough to see one rule at a time. The adversarial world is in the cluster tests.
 */
import {
  type Effects,
  emptyMembership,
  encodeEntry,
  type Engine,
  type EngineSetup,
  type Input,
  type Membership,
  membershipOf,
  type NodeId,
  type Outcome,
  type Recovered,
  seededRandom,
  type StorageOp,
  type WriteId,
} from '@quorate/core';
import { raft, type RaftMessage, type RaftOptions } from '../../src/index.ts';
import { headerBytes } from '../../src/record.ts';

export const nothingRecovered: Recovered = {
  state: undefined,
  records: undefined,
  snapshot: undefined,
  lastRecord: undefined,
};

/** A record with one command. */
export function commandRecord(text: string, ticket = 0): Uint8Array {
  const payloads = [new TextEncoder().encode(text)];
  return encodeEntry({ kind: 'commands', time: 1, incarnation: 1, ticket, payloads }, headerBytes);
}

/** What a storage would hold after the writes. */
export class Disk {
  state: Uint8Array | undefined;
  readonly records = new Map<number, Uint8Array>();
  snapshot: Recovered['snapshot'];

  write(ops: readonly StorageOp[]): void {
    for (const op of ops) {
      switch (op.type) {
        case 'put':
          this.records.set(op.index, op.record);
          break;
        case 'state':
          this.state = op.bytes;
          break;
        case 'dropAfter':
          for (const index of [...this.records.keys()])
            if (index > op.index) this.records.delete(index);
          break;
        case 'dropBefore':
          for (const index of [...this.records.keys()])
            if (index < op.index) this.records.delete(index);
          break;
        case 'snapshot':
          this.snapshot = {
            id: op.id,
            index: op.index,
            context: op.context,
            bytes: 0,
            checksum: 0,
          };
          break;
      }
    }
  }

  recovered(): Recovered {
    const indexes = [...this.records.keys()].sort((left, right) => left - right);
    const [first] = indexes;
    const last = indexes[indexes.length - 1];
    return {
      state: this.state,
      records: first === undefined || last === undefined ? undefined : { first, last },
      snapshot: this.snapshot,
      lastRecord: last === undefined ? undefined : this.records.get(last),
    };
  }
}

/** One engine with its disk and everything that came out of it. */
export class Node {
  readonly id: NodeId;
  readonly disk = new Disk();
  engine: Engine<RaftMessage>;
  /** Indexes and texts of what was committed. */
  readonly committed: string[] = [];
  readonly outcomes: Outcome[] = [];
  readonly reads: { ticket: number; index: number }[] = [];
  readonly ships: NodeId[] = [];
  wakeAt = Number.POSITIVE_INFINITY;
  /** A disk that hangs completes nothing. */
  hangs = false;
  held: { write: WriteId; effects: Effects<RaftMessage> }[] = [];
  readonly #group: Group;

  constructor(group: Group, id: NodeId, setup: Partial<EngineSetup>) {
    this.#group = group;
    this.id = id;
    this.engine = raft(group.options).create({
      node: id,
      recovered: nothingRecovered,
      bootstrap: group.bootstrap,
      random: seededRandom(id.charCodeAt(0)),
      now: group.now,
      ...setup,
    });
    this.settle();
  }

  step(input: Input<RaftMessage>): void {
    this.engine.step(input, this.#group.now);
    this.settle();
  }

  /** Comes back with what the disk holds. */
  restart(): void {
    this.held = [];
    this.engine = raft(this.#group.options).create({
      node: this.id,
      recovered: this.disk.recovered(),
      bootstrap: emptyMembership,
      random: seededRandom(this.id.charCodeAt(0) + 1),
      now: this.#group.now,
    });
    this.settle();
  }

  settle(): void {
    const effects = this.engine.take();
    this.wakeAt = effects.wakeAt;
    this.outcomes.push(...effects.outcomes);
    this.reads.push(...effects.reads);
    this.ships.push(...effects.ships.map((ship) => ship.to));
    const last = effects.committed[effects.committed.length - 1];
    for (const { index, record } of effects.committed) {
      const text = new TextDecoder().decode(record.subarray(headerBytes + 27));
      this.committed.push(`${String(index)}${record[headerBytes] === 1 ? text : ''}`);
    }
    for (const { to, message, after } of effects.sends) {
      if (after === undefined) this.#group.post(this.id, to, message);
    }
    const load = effects.loads[0];
    if (effects.writes.length > 0 || this.hangs) {
      for (const write of effects.writes) this.held.push({ write: write.id, effects });
      if (this.hangs && effects.writes.length === 0) {
        const waiting = this.held[this.held.length - 1];
        for (const send of effects.sends) {
          if (send.after !== undefined && waiting !== undefined) {
            waiting.effects = { ...waiting.effects, sends: [...waiting.effects.sends, send] };
          }
        }
      }
    }
    if (!this.hangs) this.complete();
    if (last !== undefined) this.step({ type: 'applied', index: last.index });
    if (load !== undefined) {
      const records = [];
      for (let index = load.from; index <= load.to; index++) {
        const record = this.disk.records.get(index);
        if (record !== undefined) records.push({ index, record });
      }
      this.step({ type: 'loaded', load: load.id, records });
    }
  }

  /** The disk does what it was asked to. */
  complete(): void {
    for (const { write, effects } of this.held.splice(0)) {
      for (const { id, ops } of effects.writes) if (id === write) this.disk.write(ops);
      for (const { to, message, after } of effects.sends) {
        if (after !== undefined) this.#group.post(this.id, to, message);
      }
      this.step({ type: 'stored', write });
    }
  }
}

/** A group on one clock. */
export class Group {
  now = 1000;
  readonly options: RaftOptions;
  readonly bootstrap: Membership;
  readonly nodes = new Map<NodeId, Node>();
  /** Messages from or to these are lost. */
  readonly cutOff = new Set<NodeId>();
  /** Every message that arrived. */
  readonly log: { from: NodeId; to: NodeId; message: RaftMessage }[] = [];
  readonly #mail: { from: NodeId; to: NodeId; message: RaftMessage }[] = [];

  constructor(ids: readonly NodeId[], options: RaftOptions = {}) {
    this.options = options;
    this.bootstrap = membershipOf(ids.map((id) => ({ id })));
    for (const id of ids) this.nodes.set(id, new Node(this, id, {}));
  }

  node(id: NodeId): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  add(id: NodeId): Node {
    const node = new Node(this, id, { bootstrap: emptyMembership });
    this.nodes.set(id, node);
    return node;
  }

  post(from: NodeId, to: NodeId, message: RaftMessage): void {
    this.#mail.push({ from, to, message });
  }

  /** Delivers messages until there are none. */
  deliver(): void {
    for (let letter = this.#mail.shift(); letter !== undefined; letter = this.#mail.shift()) {
      const { from, to, message } = letter;
      if (this.cutOff.has(from) || this.cutOff.has(to)) continue;
      this.log.push(letter);
      this.nodes.get(to)?.step({ type: 'receive', from, message });
    }
  }

  /** Lets time pass, to each node's own wake-up calls. */
  run(ms: number): void {
    const end = this.now + ms;
    this.deliver();
    for (;;) {
      const next = Math.min(...[...this.nodes.values()].map((node) => node.wakeAt));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      for (const node of this.nodes.values()) {
        if (node.wakeAt <= this.now) node.step({ type: 'tick' });
      }
      this.deliver();
    }
    this.now = end;
  }

  /** The only leader that a quorum knows. */
  leader(): Node {
    const leaders = [...this.nodes.values()].filter(
      (node) => node.engine.status.role === 'leader' && !this.cutOff.has(node.id),
    );
    const [leader] = leaders;
    if (leader === undefined || leaders.length > 1)
      throw new Error(`${String(leaders.length)} leaders`);
    return leader;
  }

  /** Runs until somebody leads. */
  elect(): Node {
    this.run(3000);
    return this.leader();
  }
}
