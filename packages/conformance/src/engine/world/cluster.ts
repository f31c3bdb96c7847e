/**
 * A whole cluster in memory, on virtual time, out of one seed: nodes, network, the invariants that
 * are checked after every step, and the handles with which a scenario bends the world.
 */
import {
  equalMemberships,
  isVoter,
  membershipOf,
  memberIds,
  seededRandom,
  utf8,
} from '@quorate/core';
import type { Algorithm, Membership, NodeId, Random } from '@quorate/core';
import {
  type EngineRules,
  type Image,
  type NewGroup,
  type Observer,
  raftRules,
  Recorder,
  Violation,
  type WatchedGroup,
} from '@quorate/core/checks';
import { calm, type Conditions } from './conditions.ts';
import { SimNetwork } from './network.ts';
import { SimNode } from './node.ts';
import { Requests } from './requests.ts';
import { Clock, Schedule } from './schedule.ts';
import { Shipping } from './shipping.ts';
import type { Trace } from './trace.ts';

/** What a cluster is made of. */
export interface ClusterOptions<Message> {
  readonly algorithm: Algorithm<Message>;
  /** @default 1 */
  readonly seed?: number;
  /** First members, all of them voters. @default n1, n2, n3 */
  readonly voters?: readonly NodeId[];
  /** Nodes that run and know nobody, to be added later. @default none */
  readonly joiners?: readonly NodeId[];
  /** What differs from a calm world. */
  readonly conditions?: Partial<Conditions>;
  /** What disks hold at the start. @default nothing */
  readonly disks?: Readonly<Record<NodeId, Image>>;
  /** Clocks run at 1 ± this. @default 0 */
  readonly clockDrift?: number;
  /** How fast single clocks run. @default drawn within `clockDrift` */
  readonly clockRates?: Readonly<Record<NodeId, number>>;
  /** The bound that the engine's options promise for the log it keeps in memory. @default Infinity */
  readonly maxTailBytes?: number;
  /** The same without what it was not told to be durable. @default Infinity */
  readonly maxDurableTailBytes?: number;
  /** What the algorithm promises where others promise something else. @default those of Raft */
  readonly rules?: EngineRules;
  /** How long `until` and what is built on it wait. @default 10 000 */
  readonly patienceMs?: number;
  /** Checks that only one algorithm can pass. */
  readonly checks?: (cluster: Cluster<Message>) => readonly Observer<Message>[];
  readonly trace?: Trace;
}

/** More events in one moment than any sane run has: something feeds itself. */
const maxEventsAtOnce = 100_000;

/** A simulated cluster. */
export class Cluster<Message> implements WatchedGroup<Message> {
  readonly algorithm: Algorithm<Message>;
  readonly schedule: Schedule = new Schedule();
  readonly random: Random;
  readonly conditions: Conditions;
  readonly bootstrap: Membership;
  readonly network: SimNetwork<Message>;
  readonly recorder: Recorder<Message>;
  readonly requests: Requests<Message>;
  readonly shipping: Shipping<Message>;
  readonly observers: Observer<Message>[];
  readonly nodes: readonly SimNode<Message>[];
  readonly #patienceMs: number;
  #tickets = 0;
  #moment = { time: 0, ran: 0 };

  constructor(options: ClusterOptions<Message>) {
    const {
      algorithm,
      seed = 1,
      voters = ['n1', 'n2', 'n3'],
      joiners = [],
      clockDrift = 0,
    } = options;
    this.algorithm = algorithm;
    this.#patienceMs = options.patienceMs ?? 10_000;
    this.random = seededRandom(seed);
    this.conditions = { ...calm(), ...options.conditions };
    this.bootstrap = membershipOf(voters.map((id) => ({ id })));
    const { schedule, conditions, random } = this;
    const receive = (from: NodeId, to: NodeId, message: Message): void => {
      this.find(to)?.receive(from, message);
    };
    this.network = new SimNetwork(algorithm, schedule, random.fork(), conditions, receive);
    this.shipping = new Shipping({
      schedule,
      conditions,
      random: random.fork(),
      find: (id) => this.find(id),
      isCut: (from, to) => this.network.isCut(from, to),
    });
    this.requests = new Requests(
      algorithm.headerBytes,
      () => schedule.now,
      () => this.recorder.commitIndex,
    );
    this.recorder = new Recorder({
      headerBytes: algorithm.headerBytes,
      rules: options.rules ?? raftRules,
      nodes: () => this.nodes,
      maxTailBytes: options.maxTailBytes ?? Number.POSITIVE_INFINITY,
      maxDurableTailBytes: options.maxDurableTailBytes ?? Number.POSITIVE_INFINITY,
      bootstrap: this.bootstrap,
      onDecided: (index, record) => {
        this.requests.decided(index, record);
      },
    });
    this.observers = [this.recorder, this.requests];
    const world = {
      algorithm,
      schedule,
      conditions,
      random: random.fork(),
      observers: this.observers,
      trace: options.trace,
      ticket: () => ++this.#tickets,
      send: (from: NodeId, to: NodeId, message: Message) => this.network.send(from, to, message),
      ship: (from: SimNode<Message>, to: NodeId) => {
        this.shipping.ship(from, to);
      },
    };
    this.nodes = [...voters, ...joiners].map((id, at) => {
      const drawn = 1 + clockDrift * random.between(-1, 1);
      const rate = options.clockRates?.[id] ?? drawn;
      const clock = new Clock(rate, random.between(0, 100_000));
      const bootstrap =
        at < voters.length ? this.bootstrap : { voters: [], outgoing: [], learners: [] };
      return new SimNode(id, clock, bootstrap, world);
    });
    this.observers.push(...(options.checks?.(this) ?? []));
    for (const node of this.nodes) {
      const image = options.disks?.[node.id];
      if (image !== undefined) node.disk.fill(image);
      node.start();
    }
  }

  find(id: NodeId): SimNode<Message> | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  node(id: NodeId): SimNode<Message> {
    const node = this.find(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  /** Nodes that run. */
  get live(): readonly SimNode<Message>[] {
    return this.nodes.filter((node) => node.up);
  }

  /** The leader of the highest epoch that has one. */
  get leader(): SimNode<Message> | undefined {
    let leader: SimNode<Message> | undefined;
    for (const node of this.nodes) {
      if (!node.leads) continue;
      if (leader === undefined || node.engine.status.epoch > leader.engine.status.epoch)
        leader = node;
    }
    return leader;
  }

  /** Lets so much virtual time pass. */
  run(ms: number): void {
    const until = this.schedule.now + ms;
    while (this.schedule.step(until)) this.#guard();
  }

  /**
   * Runs until the condition holds.
   *
   * @param withinMs @default `patienceMs`
   * @throws Violation if it does not in that time.
   */
  until(condition: () => boolean, what: string, withinMs: number = this.#patienceMs): void {
    const until = this.schedule.now + withinMs;
    while (!condition()) {
      if (!this.schedule.step(until)) {
        throw new Violation(`not within ${String(withinMs)} ms: ${what}; ${this.describe()}`);
      }
      this.#guard();
    }
  }

  /** Runs until there is a leader that others can follow, and returns it. */
  elect(withinMs?: number): SimNode<Message> {
    this.until(() => this.leader !== undefined, 'a leader', withinMs);
    return this.#leader();
  }

  /** Proposes on the leader, runs until that is decided, and returns its index. */
  commit(payload: string | Uint8Array = 'x', withinMs?: number): number {
    const bytes = typeof payload === 'string' ? utf8(payload) : payload;
    const ticket = this.elect(withinMs).propose([bytes]);
    this.until(
      () => this.requests.placeOf(ticket) !== undefined,
      `proposal ${String(ticket)} decided`,
      withinMs,
    );
    return this.requests.placeOf(ticket) ?? 0;
  }

  /**
   * Gets an entry decided as a client does: asks whoever leads, again and again, whenever an attempt
   * came to nothing. Returns its index; more than one attempt may be decided in the end.
   */
  decide(payload: string | Uint8Array = 'x', withinMs?: number): number {
    const bytes = typeof payload === 'string' ? utf8(payload) : payload;
    let ticket: number | undefined;
    let askedAt = Number.NEGATIVE_INFINITY;
    const isDecided = (): boolean => {
      if (ticket !== undefined && this.requests.placeOf(ticket) !== undefined) return true;
      const { now } = this.schedule;
      const isOver = ticket === undefined || this.#isLost(ticket);
      // Accepted by a leader that was deposed, it may just never be heard of again.
      if (now < askedAt + this.#patienceMs / (isOver ? 500 : 5)) return false;
      ticket = this.leader?.propose([bytes]);
      askedAt = now;
      // So that the next look comes, whatever else happens.
      this.schedule.after(this.#patienceMs / 500, () => undefined);
      return false;
    };
    this.until(isDecided, 'a decision', withinMs);
    return this.requests.placeOf(ticket ?? 0) ?? 0;
  }

  /** Proposes so many entries on the leader and waits for the last one. */
  commitMany(count: number, payload: Uint8Array = utf8('x')): number {
    const leader = this.elect();
    for (let nth = 1; nth < count; nth++) leader.propose([payload]);
    return this.commit(payload);
  }

  /** Runs until everybody in the group has applied the same, all of it, and agrees who leads it. */
  converge(withinMs?: number): void {
    this.until(() => this.converged, 'all members equal', withinMs);
  }

  /** Whether every member has everything and has applied it, with no change under way. */
  get converged(): boolean {
    const { leader } = this;
    if (leader === undefined) return false;
    const { lastIndex, epoch, membership } = leader.engine.status;
    // A leader that was removed is about to go.
    if (membership.outgoing.length > 0 || !isVoter(membership, leader.id)) return false;
    return memberIds(membership).every((id) => {
      const node = this.find(id);
      return (
        node?.up === true &&
        node.consumer.applied === lastIndex &&
        node.engine.status.epoch === epoch &&
        node.engine.status.leader === leader.id &&
        equalMemberships(node.engine.status.membership, membership)
      );
    });
  }

  /** Cuts a node off from everybody, in both directions. */
  isolate(id: NodeId): void {
    this.partition([id]);
  }

  /** Cuts all links between these nodes and the others. */
  partition(side: readonly NodeId[]): void {
    for (const { id } of this.nodes) {
      if (side.includes(id)) continue;
      for (const other of side) {
        this.network.cut(other, id);
        this.network.cut(id, other);
      }
    }
  }

  /** Mends all links. */
  heal(): void {
    this.network.mendAll();
  }

  /** All nodes have ended, and what there is now is the beginning of another group. */
  regroup(group: NewGroup): void {
    this.network.regroup();
    this.shipping.regroup();
    for (const observer of this.observers) observer.regrouped?.(group);
  }

  /** Members other than the leader, in the order of their names. */
  followers(): readonly SimNode<Message>[] {
    const leader = this.#leader();
    return this.nodes.filter((node) => node !== leader);
  }

  /** One line about every node, for messages. */
  describe(): string {
    return this.nodes
      .map((node) => {
        if (!node.up) return `${node.id} down`;
        const { status } = node.engine;
        const { voters, outgoing, learners } = status.membership;
        const names = (list: readonly { readonly id: NodeId }[]): string =>
          list.map(({ id }) => id).join();
        const peers = status.peers.map(
          ({ id, matchIndex, state }) => `${id}:${state}@${String(matchIndex)}`,
        );
        return (
          `${node.id} ${status.role}@${String(status.epoch)} of ${String(status.leader)}` +
          ` log ${String(status.firstIndex)}..${String(status.lastIndex)}` +
          ` commit ${String(status.commitIndex)} applied ${String(node.consumer.applied)}` +
          ` voters ${names(voters)}/${names(outgoing)}/${names(learners)} ${peers.join(' ')}`
        );
      })
      .join('; ');
  }

  /** Whether a proposal will not be decided any more, as far as can be seen. */
  #isLost(ticket: number): boolean {
    const ending = this.requests.ending(ticket);
    if (ending === undefined) return false;
    if (ending.type !== 'accepted') return true;
    return this.recorder.decided(ending.index) !== undefined;
  }

  #leader(): SimNode<Message> {
    const { leader } = this;
    if (leader === undefined) throw new Error('no leader');
    return leader;
  }

  #guard(): void {
    const { now, ran } = this.schedule;
    if (now > this.#moment.time) this.#moment = { time: now, ran };
    if (ran - this.#moment.ran > maxEventsAtOnce) {
      throw new Violation(`time stands still; ${this.describe()}`);
    }
  }
}
