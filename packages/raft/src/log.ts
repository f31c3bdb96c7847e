/**
 * The log of one node: what it holds, what is on disk, and what the disk has still to be told.
 *
 * Steps change the log in memory only. `collect` then turns everything that changed since the last
 * time into one atomic write. Memory and disk therefore never differ by more than that one write,
 * and term runs, memberships and records on disk always agree with each other.
 */
import { invariant, type LogIndex, type Membership, type StorageOp } from '@quorate/core';
import { type PagedLog, RecordTail } from '@quorate/core/engines';
import { invariants } from './invariants.ts';
import type { LogMemberships } from './log-memberships.ts';
import type { LogPoint, LogTerms } from './log-terms.ts';
import { LogWrites } from './log-writes.ts';
import { holdsMembership, membershipIn, minRecordBytes, recordTerm } from './record.ts';

/** The log, with its skeleton always in memory and its records partly. */
export class RaftLog implements PagedLog {
  readonly terms: LogTerms;
  readonly memberships: LogMemberships;
  readonly tail: RecordTail;
  readonly writes: LogWrites;
  #lastIndex: LogIndex;
  /** Everything up to here has been handed to the disk. */
  #writtenIndex: LogIndex;
  #dropAfter: LogIndex | undefined;
  #dropBefore: LogIndex | undefined;
  #snapshots: StorageOp[] = [];
  #stateChanged: boolean;
  #generation = 0;
  #appendedBytes = 0;

  /** @param stateChanged whether the first write has to bring the state along. */
  constructor(
    terms: LogTerms,
    memberships: LogMemberships,
    lastIndex: LogIndex,
    stateChanged: boolean,
  ) {
    this.terms = terms;
    this.memberships = memberships;
    this.tail = new RecordTail(lastIndex + 1);
    this.writes = new LogWrites(lastIndex);
    this.#lastIndex = lastIndex;
    this.#writtenIndex = lastIndex;
    this.#stateChanged = stateChanged;
  }

  get firstIndex(): LogIndex {
    return this.terms.base.index + 1;
  }

  get lastIndex(): LogIndex {
    return this.#lastIndex;
  }

  /** Rises whenever something that was in the log leaves it. */
  get generation(): number {
    return this.#generation;
  }

  /** Bytes ever appended; only differences mean something. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** Whether the log holds (or held, at its base) an entry of that term at that index. */
  has(index: LogIndex, term: number): boolean {
    return (
      index >= this.terms.base.index &&
      index <= this.#lastIndex &&
      this.terms.termAt(index) === term
    );
  }

  /** Whether this record (as its index and term tell) is in the log already. */
  holds(index: LogIndex, record: Uint8Array): boolean {
    return this.terms.termAt(index) === recordTerm(record);
  }

  /** Whether a record that was read from disk is still the one at its index: of the same term. */
  isCurrent(index: LogIndex, record: Uint8Array): boolean {
    return (
      record.length >= minRecordBytes &&
      index >= this.firstIndex &&
      index <= this.#lastIndex &&
      this.holds(index, record)
    );
  }

  /** Whether a log that ends like this is at least as up to date as this one (section 5.4.1). */
  isCoveredBy(lastIndex: LogIndex, lastTerm: number): boolean {
    const own = this.terms.lastTerm;
    return lastTerm > own || (lastTerm === own && lastIndex >= this.#lastIndex);
  }

  /** Adds a record, its term already in it; says whether it changed the membership. */
  append(record: Uint8Array): boolean {
    const index = this.#lastIndex + 1;
    if (this.terms.append(index, recordTerm(record))) this.#stateChanged = true;
    this.tail.push(index, record);
    this.#lastIndex = index;
    this.#appendedBytes += record.length;
    if (!holdsMembership(record)) return false;
    this.memberships.append({ index, membership: membershipIn(record) });
    this.#stateChanged = true;
    return true;
  }

  /** Takes everything behind the index back, memberships too. */
  truncateAfter(index: LogIndex): void {
    if (index >= this.#lastIndex) return;
    invariant(index >= this.terms.base.index, invariants.neverTruncateCommitted);
    this.terms.truncateAfter(index);
    this.memberships.truncateAfter(index);
    this.tail.truncateAfter(index);
    this.writes.truncateAfter(index);
    this.#lastIndex = index;
    this.#forgetWritten(index);
    this.#stateChanged = true;
    this.#generation++;
  }

  /** Gives up everything up to the index, which a snapshot covers. */
  trimThrough(index: LogIndex): void {
    if (index <= this.terms.base.index) return;
    this.terms.dropThrough(index, this.#lastIndex);
    this.memberships.dropThrough(index);
    this.tail.dropBefore(index + 1);
    // What came in this very turn and is covered already need not be written any more.
    this.#writtenIndex = Math.max(this.#writtenIndex, index);
    this.#dropBefore = index + 1;
    this.#stateChanged = true;
    this.#generation++;
  }

  /**
   * Gives up the whole log for a snapshot.
   *
   * @param agreedIndex up to here the old log and the snapshot hold the same for certain.
   */
  restartAt(point: LogPoint, membership: Membership, agreedIndex: LogIndex): void {
    this.terms.reset(point);
    this.memberships.reset({ index: point.index, membership });
    this.tail.reset(point.index + 1);
    this.writes.truncateAfter(agreedIndex);
    this.#forgetWritten(point.index);
    this.#lastIndex = point.index;
    this.#writtenIndex = point.index;
    this.#dropBefore = point.index + 1;
    this.#stateChanged = true;
    this.#generation++;
  }

  /** Makes a staged snapshot current with the next write. */
  publish(snapshot: StorageOp): void {
    this.#snapshots.push(snapshot);
  }

  /** Lets the oldest durable records leave memory until at most `maxBytes` are held. */
  evict(maxBytes: number): void {
    this.tail.evict(maxBytes, this.writes.durableIndex);
  }

  /** Term or vote changed: the next write brings the state along. */
  markStateChanged(): void {
    this.#stateChanged = true;
  }

  /**
   * How far the log may be trimmed so that at most `maxBytes` of what memory holds stay behind the
   * index. Records that only the disk holds are not worth keeping.
   */
  trimPointBehind(index: LogIndex, maxBytes: number): LogIndex {
    let point = index;
    for (let bytes = 0; point >= this.tail.firstIndex; point--) {
      bytes += this.tail.at(point).record.length;
      if (bytes > maxBytes) break;
    }
    return point;
  }

  /** Bytes of the records in a stretch of the log; `undefined` where memory does not hold them all. */
  bytesOf(from: LogIndex, to: LogIndex): number | undefined {
    if (from < this.tail.firstIndex) return undefined;
    let bytes = 0;
    for (let index = from; index <= to; index++) bytes += this.tail.at(index).record.length;
    return bytes;
  }

  /** Everything the disk has to be told, as the steps of one write; `undefined` where nothing. */
  collect(state: () => Uint8Array): StorageOp[] | undefined {
    const clean =
      this.#writtenIndex === this.#lastIndex && !this.#stateChanged && this.#snapshots.length === 0;
    if (clean) return undefined;
    const ops = this.#snapshots;
    this.#snapshots = [];
    if (this.#dropAfter !== undefined) ops.push({ type: 'dropAfter', index: this.#dropAfter });
    if (this.#dropBefore !== undefined) ops.push({ type: 'dropBefore', index: this.#dropBefore });
    for (let index = this.#writtenIndex + 1; index <= this.#lastIndex; index++) {
      ops.push(this.tail.at(index));
    }
    if (this.#stateChanged) ops.push({ type: 'state', bytes: state() });
    this.#dropAfter = undefined;
    this.#dropBefore = undefined;
    this.#stateChanged = false;
    this.#writtenIndex = this.#lastIndex;
    return ops;
  }

  #forgetWritten(index: LogIndex): void {
    if (this.#writtenIndex <= index) return;
    this.#writtenIndex = index;
    this.#dropAfter = Math.min(this.#dropAfter ?? index, index);
  }
}
