/**
 * Three engines in one process, and nothing else: what they want written is durable at once, what they
 * send arrives at once. It goes turn by turn, as in the driver (`@quorate/log`): all inputs are stepped
 * in, then one `take`, whose effects are inputs of the next turns. Messages are handed over as they
 * are; codecs, frames, storage and the machine cost nothing here.
 */
import {
  type Algorithm,
  type Engine,
  type Input,
  membershipOf,
  type NodeId,
  seededRandom,
} from '@quorate/core';

const members = [{ id: 'n1' }, { id: 'n2' }, { id: 'n3' }];

/** Turns in which one piece of work must come to an end. */
const maxTurns = 1_000_000;
/** Alarms within which somebody must lead. */
const maxAlarms = 1000;

interface Node<Message> {
  readonly id: NodeId;
  readonly engine: Engine<Message>;
  inbox: Input<Message>[];
  wakeAt: number;
}

/** Three engines. */
export class EngineGroup<Message> {
  readonly #nodes: readonly Node<Message>[];
  readonly #byId: ReadonlyMap<NodeId, Node<Message>>;
  #leader: Node<Message> | undefined;
  #now = 0;
  #ticket = 0;
  #accepted = 0;

  /** Turns of the leader that wrote something: a driver writes once a turn. */
  writes = 0;
  /** Turns of the leader, once for each peer that it had something for: a driver sends one frame then. */
  frames = 0;

  constructor(algorithm: Algorithm<Message>) {
    this.#nodes = members.map(({ id }, at) => ({
      id,
      engine: algorithm.create({
        node: id,
        recovered: {
          state: undefined,
          records: undefined,
          snapshot: undefined,
          lastRecord: undefined,
        },
        bootstrap: membershipOf(members),
        random: seededRandom(at + 1),
        now: 0,
      }),
      inbox: [],
      wakeAt: 0,
    }));
    this.#byId = new Map(this.#nodes.map((node) => [node.id, node]));
  }

  /** Leaps from one alarm to the next until somebody leads. */
  elect(): void {
    for (let alarm = 0; alarm < maxAlarms; alarm++) {
      const next = Math.min(...this.#nodes.map(({ wakeAt }) => wakeAt));
      this.#now = Math.max(this.#now, next);
      this.#settle();
      const leader = this.#nodes.find(({ engine }) => engine.status.role === 'leader');
      if (leader !== undefined && isIdle(leader.engine)) {
        this.#leader = leader;
        return;
      }
    }
    throw new Error('the engines elect nobody');
  }

  /**
   * Hands records to the leader in one turn, and works until all are decided and nobody has anything
   * left to do.
   *
   * @param passedMs what the engines' clock goes forward before that; less than an election timeout.
   */
  decide(records: readonly Uint8Array[], passedMs: number): void {
    this.#now += passedMs;
    const leader = this.#leader;
    if (leader === undefined) throw new Error('nobody was elected');
    for (const record of records) {
      leader.inbox.push({ type: 'propose', ticket: ++this.#ticket, record });
    }
    this.#settle();
    if (this.#accepted !== this.#ticket || !isIdle(leader.engine)) {
      throw new Error('what was proposed was not decided');
    }
  }

  /** Takes turns until there is nothing to do at this time. */
  #settle(): void {
    const now = this.#now;
    for (let turns = 0, busy = true; busy; ) {
      busy = false;
      for (const node of this.#nodes) {
        if (node.inbox.length === 0 && now < node.wakeAt) continue;
        busy = true;
        this.#turn(node, now);
        if (++turns > maxTurns) throw new Error('the engines do not come to rest');
      }
    }
  }

  #turn(node: Node<Message>, now: number): void {
    const { engine, inbox } = node;
    node.inbox = [];
    if (now >= node.wakeAt) engine.step({ type: 'tick' }, now);
    for (const input of inbox) engine.step(input, now);
    const effects = engine.take();
    node.wakeAt = effects.wakeAt;
    const last = effects.writes.at(-1);
    // One batch a turn, and its last completion stands for all of it.
    if (last !== undefined) node.inbox.push({ type: 'stored', write: last.id });
    const reached = new Set<NodeId>();
    for (const { to, message } of effects.sends) {
      reached.add(to);
      this.#byId.get(to)?.inbox.push({ type: 'receive', from: node.id, message });
    }
    const applied = effects.committed.at(-1);
    if (applied !== undefined) engine.step({ type: 'applied', index: applied.index }, now);
    if (effects.loads.length > 0 || effects.ships.length > 0 || effects.restored !== undefined) {
      throw new Error('an engine asks for what only a storage has');
    }
    for (const { type } of effects.outcomes) {
      if (type !== 'accepted') throw new Error(`a proposal was ${type}`);
      this.#accepted += 1;
    }
    if (node === this.#leader) {
      this.writes += last === undefined ? 0 : 1;
      this.frames += reached.size;
    }
  }
}

function isIdle<Message>({ status }: Engine<Message>): boolean {
  return status.commitIndex === status.lastIndex;
}
