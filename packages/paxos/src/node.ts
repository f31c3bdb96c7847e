/**
 * The state of one node, which plays all roles, and the few transitions that all of them share.
 *
 * The rules are functions in the other files, each over this object: they run one at a time and to the
 * end, so none ever sees a ballot change under it.
 */
import {
  type EngineSetup,
  InvalidArgumentError,
  invariant,
  isVoter,
  type LogIndex,
  maxU48,
  type NodeId,
} from '@quorate/core';
import {
  Delivery,
  type DeliverySource,
  HandOver,
  type HandOverNode,
  Loads,
  Outbox,
  type PagedLog,
  type PageReader,
  Publications,
  RecordTail,
} from '@quorate/core/engines';
import { Acceptance } from './acceptor.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import { Configurations } from './configurations.ts';
import type { SurveyUnderWay } from './election.ts';
import { invariants } from './invariants.ts';
import { Journal } from './journal.ts';
import { Learning } from './learner.ts';
import type { Leadership } from './leadership.ts';
import type { PaxosMessage } from './messages.ts';
import type { PaxosSettings } from './options.ts';
import type { Phase1 } from './phase1.ts';
import { quorumRefusal } from './quorums.ts';
import { Inquiries } from './quorum-reads.ts';
import { recover } from './recover.ts';
import { Shipments } from './shipments.ts';
import { type Slot, Slots } from './slots.ts';
import { ReadBack } from './start.ts';

/** One node. */
export class PaxosNode implements PagedLog, DeliverySource, HandOverNode {
  readonly id: NodeId;
  readonly settings: PaxosSettings;
  readonly outbox: Outbox<PaxosMessage> = new Outbox<PaxosMessage>();
  readonly journal: Journal;
  readonly publications: Publications = new Publications();
  readonly handOver: HandOver;
  readonly configurations: Configurations;
  readonly slots: Slots;
  /** What is chosen, as far as memory reaches back. */
  readonly tail: RecordTail;
  readonly delivery: Delivery;
  readonly loads: Loads;
  readonly acceptance: Acceptance;
  readonly learning: Learning = new Learning();
  readonly shipments: Shipments = new Shipments();
  readonly inquiries: Inquiries;
  /** Until it is done the node takes no part: it does not know all of its own votes yet. */
  readonly readBack: ReadBack;
  now: number;

  role: 'follower' | 'candidate' | 'leader' = 'follower';
  leader: NodeId | undefined;
  /** Before phase 1; only while `role` is `candidate`. */
  survey: SurveyUnderWay | undefined;
  /** Phase 1 under way; only while `role` is `candidate`. */
  preparation: Phase1 | undefined;
  /** Phase 1 done; only while `role` is `leader`. */
  leadership: Leadership | undefined;

  /** Every slot up to here is chosen, and its value is here. */
  chosen: LogIndex;
  /** Bytes ever chosen; only differences mean something. */
  chosenBytes = 0;
  /** Everything up to `chosen` was chosen in ballots up to this one. */
  knownIn: Ballot;
  /** See `EngineStatus.settledEpoch`. */
  settledRound: number;
  /** The slot that settles it, or a later one. */
  settledAt: LogIndex;
  /** The slot before the first that is kept. */
  base: LogIndex;
  /** Index of the current snapshot; 0 without one. */
  snapshot: LogIndex;
  /** How far the last compaction wanted to trim the log; a slow member may have kept it from that. */
  trimTo: LogIndex = 0;
  /** Rises whenever something that was in the log leaves it. */
  generation = 0;

  /** When a leader was heard last, and which. */
  heardAt: number | undefined;
  heardFrom: NodeId | undefined;
  /** Rounds that others are known to have used; the next one of this node is higher. */
  roundsSeen = 0;
  /** Ballots begun since a leader was heard last. */
  attempts = 0;
  /** Before this no prepare is answered: the node may have promised so before it restarted. */
  readonly quietUntil: number;

  /** What a quorum answered during the last leadership was sent at this time. */
  #ledUntil: number | undefined;
  #timerAt: number;
  #timeoutMs = 0;
  readonly #drawTimeout: () => number;

  #promised: Ballot;

  constructor(setup: EngineSetup, settings: PaxosSettings) {
    const beginning = recover(setup, settings);
    this.id = setup.node;
    this.settings = settings;
    this.now = setup.now;
    this.#promised = beginning.promised;
    this.chosen = beginning.chosen;
    this.knownIn = beginning.knownIn;
    this.settledRound = beginning.settledRound;
    this.settledAt = beginning.chosen;
    this.base = beginning.base;
    this.snapshot = beginning.snapshot;
    this.configurations = new Configurations(settings.window, beginning.memberships);
    const { voters } = this.configurations.current;
    const refusal =
      voters.length === 0
        ? undefined
        : quorumRefusal(
            settings.quorums,
            voters.map(({ id }) => id),
          );
    if (refusal !== undefined) throw new InvalidArgumentError(refusal);
    this.slots = new Slots(beginning.chosen);
    this.tail = new RecordTail(beginning.chosen + 1);
    this.delivery = new Delivery(beginning.snapshot);
    this.acceptance = new Acceptance(beginning.chosen);
    this.readBack = new ReadBack(beginning.chosen, beginning.last);
    this.inquiries = new Inquiries(setup.random.below(2 ** 32));
    this.journal = new Journal(beginning.chosen, beginning.isNew);
    const { electionTimeoutMs } = settings;
    this.handOver = new HandOver(electionTimeoutMs);
    this.quietUntil = beginning.isNew ? Number.NEGATIVE_INFINITY : setup.now + electionTimeoutMs;
    this.#drawTimeout = () => setup.random.between(electionTimeoutMs, 2 * electionTimeoutMs);
    this.#timerAt = setup.now;
    this.loads = new Loads(this);
    this.restartTimer();
  }

  /** The highest ballot that was promised. */
  get promised(): Ballot {
    return this.#promised;
  }

  /** What the hand-over calls it. */
  get epoch(): number {
    return this.#promised.round;
  }

  /** Whether this node's vote counts in any slot that is still to be decided. */
  get isVoter(): boolean {
    return this.configurations.behind(this.chosen).some((voters) => voters.includes(this.id));
  }

  /**
   * Whether this node may want to lead: as a voter, or while its successors may not know yet that they
   * are. Whoever leads need not be an acceptor.
   */
  get mayCampaign(): boolean {
    return this.isVoter || isVoter(this.configurations.current, this.id);
  }

  /** What the delivery calls it. */
  get commitIndex(): LogIndex {
    return this.chosen;
  }

  get maxUnappliedBytes(): number {
    return this.settings.maxUnappliedBytes;
  }

  /**
   * Asks for records that memory does not hold any more: not for more than what is chosen and durable. Past
   * that the disk may still hold a vote for another value, in a lower ballot than that of the chosen one,
   * which is on its way there.
   */
  load(reader: PageReader, from: LogIndex, to: LogIndex): void {
    const { floor } = this.slots;
    invariant(from <= floor, invariants.readsWhatIsFinal);
    const last = Math.min(to, floor);
    this.loads.request(this.outbox, reader, from, last, this.settings.maxAppendBytes);
  }

  get firstIndex(): LogIndex {
    return this.base + 1;
  }

  get lastIndex(): LogIndex {
    return Math.max(this.slots.last, this.chosen);
  }

  /**
   * Nothing in a lower ballot is listened to: it was promised to, or what is known here was chosen in it.
   * Two things, because a promise is given to somebody: who learns what was chosen gives no word.
   */
  get barrier(): Ballot {
    return compareBallots(this.knownIn, this.#promised) > 0 ? this.knownIn : this.#promised;
  }

  /** When this node was in touch with the group last, as a follower or a former leader. */
  get contactAt(): number | undefined {
    if (this.heardAt === undefined || this.#ledUntil === undefined) {
      return this.heardAt ?? this.#ledUntil;
    }
    return Math.max(this.heardAt, this.#ledUntil);
  }

  /** When the election time-out ends. */
  get campaignAt(): number {
    return this.#timerAt + this.#timeoutMs;
  }

  /** Whether the own disk has made no progress for too long. */
  get isStalled(): boolean {
    const since = this.journal.writes.waitingSince;
    return since !== undefined && this.now - since >= this.settings.stallMs;
  }

  /** Promises a ballot. Whoever leads or wants to lead in a lower one stops. */
  promise(ballot: Ballot): void {
    const order = compareBallots(ballot, this.#promised);
    invariant(order >= 0, invariants.promiseNeverFalls);
    if (order === 0) return;
    invariant(ballot.round <= maxU48, invariants.roundsDoNotRunOut);
    this.#promised = ballot;
    this.journal.promiseChanged();
    this.acceptance.reset(this.chosen, this.slots.floor);
    if (this.role !== 'follower' && ballot.node !== this.id) this.follow(undefined);
    if (this.leader !== undefined && this.leader !== ballot.node) this.leader = undefined;
  }

  /** Stops to lead or to want to, for a leader where one is known. */
  follow(leader: NodeId | undefined): void {
    const { leadership } = this;
    this.handOver.leave(this.outbox);
    this.#ledUntil = leadership?.contactAt ?? this.#ledUntil;
    this.leadership = undefined;
    this.preparation = undefined;
    this.survey = undefined;
    this.leader = leader;
    if (this.role !== 'follower') {
      this.role = 'follower';
      this.restartTimer();
    }
    leadership?.end(this.outbox, leader);
  }

  /** Follows whoever leads in the ballot that is promised. */
  heardFromLeader(leader: NodeId): void {
    if (this.role !== 'follower') this.follow(leader);
    this.leader = leader;
    this.heardAt = this.now;
    this.heardFrom = leader;
    this.attempts = 0;
    this.#timerAt = this.now;
  }

  /**
   * Answers as soon as the promise that the answer rests on cannot be forgotten any more: a node that
   * forgot everything would not even keep quiet after its restart.
   */
  reply(to: NodeId, message: PaxosMessage): void {
    if (this.journal.promiseIsStored) this.outbox.send(to, message);
    else this.outbox.sendDurably(to, message);
  }

  /**
   * Starts an election time-out of a new random length, longer after each failed attempt: two nodes that
   * refuse each other would otherwise do so for ever.
   */
  restartTimer(): void {
    this.#timeoutMs = this.#drawTimeout() * 2 ** Math.min(this.attempts, maxBackOff);
    this.#timerAt = this.now;
  }

  /** The election time-out is over at once. */
  expireTimer(): void {
    this.#timerAt = this.now - this.#timeoutMs;
  }

  /** Fills a slot; it goes to the disk with the next write. */
  put(slot: Slot): void {
    this.slots.put(slot);
    this.acceptance.lower(slot.item.index);
  }

  /** What is chosen and durable need not be in memory. */
  riseFloor(): void {
    this.slots.rise(this.chosen, this.journal.writes.stored);
    this.tail.evict(this.settings.maxTailBytes, this.slots.floor);
  }

  /** Whether a record read from disk is what the log holds: what is chosen and durable never changes. */
  isCurrent(index: LogIndex): boolean {
    return index > this.base && index <= this.slots.floor;
  }

  /** Gives up everything up to the index, which a snapshot covers. */
  trimThrough(index: LogIndex): void {
    if (index <= this.base) return;
    this.base = index;
    this.journal.dropBefore(index + 1);
    this.configurations.dropThrough(index);
    this.tail.dropBefore(index + 1);
    this.slots.dropThrough(index);
    this.generation += 1;
  }
}

/** The time-out doubles so many times at most. */
const maxBackOff = 2;
