/**
 * One node: an engine, its disk, its consumer, and a small driver that carries effects out the way
 * `@quorate/log` does, only on simulated time and with every freedom that the ports leave it.
 */
import { emptyMembership, encodeEntry } from '@quorate/core';
import type {
  Algorithm,
  Effects,
  Engine,
  Input,
  Load,
  LogIndex,
  Membership,
  MembershipChange,
  NodeId,
  Outcome,
  Random,
  ReadGuarantee,
  Send,
  Ship,
  StagedSnapshot,
  WriteId,
} from '@quorate/core';
import {
  Image,
  type Observer,
  type Request,
  Violation,
  type WatchedNode,
} from '@quorate/core/checks';
import type { Conditions } from './conditions.ts';
import { Consumer } from './consumer.ts';
import { SimDisk } from './disk.ts';
import type { Clock, Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';

/** What a node shares with its cluster. */
export interface World<Message> {
  readonly algorithm: Algorithm<Message>;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly conditions: Conditions;
  readonly observers: readonly Observer<Message>[];
  readonly trace: Trace | undefined;
  /** Numbers for requests, unique in the cluster. */
  ticket(): number;
  send(from: NodeId, to: NodeId, message: Message): Uint8Array;
  ship(from: SimNode<Message>, to: NodeId): void;
}

/** How often a node may be woken in one moment before it counts as spinning. */
const maxSpins = 1000;

/** One node of a simulated cluster; outlives its crashes. */
export class SimNode<Message> implements WatchedNode {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly disk: SimDisk;
  readonly #world: World<Message>;
  #bootstrap: Membership;
  #engine: Engine<Message> | undefined;
  #consumer: Consumer;
  #life = 0;
  #inbox: Input<Message>[] = [];
  #turnDue = false;
  #pausedUntil = 0;
  #durableId: WriteId = 0;
  #held: Send<Message>[] = [];
  #undelivered: (() => void)[] = [];
  #applying = false;
  #wakeAt = Number.POSITIVE_INFINITY;
  #armedFor = Number.POSITIVE_INFINITY;
  #spins = 0;
  readonly #waiters = new Map<number, (outcome: Outcome) => void>();

  constructor(id: NodeId, clock: Clock, bootstrap: Membership, world: World<Message>) {
    this.id = id;
    this.clock = clock;
    this.#world = world;
    this.#bootstrap = bootstrap;
    this.disk = new SimDisk(world.schedule, world.random.fork(), world.conditions);
    this.#consumer = new Consumer(world.algorithm.headerBytes);
  }

  /** Whether it is running. */
  get up(): boolean {
    return this.#engine !== undefined;
  }

  /** Changes with every start and every crash. */
  get life(): number {
    return this.#life;
  }

  get bootstrap(): Membership {
    return this.#bootstrap;
  }

  /** @throws Error if the node is down. */
  get engine(): Engine<Message> {
    if (this.#engine === undefined) throw new Error(`${this.id} is down`);
    return this.#engine;
  }

  get consumer(): Consumer {
    return this.#consumer;
  }

  get leads(): boolean {
    return this.#engine?.status.role === 'leader';
  }

  /** The node's own clock, now. */
  get now(): number {
    return this.clock.read(this.#world.schedule.now);
  }

  start(): void {
    if (this.#engine !== undefined) return;
    const { algorithm, random, observers } = this.#world;
    const life = ++this.#life;
    const recovered = this.disk.open((ids) => {
      if (life === this.#life) this.#durable(ids);
    });
    this.#consumer = new Consumer(algorithm.headerBytes);
    const { snapshot } = this.disk;
    if (snapshot !== undefined) this.#consumer.restore(snapshot.content);
    this.#world.trace?.add(this.#world.schedule.now, `${this.id} starts`, recovered);
    this.#engine = algorithm.create({
      node: this.id,
      recovered,
      bootstrap: this.#bootstrap,
      random: random.fork(),
      now: this.now,
    });
    for (const observer of observers) observer.started?.(this);
    this.#dueTurn();
  }

  /**
   * Loses power: memory is gone, and whatever the disk had not finished may be.
   *
   * @param keep how many of the writes under way made it. @default any number of them
   */
  crash(keep?: number): void {
    if (this.#engine === undefined) return;
    for (const observer of this.#world.observers) observer.crashed?.(this);
    this.#world.trace?.add(this.#world.schedule.now, `${this.id} crashes`, null);
    this.#engine = undefined;
    this.#life += 1;
    this.disk.crash(keep);
    this.#inbox = [];
    this.#turnDue = false;
    this.#durableId = 0;
    this.#held = [];
    this.#undelivered = [];
    this.#applying = false;
    this.#wakeAt = this.#armedFor = Number.POSITIVE_INFINITY;
    this.#waiters.clear();
  }

  /** Its disk is lost. Whoever starts under this name is a new node, which knows nobody. */
  wipe(): void {
    this.crash();
    this.disk.fill(new Image());
    this.#bootstrap = emptyMembership;
    this.#consumer = new Consumer(this.#world.algorithm.headerBytes);
  }

  /** Stops the process for a while; its disk and its clock go on. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#world.schedule.now + ms);
  }

  /** Ends a pause. */
  resume(): void {
    this.#pausedUntil = 0;
  }

  receive(from: NodeId, message: Message): void {
    this.#input({ type: 'receive', from, message });
  }

  /** Proposes an entry with these payloads. */
  propose(payloads: readonly Uint8Array[]): number {
    const ticket = this.#open({ type: 'propose' });
    const record = encodeEntry(
      { kind: 'commands', time: 1, incarnation: this.#life, ticket, payloads },
      this.#world.algorithm.headerBytes,
    );
    this.#input({ type: 'propose', ticket, record });
    return ticket;
  }

  read(guarantee: ReadGuarantee): number {
    const ticket = this.#open({ type: 'read', guarantee });
    this.#input({ type: 'read', ticket, guarantee });
    return ticket;
  }

  reconfigure(change: MembershipChange): number {
    const ticket = this.#open({ type: 'reconfigure' });
    this.#input({ type: 'reconfigure', ticket, change });
    return ticket;
  }

  transfer(to?: NodeId): number {
    const ticket = this.#open({ type: 'transfer' });
    this.#input({ type: 'transfer', ticket, ...(to === undefined ? {} : { to }) });
    return ticket;
  }

  /** Takes a snapshot of what is applied now; it is published once it is staged. */
  compact(): void {
    const { applied } = this.#consumer;
    if (this.#engine === undefined || applied === 0) return;
    const content = this.#consumer.snapshot();
    this.#later(this.#world.conditions.syncMs, () => {
      this.publish(applied, content);
    });
  }

  /** Hands a snapshot to the engine as one of the applied state at `index`, whatever is true. */
  publish(index: LogIndex, content: Uint8Array): number {
    const ticket = this.#open({ type: 'compact' });
    this.#input({ type: 'compact', ticket, snapshot: { id: this.disk.stage(content), index } });
    return ticket;
  }

  /** Takes a snapshot that came from a peer; `done` hears what became of it, unless a crash comes first. */
  install(
    snapshot: {
      readonly index: number;
      readonly context: Uint8Array;
      readonly content: Uint8Array;
    },
    done: (outcome: Outcome) => void,
  ): void {
    this.#later(this.#world.conditions.syncMs, () => {
      const ticket = this.#open({ type: 'install' });
      this.#waiters.set(ticket, done);
      const staged = { id: this.disk.stage(snapshot.content), index: snapshot.index };
      const context = snapshot.context.slice();
      this.#input({ type: 'install', ticket, snapshot: staged, context });
    });
  }

  /** Reports what became of a shipment. */
  shipped(to: NodeId, index: number | undefined): void {
    this.#input({ type: 'shipped', to, index });
  }

  /** Hands any input to the engine, with the next turn. */
  input(input: Input<Message>): void {
    this.#input(input);
  }

  #open(request: Request): number {
    const ticket = this.#world.ticket();
    for (const observer of this.#world.observers) observer.requested?.(this, ticket, request);
    return ticket;
  }

  #input(input: Input<Message>): void {
    if (this.#engine === undefined) return;
    this.#inbox.push(input);
    this.#dueTurn();
  }

  #dueTurn(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    this.#later(this.#world.conditions.turnMs, () => {
      this.#turn();
    });
  }

  #turn(): void {
    const { schedule, observers, trace } = this.#world;
    if (schedule.now < this.#pausedUntil) {
      const life = this.#life;
      schedule.at(this.#pausedUntil, () => {
        if (life === this.#life) this.#turn();
      });
      return;
    }
    this.#turnDue = false;
    const engine = this.engine;
    const now = this.now;
    const inputs = this.#inbox;
    this.#inbox = [];
    const memberships = [engine.status.membership];
    for (const input of inputs) {
      engine.step(input, now);
      const { membership } = engine.status;
      if (membership !== memberships.at(-1)) memberships.push(membership);
      for (const observer of observers) observer.stepped?.(this, input);
    }
    const effects = engine.take();
    trace?.add(schedule.now, `${this.id} takes`, { now, inputs, effects });
    for (const write of effects.writes) this.disk.write(write);
    for (const observer of observers) observer.took?.(this, { inputs, effects, memberships, now });
    this.#carryOut(effects);
    this.#wake(
      effects.wakeAt,
      inputs.some((input) => input.type === 'tick') && effects.wakeAt <= now,
    );
  }

  #carryOut(effects: Effects<Message>): void {
    for (const send of effects.sends) {
      if (send.after === undefined || send.after <= this.#durableId) this.#send(send);
      else this.#held.push(send);
    }
    const { restored } = effects;
    // The consumer restores first: `committed` goes on after the snapshot.
    if (restored !== undefined) {
      const content = this.#contentOf(restored);
      this.#deliver(() => {
        this.#consumer.restore(content);
      });
    }
    for (const record of effects.committed) {
      this.#deliver(() => {
        this.#consumer.apply(record);
      });
    }
    for (const load of effects.loads) this.#load(load);
    for (const ship of effects.ships) this.#ship(ship);
    for (const outcome of effects.outcomes) {
      for (const observer of this.#world.observers) observer.settled?.(this, outcome);
      const waiter = this.#waiters.get(outcome.ticket);
      this.#waiters.delete(outcome.ticket);
      waiter?.(outcome);
    }
  }

  #send({ to, message }: Send<Message>): void {
    for (const observer of this.#world.observers) observer.left?.(this, to, message);
    this.#world.send(this.id, to, message);
  }

  #durable(ids: readonly WriteId[]): void {
    const last = ids.at(-1);
    if (last === undefined) return;
    this.#durableId = last;
    const ready = this.#held.filter(({ after = 0 }) => after <= last);
    this.#held = this.#held.filter(({ after = 0 }) => after > last);
    for (const send of ready) this.#send(send);
    this.#complete(ids, last);
  }

  #complete(ids: readonly WriteId[], last: WriteId): void {
    const { completions, completionMs, duplicateCompletionRate } = this.#world.conditions;
    const { random } = this.#world;
    const report = (write: WriteId): void => {
      this.#later(completionMs, () => {
        this.#input({ type: 'stored', write });
      });
    };
    const reported = completions === 'last' ? [last] : [...ids];
    if (completions === 'shuffled') {
      reported.sort(() => random.next() - 0.5);
    }
    for (const id of reported) report(id);
    if (random.chance(duplicateCompletionRate)) report(random.pick(ids));
  }

  #deliver(work: () => void): void {
    this.#undelivered.push(work);
    this.#apply();
  }

  #apply(): void {
    if (this.#applying || this.#undelivered.length === 0) return;
    this.#applying = true;
    this.#later(this.#world.conditions.applyMs, () => {
      this.#applying = false;
      for (const work of this.#undelivered.splice(0)) work();
      this.#input({ type: 'applied', index: this.#consumer.applied });
    });
  }

  #contentOf({ id }: StagedSnapshot): Uint8Array {
    const current = this.disk.snapshot;
    // A driver can only open what is current now.
    if (current?.id !== id) throw new Violation(`${this.id} restores ${id}, which is not current`);
    return current.content;
  }

  #load({ id, from, to, maxBytes }: Load): void {
    this.#later(this.#world.conditions.loadMs, () => {
      this.#input({ type: 'loaded', load: id, records: this.disk.read(from, to, maxBytes) });
    });
  }

  #ship({ to }: Ship): void {
    this.#world.ship(this, to);
  }

  #wake(wakeAt: number, again: boolean): void {
    this.#spins = again ? this.#spins + 1 : 0;
    if (Number.isNaN(wakeAt) || this.#spins > maxSpins) {
      throw new Violation(`${this.id} asks to be woken at ${String(wakeAt)}, again and again`);
    }
    this.#wakeAt = wakeAt;
    // A timer that is armed for an earlier moment arms itself again when it goes off.
    if (wakeAt < this.#armedFor) this.#arm();
  }

  #arm(): void {
    const wakeAt = this.#wakeAt;
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    const { schedule, random, conditions } = this.#world;
    const [from, to] = conditions.lateTickMs;
    const life = this.#life;
    this.#armedFor = wakeAt;
    schedule.at(this.clock.when(wakeAt) + random.between(from, to), () => {
      if (life !== this.#life || this.#armedFor !== wakeAt) return;
      this.#armedFor = Number.POSITIVE_INFINITY;
      if (this.now >= this.#wakeAt) this.#input({ type: 'tick' });
      else this.#arm();
    });
  }

  /** Runs something in a while, unless this life ends first. */
  #later([from, to]: readonly [number, number], run: () => void): void {
    const life = this.#life;
    this.#world.schedule.after(this.#world.random.between(from, to), () => {
      if (life === this.#life) run();
    });
  }
}
