/**
 * The driver: wires an engine, a storage and a transport together, and carries the engine's effects
 * out: one write, one frame a peer, one delivery a turn. Nothing waits inside the engine, nothing
 * decides outside it.
 */
import {
  type Algorithm,
  allMembers,
  type Caller,
  type Counters,
  type Effects,
  emptyMembership,
  type Engine,
  FrameWriter,
  type Input,
  isMember,
  type Load,
  type LogConsumer,
  type Logger,
  type LogIndex,
  type Member,
  type Membership,
  membershipOf,
  type NodeId,
  type Recovered,
  type Runtime,
  seededRandom,
  type Send,
  type Storage,
  type Ticket,
  type Timer,
  type Transport,
  unreachable,
} from '@quorate/core';
import { AppliedWatch } from './applied-watch.ts';
import { Delivery } from './delivery.ts';
import { PeerRuns } from './duplicates.ts';
import { ForeignRequests } from './foreign.ts';
import type { PeerMessage, RequestBody, RequestOutcome } from './frames.ts';
import { GroupCommit } from './group-commit.ts';
import { Inbox } from './inbox.ts';
import type { LogLimits } from './options.ts';
import { Outbox } from './outbox.ts';
import { Peers } from './peers.ts';
import { Requests } from './requests.ts';
import { Snapshots } from './snapshots.ts';
import { Turns } from './turns.ts';

/** What a driver is made of. */
export interface DriverParts<Message, C extends Caller> {
  readonly node: NodeId;
  readonly members: readonly Member[];
  readonly group: number;
  readonly algorithm: Algorithm<Message>;
  readonly storage: Storage;
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly limits: LogLimits;
  readonly recovered: Recovered;
  readonly incarnation: number;
  readonly consumer: LogConsumer<C>;
  readonly events: DriverEvents;
}

/** What a driver tells the log that owns it. */
export interface DriverEvents {
  leader(leader: NodeId | undefined, epoch: number): void;
  membership(membership: Membership): void;
  snapshot(index: LogIndex, bytes: number): void;
  restored(index: LogIndex): void;
  /** The driver cannot go on; it has stopped to do anything. */
  failed(error: unknown): void;
}

/** Runs one engine. */
export class Driver<Message, C extends Caller> {
  readonly #parts: DriverParts<Message, C>;
  readonly engine: Engine<Message>;
  readonly requests: Requests<C>;
  readonly watch: AppliedWatch;
  readonly snapshots: Snapshots;
  readonly #turns: Turns<Message>;
  readonly #inbox: Inbox<Message>;
  readonly #outbox: Outbox<Message>;
  readonly #commit: GroupCommit<Message>;
  readonly #delivery: Delivery<C>;
  readonly #runs: PeerRuns;
  readonly #foreign: ForeignRequests;
  readonly #peers: Peers;
  #ticket: Ticket = 0;
  #sweepTimer: Timer | undefined;
  #noticeTimer: Timer | undefined;
  #leader: NodeId | undefined;
  #epoch = -1;
  #membership: Membership = emptyMembership;
  #appliedTold: LogIndex = 0;
  #settledEpoch = 0;

  constructor(parts: DriverParts<Message, C>) {
    this.#parts = parts;
    const { algorithm, consumer, incarnation, limits, node, runtime, storage, transport } = parts;
    const { codec, headerBytes } = algorithm;
    this.engine = algorithm.create({
      node,
      recovered: parts.recovered,
      bootstrap: parts.members.length === 0 ? emptyMembership : membershipOf(parts.members),
      random: seededRandom(Math.floor(runtime.random() * 2 ** 52)),
      now: runtime.now(),
    });
    const nextTicket = (): Ticket => ++this.#ticket;
    const now = (): number => runtime.now();
    const wallTime = (): number => runtime.wallTime();
    const applied = (): LogIndex => this.#delivery.applied;
    const setTimer = (ms: number, run: () => void): Timer => this.#turns.setTimer(ms, run);
    const failed = (error: unknown): void => {
      this.#turns.fail(error);
    };
    // Within a turn, or while a frame is taken apart: its effects are not forgotten.
    const step = (ticket: Ticket, body: RequestBody): void => {
      this.#turns.step(inputOf(ticket, body));
    };
    const send = (to: NodeId, message: PeerMessage): void => {
      this.#outbox.peer(to, message);
      this.#turns.schedule();
    };

    this.#turns = new Turns<Message>(this.engine, runtime, {
      gather: () => {
        this.requests.flush();
      },
      carryOut: (effects) => {
        this.#carryOut(effects);
      },
      failed: (error) => {
        parts.events.failed(error);
      },
    });
    this.#inbox = new Inbox<Message>(
      {
        heard: (from, run) => {
          this.#runs.heard(from, run);
        },
        engine: (from, message) => {
          this.#turns.step({ type: 'receive', from, message });
        },
        peer: (from, run, message) => {
          this.#message(from, run, message);
        },
        failed,
      },
      codec,
      parts.group,
      parts.logger,
    );
    this.#outbox = new Outbox(transport, codec, new FrameWriter(), parts.group, incarnation);
    this.#peers = new Peers(node, transport, limits.lingerMs, setTimer);
    this.#runs = new PeerRuns((id) => isMember(this.engine.status.membership, id));
    this.requests = new Requests<C>(
      {
        readsAnywhere: algorithm.readsAnywhere === true,
        leader: () => this.#route(),
        epoch: () => this.engine.status.epoch,
        here: step,
        there: (to, ticket, body) => {
          const target = this.#runs.latestOf(to) ?? 0;
          const { epoch } = this.engine.status;
          this.#outbox.peer(to, { type: 'request', ticket, target, epoch, body });
        },
        now,
        wallTime,
        nextTicket,
        schedule: () => {
          this.#armSweep();
          this.#turns.schedule();
        },
      },
      limits,
      headerBytes,
      incarnation,
    );
    this.#foreign = new ForeignRequests(
      {
        epoch: () => {
          const { epoch, role } = this.engine.status;
          return role === 'leader' ? epoch : undefined;
        },
        step,
        answer: (to, target, outcome) => {
          send(to, { type: 'outcome', target, outcome });
        },
        nextTicket,
        wallTime,
      },
      this.#runs,
      incarnation,
      headerBytes,
      limits,
    );
    this.#delivery = new Delivery(
      consumer,
      this.requests,
      storage.snapshots,
      headerBytes,
      limits.snapshotChunkBytes,
      {
        applied: (index, bytes) => {
          this.#applied(index, bytes);
        },
        restored: (index) => {
          parts.events.restored(index);
        },
        failed,
      },
    );
    this.#commit = new GroupCommit<Message>(storage, {
      stored: (write) => {
        this.#turns.input({ type: 'stored', write });
      },
      release: (to, message) => {
        this.#outbox.engine(to, message);
      },
      failed,
    });
    this.watch = new AppliedWatch({
      node,
      send,
      membership: () => this.engine.status.membership,
      applied,
      armRetry: () => {
        this.#armSweep();
      },
    });
    this.snapshots = new Snapshots(
      {
        now,
        setTimer,
        nextTurn: (run) => {
          runtime.nextTurn(run);
        },
        send,
        nextTicket,
        input: (input) => {
          this.#turns.input(input);
        },
        decided: () => this.engine.status.commitIndex,
        applied,
        firstIndex: () => this.engine.status.firstIndex,
        isMember: (peer) => isMember(this.engine.status.membership, peer),
        taken: (index, bytes) => {
          parts.events.snapshot(index, bytes);
        },
        warn: (message, fields) => {
          parts.logger.warn(message, { node, ...fields });
        },
        failed,
      },
      consumer,
      storage.snapshots,
      limits,
    );
  }

  /** The last index that the consumer has applied. */
  get applied(): LogIndex {
    return this.#delivery.applied;
  }

  /** Plain numbers for metrics. */
  get counters(): Counters {
    return {
      turns: this.#turns.count,
      storage_batches: this.#commit.batches,
      storage_writes: this.#commit.writes,
      frames_sent: this.#outbox.framesSent,
      frame_bytes_sent: this.#outbox.bytesSent,
      frames_received: this.#inbox.framesReceived,
      frames_refused: this.#inbox.framesRefused,
      requests_pending: this.requests.size,
      request_bytes_pending: this.requests.pendingBytes,
      ...this.snapshots.counters,
      tail_bytes: this.engine.status.tailBytes,
    };
  }

  /** Restores the consumer from the snapshot, where there is one; before the first turn. */
  async restore(): Promise<void> {
    const { snapshot } = this.#parts.recovered;
    if (snapshot !== undefined) await this.#delivery.begin(snapshot.id);
  }

  /** Asks for the first turn. */
  begin(): void {
    this.#turns.schedule();
  }

  /** Takes a frame from a peer. Never throws. */
  receive(from: NodeId, frame: Uint8Array): void {
    if (this.#turns.stopped) return;
    this.#inbox.receive(from, frame);
    this.#turns.schedule();
  }

  /** Takes a frame in parts that others read as well. Never throws. */
  receiveParts(from: NodeId, parts: readonly Uint8Array[]): void {
    if (this.#turns.stopped) return;
    this.#inbox.receiveParts(from, parts);
    this.#turns.schedule();
  }

  /** Stops; resolves when nothing uses the storage any more. */
  async stop(): Promise<void> {
    this.#turns.stop();
    this.#sweepTimer?.cancel();
    this.#sweepTimer = undefined;
    this.#noticeTimer?.cancel();
    this.#noticeTimer = undefined;
    this.#peers.close();
    await Promise.all([this.snapshots.close(this.#commit.stop()), this.#delivery.close()]);
  }

  #message(from: NodeId, run: number, message: PeerMessage): void {
    switch (message.type) {
      case 'request':
        this.#foreign.receive(from, run, message);
        return;
      case 'outcome':
        if (message.target === this.#parts.incarnation) this.#settle(message.outcome, from);
        return;
      case 'watch':
        this.watch.watch(from, message.index);
        return;
      case 'applied':
        this.watch.report(from, message.index);
        return;
      case 'offer':
      case 'chunk':
        this.snapshots.fromSender(from, run, message);
        return;
      case 'accept':
      case 'ack':
        if (message.target === this.#parts.incarnation) this.snapshots.fromReceiver(from, message);
        return;
      default:
        unreachable(message);
    }
  }

  #carryOut(effects: Effects<Message>): void {
    // The disk starts first, and works while the frames go out and the consumer applies.
    this.#commit.add(effects.writes);
    for (const send of effects.sends) {
      if (send.mayWait === true) this.#sendInPassing(send);
      else this.#commit.send(send);
    }
    for (const outcome of effects.outcomes) this.#outcome(outcome);
    for (const { ticket, index } of effects.reads) this.#outcome({ type: 'ready', ticket, index });
    this.#outbox.flush();
    if (effects.restored !== undefined) {
      this.#delivery.jump(effects.restored.id, effects.restored.index);
    }
    this.#delivery.committed(effects.committed);
    // From here on somebody who was told something may have closed the log.
    if (this.#turns.stopped) return;
    for (const load of effects.loads) this.#load(load);
    for (const { to } of effects.ships) this.snapshots.ship(to);
    this.#look();
    this.#outbox.flush();
  }

  /** Keeps a message for a frame that goes there anyway, unless somebody there waits for what it says. */
  #sendInPassing({ to, message }: Send<Message>): void {
    if (this.#foreign.awaits(to, this.engine.status.commitIndex)) {
      this.#outbox.engine(to, message);
      return;
    }
    const now = this.#parts.runtime.now();
    this.#outbox.inPassing(to, message, now);
    if (this.#noticeTimer === undefined) this.#armNotice(now, now);
  }

  #armNotice(since: number, now: number): void {
    const { noticeMs } = this.#parts.limits;
    this.#noticeTimer = this.#turns.setTimer(Math.max(since + noticeMs - now, 0), () => {
      this.#noticeTimer = undefined;
      const then = this.#parts.runtime.now();
      const rest = this.#outbox.flushKept(since);
      if (rest !== undefined) this.#armNotice(rest, then);
    });
  }

  #outcome(outcome: RequestOutcome): void {
    if (this.snapshots.outcome(outcome) || this.#foreign.outcome(outcome)) return;
    this.#settle(outcome, undefined);
  }

  #settle(outcome: RequestOutcome, from: NodeId | undefined): void {
    this.requests.outcome(outcome, from, this.#delivery.applied, this.#delivery.jumpedTo);
  }

  /** Notices what changed in the engine: who belongs to the group, who leads, what is over. */
  #look(): void {
    const { events } = this.#parts;
    const { commitIndex, epoch, leader, membership, settledEpoch } = this.engine.status;
    if (settledEpoch > this.#settledEpoch && this.#delivery.applied >= commitIndex) {
      this.#settledEpoch = settledEpoch;
      this.requests.settled(settledEpoch);
    }
    if (membership !== this.#membership) {
      this.#membership = membership;
      this.#peers.set(allMembers(membership));
      this.watch.follow(membership);
      this.snapshots.membershipChanged();
      events.membership(membership);
    }
    if (leader !== this.#leader || epoch !== this.#epoch) {
      this.#leader = leader;
      this.#epoch = epoch;
      events.leader(leader, epoch);
    }
  }

  #applied(index: LogIndex, bytes: number): void {
    if (index <= this.#appliedTold) return;
    this.#appliedTold = index;
    this.#turns.step({ type: 'applied', index });
    // Its effects can wait for the next turn, unless more is decided than was delivered.
    if (this.engine.status.commitIndex > index) this.#turns.schedule();
    this.watch.tell();
    this.watch.check();
    this.snapshots.taker.applied(bytes);
  }

  #load(load: Load): void {
    this.#parts.storage.read(load.from, load.to, load.maxBytes).then(
      (records) => {
        this.#turns.input({ type: 'loaded', load: load.id, records });
      },
      (error: unknown) => {
        this.#turns.fail(error);
      },
    );
  }

  #route(): 'here' | { readonly to: NodeId } | undefined {
    const { leader, role } = this.engine.status;
    if (role === 'leader') return 'here';
    if (leader === undefined || leader === this.#parts.node) return undefined;
    // Without a frame from it in this life, its run is not known, and it would refuse the request.
    return this.#runs.latestOf(leader) === undefined ? undefined : { to: leader };
  }

  #armSweep(): void {
    if (this.#sweepTimer !== undefined || this.#turns.stopped) return;
    this.#sweepTimer = this.#turns.setTimer(this.#parts.limits.retryMs, () => {
      this.#sweepTimer = undefined;
      this.requests.sweep();
      this.watch.retry();
      this.#turns.schedule();
      if (this.requests.size > 0 || this.watch.waiting) this.#armSweep();
    });
  }
}

function inputOf<M>(ticket: Ticket, body: RequestBody): Input<M> {
  switch (body.kind) {
    case 'append':
      return { type: 'propose', ticket, record: body.record };
    case 'read':
      return { type: 'read', ticket, guarantee: body.guarantee };
    case 'change':
      return { type: 'reconfigure', ticket, change: body.change };
    case 'transfer':
      return {
        type: 'transfer',
        ticket,
        ...(body.to === undefined ? {} : { to: body.to }),
      };
  }
}
