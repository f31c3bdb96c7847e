/**
 * The state of one node (figure 2 of the paper), and the few transitions that every rule shares.
 *
 * The rules themselves are functions in the other files, each over this object: they run one at a
 * time and to the end, so none ever sees a term change under it.
 */
import {
  type EngineSetup,
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
  type PageReader,
  Publications,
  type RecordTail,
} from '@quorate/core/engines';
import type { Candidacy } from './election.ts';
import { Following } from './follower.ts';
import { invariants } from './invariants.ts';
import type { Leadership } from './leadership.ts';
import type { RaftLog } from './log.ts';
import type { LogPoint } from './log-terms.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftSettings } from './options.ts';
import { recover } from './recover.ts';
import { encodeState } from './state.ts';

/** One node. */
export class RaftNode implements DeliverySource, HandOverNode {
  readonly id: NodeId;
  readonly settings: RaftSettings;
  readonly log: RaftLog;
  readonly outbox: Outbox<RaftMessage> = new Outbox();
  readonly delivery: Delivery;
  readonly following: Following = new Following();
  readonly loads: Loads;
  readonly publications: Publications = new Publications();
  readonly handOver: HandOver;
  now: number;

  role: 'follower' | 'candidate' | 'leader' = 'follower';
  leader: NodeId | undefined;
  /** Only while `role` is `leader`. */
  leadership: Leadership | undefined;
  /** Only while `role` is `candidate`. */
  candidacy: Candidacy | undefined;
  commitIndex: LogIndex;
  /** Last entry of the current snapshot; index 0 without one. */
  snapshot: LogPoint;

  /** How far the last compaction wanted to trim the log; a slow follower may have kept it from that. */
  trimTo: LogIndex = 0;

  /** When a leader was heard last, and which. */
  heardAt: number | undefined;
  heardFrom: NodeId | undefined;
  /** What a quorum answered during the last leadership was sent at this time. */
  #ledUntil: number | undefined;
  /** Before this no vote is granted: the node may have promised so before it restarted. */
  readonly quietUntil: number;
  /** The election time-out runs from here. */
  #timerAt: number;
  #timeoutMs = 0;

  #term: number;
  #votedFor: NodeId | undefined;
  /** Term or vote are not part of any write yet. */
  #voteUnwritten = false;
  /** The write that brought term and vote to the disk. */
  #voteWrite = 0;
  readonly #drawTimeout: () => number;

  constructor(setup: EngineSetup, settings: RaftSettings) {
    const beginning = recover(setup);
    this.id = setup.node;
    this.settings = settings;
    this.now = setup.now;
    this.log = beginning.log;
    this.snapshot = beginning.snapshot;
    this.commitIndex = beginning.snapshot.index;
    this.loads = new Loads(beginning.log);
    this.delivery = new Delivery(beginning.snapshot.index);
    this.#term = beginning.term;
    this.#votedFor = beginning.votedFor;
    const { electionTimeoutMs } = settings;
    this.handOver = new HandOver(electionTimeoutMs);
    this.quietUntil =
      beginning.term === 0 ? Number.NEGATIVE_INFINITY : setup.now + electionTimeoutMs;
    this.#drawTimeout = () => setup.random.between(electionTimeoutMs, 2 * electionTimeoutMs);
    this.#timerAt = setup.now;
    this.restartTimer();
  }

  get term(): number {
    return this.#term;
  }

  /** What the hand-over calls it. */
  get epoch(): number {
    return this.#term;
  }

  get votedFor(): NodeId | undefined {
    return this.#votedFor;
  }

  get lastIndex(): LogIndex {
    return this.log.lastIndex;
  }

  /** The end of the log, in memory. */
  get tail(): RecordTail {
    return this.log.tail;
  }

  get maxUnappliedBytes(): number {
    return this.settings.maxUnappliedBytes;
  }

  /** Whether term and vote, as they are, would survive a crash now. */
  get voteIsStored(): boolean {
    return !this.#voteUnwritten && this.log.writes.stored >= this.#voteWrite;
  }

  /** Whether this node's vote counts, by the membership that is in force on it (section 6). */
  get isVoter(): boolean {
    return isVoter(this.log.memberships.current, this.id);
  }

  /**
   * Whether this node may campaign: as a voter, or while the entry that makes it none may still be
   * truncated. It may be the only one that has that entry, and then nobody else can win (thesis,
   * section 4.2.2). Its own vote counts for nothing then, and it goes as soon as it has finished the
   * change.
   */
  get mayCampaign(): boolean {
    if (this.isVoter) return true;
    const { currentIndex, previous } = this.log.memberships;
    return currentIndex > this.commitIndex && previous !== undefined && isVoter(previous, this.id);
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
    const since = this.log.writes.waitingSince;
    return since !== undefined && this.now - since >= this.settings.stallMs;
  }

  /** Enters a later term, with or without a vote in it. */
  enterTerm(term: number, votedFor: NodeId | undefined): void {
    invariant(term > this.#term, invariants.termNeverFalls);
    invariant(term <= maxU48, invariants.termsDoNotRunOut);
    this.#term = term;
    this.#votedFor = votedFor;
    this.following.enterTerm();
    this.#voteChanged();
  }

  /** Votes in the present term. */
  vote(candidate: NodeId): void {
    invariant(
      this.#votedFor === undefined || this.#votedFor === candidate,
      invariants.oneVotePerTerm,
    );
    if (this.#votedFor === candidate) return;
    this.#votedFor = candidate;
    this.#voteChanged();
  }

  /**
   * Becomes a follower, in this term or a later one (figure 2, rules for all servers), of a leader
   * where one is known.
   */
  follow(term: number, leader: NodeId | undefined): void {
    if (term > this.#term) this.enterTerm(term, undefined);
    invariant(term === this.#term, invariants.termNeverFalls);
    const { leadership } = this;
    this.handOver.leave(this.outbox);
    this.#ledUntil = leadership?.contactAt ?? this.#ledUntil;
    this.leadership = undefined;
    this.candidacy = undefined;
    this.leader = leader;
    if (this.role !== 'follower') {
      this.role = 'follower';
      this.restartTimer();
    }
    leadership?.end(this.outbox, leader);
  }

  /**
   * Answers, as soon as the term that the answer speaks of cannot be forgotten any more (figure 2:
   * persistent state is updated before responding).
   */
  reply(to: NodeId, message: RaftMessage): void {
    if (this.voteIsStored) this.outbox.send(to, message);
    else this.outbox.sendDurably(to, message);
  }

  /** Starts an election time-out of a new random length. */
  restartTimer(): void {
    this.#timeoutMs = this.#drawTimeout();
    this.#timerAt = this.now;
  }

  /** Starts it again without a draw: the hot path of a follower. */
  heardFromLeader(leader: NodeId): void {
    this.leader = leader;
    this.heardAt = this.now;
    this.heardFrom = leader;
    this.#timerAt = this.now;
  }

  /** The election time-out is over at once. */
  expireTimer(): void {
    this.#timerAt = this.now - this.#timeoutMs;
  }

  /** Asks for a page of the log, unless the reader waits for one. */
  load(reader: PageReader, from: LogIndex, to: LogIndex): void {
    this.loads.request(this.outbox, reader, from, to, this.settings.maxAppendBytes);
  }

  /** Moves the commit index. */
  commitTo(index: LogIndex): void {
    invariant(index >= this.commitIndex, invariants.commitNeverFalls);
    invariant(index <= this.log.lastIndex, invariants.commitWithinLog);
    this.commitIndex = index;
  }

  /** The durable state as it is now. */
  encodeState(): Uint8Array {
    const { terms, memberships } = this.log;
    return encodeState({
      term: this.#term,
      votedFor: this.#votedFor,
      base: terms.base,
      runs: terms.runs(),
      memberships: memberships.all(),
    });
  }

  /** A write with everything so far has been asked for. */
  noteWrite(write: number): void {
    this.publications.noteWrite(write);
    if (!this.#voteUnwritten) return;
    this.#voteUnwritten = false;
    this.#voteWrite = write;
  }

  #voteChanged(): void {
    this.#voteUnwritten = true;
    this.log.markStateChanged();
  }
}
