/**
 * The changes between the compact revision and now: a queue of versions, oldest first, in a ring.
 *
 *        kept          first                        end
 *     ─────┼─────────────┼────────────────────────────┼──
 *          │  forgotten  │  can be read               │
 *          │  but pinned │
 *
 * A change is a version and what it superseded, the version before it of the same key. While one of them can be
 * read, so can the other. What is forgotten cannot be read any more, and counts no more; it stays all the same for
 * as long as somebody (a snapshot being written) has pinned it.
 *
 * What has to be known of a change to forget it stands in the ring. To look it up in the versions, ten thousand
 * changes later, would be to wait for memory twice.
 */
import type { HashSum } from '@quorate/core';
import { versionOverheadBytes } from './limits.ts';
import type { VersionId, VersionTable } from './version-table.ts';

/** A place among the changes: in front of the one of this revision and position, whether or not there is one. */
export interface Place {
  readonly revision: number;
  readonly position: number;
}

/** Numbers the changes, from 0, for ever. */
export type Sequence = number;

/** Records that the ring begins with. */
const firstCapacity = 64;

/** A record has 32 bytes: a number, the revision, and six words. */
const recordNumbers = 4;
const recordWords = 8;
const revisionAt = 0;
const versionAt = 2;
const supersededAt = 3;
/** What counts no more once the change is forgotten: the sum of up to two hashes. */
const hashLowAt = 4;
const hashHighAt = 5;
const bytesAt = 6;
const isDeletionAt = 7;

/** The queue of changes since the compact revision. */
export class History {
  readonly #versions: VersionTable;
  /** The record of a change stands at its sequence modulo their number, which is a power of two. */
  #numbers = new Float64Array(firstCapacity * recordNumbers);
  /** The same memory. */
  #words = new Int32Array(this.#numbers.buffer);
  #kept: Sequence = 0;
  #first: Sequence = 0;
  #end: Sequence = 0;
  #bytes = 0;
  readonly #pins = new Set<{ readonly from: Sequence }>();

  constructor(versions: VersionTable) {
    this.#versions = versions;
  }

  /** Number of changes that can be read. */
  get length(): number {
    return this.#end - this.#first;
  }

  /** Bytes that exist only for the sake of reads at past revisions. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest change that stays, though it may be forgotten. */
  get kept(): Sequence {
    return this.#kept;
  }

  /** The oldest change that can be read. */
  get first(): Sequence {
    return this.#first;
  }

  /** Behind the newest change. */
  get end(): Sequence {
    return this.#end;
  }

  /** The version that a change made. */
  at(sequence: Sequence): VersionId {
    return this.#word(sequence, versionAt);
  }

  /** The version that a change superseded, a tombstone too; `noVersion`: there was none. */
  supersededAt(sequence: Sequence): VersionId {
    return this.#word(sequence, supersededAt);
  }

  /** Whether a change made a tombstone. */
  isDeletion(sequence: Sequence): boolean {
    return this.#word(sequence, isDeletionAt) === 1;
  }

  /** The revision of a change. */
  revisionAt(sequence: Sequence): number {
    return this.#numbers[this.#recordOf(sequence) * recordNumbers + revisionAt] ?? 0;
  }

  append(id: VersionId): void {
    if ((this.#end - this.#kept) * recordNumbers === this.#numbers.length) this.#grow();
    const versions = this.#versions;
    const superseded = versions.previous(id);
    const record = this.#recordOf(this.#end);
    this.#numbers[record * recordNumbers + revisionAt] = versions.modRevision(id);
    const words = this.#words;
    const first = record * recordWords;
    words[first + versionAt] = id;
    words[first + supersededAt] = superseded;
    let low = 0;
    let high = 0;
    let bytes = versionOverheadBytes;
    // A superseded tombstone counts nothing: whether it is still linked depends on when it was compacted,
    // and what is counted decides what is dropped next, so it must be the same after a restore.
    if (versions.isLive(superseded)) {
      low = versions.hashLow(superseded);
      high = versions.hashHigh(superseded);
      bytes += versions.bytes(superseded);
    }
    const isDeletion = !versions.isLive(id);
    if (isDeletion) {
      low += versions.hashLow(id);
      high += versions.hashHigh(id);
      bytes += versions.bytes(id);
    }
    words[first + hashLowAt] = low;
    words[first + hashHighAt] = high;
    words[first + bytesAt] = bytes;
    words[first + isDeletionAt] = isDeletion ? 1 : 0;
    this.#end += 1;
    this.#bytes += bytes;
  }

  /** The first change that does not lie in front of a place; `end` if none has come yet. */
  find(place: Place): Sequence {
    let low = this.#first;
    let high = this.#end;
    // Most often asked for: the present, where there is nothing.
    if (low < high && isBefore(this.#versions, this.at(high - 1), place)) return high;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (isBefore(this.#versions, this.at(middle), place)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The oldest change can be read no more. What it superseded, and its tombstone, are taken out of the sum of the
   * hashes of all that can be read.
   */
  forgetFirst(readable: HashSum): void {
    const first = this.#first;
    readable.subtract(this.#word(first, hashLowAt), this.#word(first, hashHighAt));
    this.#bytes -= this.#word(first, bytesAt);
    this.#first += 1;
  }

  /** The oldest changes that are forgotten and not pinned leave the queue, so many at most. Gives their number. */
  dropForgotten(most: number): number {
    let end = Math.min(this.#kept + most, this.#first);
    for (const { from } of this.#pins) end = Math.min(end, from);
    const dropped = Math.max(0, end - this.#kept);
    this.#kept += dropped;
    return dropped;
  }

  /** Keeps all changes that can be read now until what it returns is called. */
  pin(): () => void {
    const pin = { from: this.#first };
    this.#pins.add(pin);
    return () => {
      this.#pins.delete(pin);
    };
  }

  #grow(): void {
    const { length } = this.#numbers;
    const numbers = new Float64Array(2 * length);
    // All records are in use: those from the oldest one on to the end of the memory, then those in front of it.
    const oldest = this.#recordOf(this.#kept) * recordNumbers;
    const from = this.#kept * recordNumbers;
    numbers.set(this.#numbers.subarray(oldest), from % numbers.length);
    numbers.set(this.#numbers.subarray(0, oldest), (from + length - oldest) % numbers.length);
    this.#numbers = numbers;
    this.#words = new Int32Array(numbers.buffer);
  }

  /** Number of a record in the ring. */
  #recordOf(sequence: Sequence): number {
    return sequence & (this.#numbers.length / recordNumbers - 1);
  }

  #word(sequence: Sequence, field: number): number {
    return this.#words[this.#recordOf(sequence) * recordWords + field] ?? 0;
  }
}

/** Whether the change that made a version lies in front of a place. */
export function isBefore(versions: VersionTable, id: VersionId, place: Place): boolean {
  const revision = versions.modRevision(id);
  return (
    revision < place.revision ||
    (revision === place.revision && versions.position(id) < place.position)
  );
}
