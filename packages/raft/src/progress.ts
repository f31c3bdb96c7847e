/**
 * How a leader sees one other member: nextIndex and matchIndex of figure 2, the window of messages
 * on the way, and what the member has answered.
 *
 * - `probe`: it is not known where the logs agree. One append without records at a time, and one
 *   with every heartbeat, until one is accepted.
 * - `replicate`: records flow, pipelined under a window (thesis, section 10.2.1).
 * - `snapshot`: the log does not reach back far enough; a snapshot is on its way.
 */
import {
  invariant,
  type LogIndex,
  type LogRecord,
  type NodeId,
  type PeerStatus,
} from '@quorate/core';
import { Marks, type PageReader } from '@quorate/core/engines';
import { invariants } from './invariants.ts';

/** A page of records from disk, for one follower. */
export type Page = readonly LogRecord[];

/** One other member, in the eyes of the leader. */
export class Progress implements PeerStatus, PageReader {
  readonly id: NodeId;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** Durable there, and equal to the leader's log. */
  matchIndex: LogIndex = 0;
  nextIndex: LogIndex;

  /** Something must be sent now, with or without records. */
  due = true;
  /** A probe is on its way. */
  probing = false;
  /** The first probe of a new leader takes its no-op along: most followers are up to date. */
  carriesRecords: boolean;
  /** The commit index that the member was told last. */
  toldCommit: LogIndex = 0;

  /** When a reply came last, ms; `undefined`: never. */
  heardAt: number | undefined;
  /** Send time of the latest append that it answered, by the leader's own clock. */
  answeredSentAt: number = Number.NEGATIVE_INFINITY;
  answeredRound = 0;

  /** Records to send next that are no longer in memory. */
  page: Page | undefined;
  /** Number of the load under way. */
  loading: number | undefined;

  /** A snapshot is being carried there, as far as the driver has said. */
  shipping = false;
  /** After a failed shipment: when to try again. */
  shipAgainAt = 0;
  /**
   * While a snapshot travels and until the follower has caught up behind it: the log is kept
   * from here, as long as it has not grown by too much since (`heldSinceBytes`).
   */
  heldIndex: LogIndex | undefined;
  heldSinceBytes = 0;

  /** It was removed by the membership at this index, and is told so before it is forgotten. */
  leavingIndex: LogIndex | undefined;
  forgetAt: number = Number.POSITIVE_INFINITY;

  /** Last index of each message on the way, and the bytes ever sent by then. */
  readonly #inflight = new Marks();
  #sentBytes = 0;
  #answeredBytes = 0;
  readonly #activeWithin: (heardAt: number | undefined) => boolean;

  constructor(
    id: NodeId,
    nextIndex: LogIndex,
    carriesRecords: boolean,
    activeWithin: (heardAt: number | undefined) => boolean,
  ) {
    this.id = id;
    this.nextIndex = nextIndex;
    this.carriesRecords = carriesRecords;
    this.#activeWithin = activeWithin;
  }

  /** Whether it answered within the last election time-out. */
  get active(): boolean {
    return this.#activeWithin(this.heardAt);
  }

  /** Whether the window has room for another message with records. */
  hasRoom(maxMessages: number, maxBytes: number): boolean {
    return this.#inflight.length < maxMessages && this.#sentBytes - this.#answeredBytes < maxBytes;
  }

  /** Notes records on their way. */
  sent(lastIndex: LogIndex, bytes: number): void {
    invariant(lastIndex > this.matchIndex, invariants.nextAboveMatch);
    this.#sentBytes += bytes;
    this.#inflight.push(lastIndex, this.#sentBytes);
    this.nextIndex = lastIndex + 1;
  }

  /** Everything up to the index is durable there; says whether that is news. */
  matched(index: LogIndex): boolean {
    if (index <= this.matchIndex) return false;
    this.matchIndex = index;
    this.#answeredBytes = this.#inflight.reach(index) ?? this.#answeredBytes;
    // After a rejection an answer to what was sent before it may still come. Nothing that is matched
    // is sent again: its place in the window would never be given back.
    if (this.nextIndex <= index) this.nextIndex = index + 1;
    return true;
  }

  /** Records may flow. */
  replicateFrom(nextIndex: LogIndex): void {
    this.#startOver('replicate', nextIndex);
  }

  /** Looks for the place where the logs part. */
  probeFrom(nextIndex: LogIndex): void {
    this.#startOver('probe', nextIndex);
    this.due = true;
  }

  /** Waits for a snapshot. */
  waitForSnapshot(): void {
    this.#startOver('snapshot', this.nextIndex);
  }

  #startOver(state: 'probe' | 'replicate' | 'snapshot', nextIndex: LogIndex): void {
    this.state = state;
    // The reply that says where to go on may be older than others that came before it.
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
    this.probing = false;
    this.carriesRecords = false;
    this.page = undefined;
    this.#inflight.clear();
    this.#answeredBytes = this.#sentBytes;
  }
}
