/**
 * Versions of keys, and the changes between the compact revision and now.
 *
 * The changes form a queue, oldest first, linked forwards. The versions of a key form a chain, newest
 * first, linked backwards. Each change is appended to both in O(1), and dropping the oldest change is
 * O(1) too: it cuts the chain behind the version that the change made, since every read that is still
 * allowed finds its answer at that version or in front of it.
 *
 * A change is never altered once it has a successor. So whoever holds one (a snapshot being written) can
 * follow the queue at leisure while changes are appended and dropped.
 */
import { isBefore, Landmarks, type Place } from './landmarks.ts';
import { versionOverheadBytes } from './limits.ts';

/** One version of one key; immutable once it is in the store, but for the cut. */
export interface Version {
  readonly key: string;
  /** The map's own copy; undefined for the deletion of the key (a *tombstone*). */
  readonly value: Uint8Array | undefined;
  /** Revision at which the key came into being; 0 in a tombstone. */
  readonly createRevision: number;
  /** Revision that made this version. */
  readonly modRevision: number;
  /** Which change of that revision it was, from 0. */
  readonly position: number;
  /** How many versions since the key came into being, from 1; 0 in a tombstone. */
  readonly version: number;
  /** The lease that the key hung on; 0: none. */
  readonly lease: number;
  /** Bytes of key (UTF-8) and value. */
  readonly bytes: number;
  hashLow: number;
  hashHigh: number;
  /** The version before, as long as it can be read. */
  previous: Version | undefined;
}

/** A version that is there, not a tombstone. */
export interface LiveVersion extends Version {
  readonly value: Uint8Array;
}

/** One change of one key. */
export interface Change {
  readonly version: Version;
  /** What it superseded: the version before, or nothing if the key was new. */
  readonly superseded: Version | undefined;
  next: Change | undefined;
}

/** Whether a version is one of a key that is there. */
export function isLive(version: Version | undefined): version is LiveVersion {
  return version?.value !== undefined;
}

/** The version of a key that was in force at a revision, given its newest; undefined if none was. */
export function versionAt(newest: Version | undefined, revision: number): LiveVersion | undefined {
  let version = newest;
  while (version !== undefined && version.modRevision > revision) version = version.previous;
  return isLive(version) ? version : undefined;
}

/** The queue of changes since the compact revision. */
export class History {
  #oldest: Change | undefined;
  #newest: Change | undefined;
  readonly #landmarks = new Landmarks();
  #length = 0;
  #bytes = 0;

  /** Number of changes. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that exist only for the sake of reads at past revisions. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Change | undefined {
    return this.#oldest;
  }

  /** The changes as of now, oldest first, whatever is appended and dropped later. */
  freeze(): () => Iterable<Change> {
    const oldest = this.#oldest;
    const newest = this.#newest;
    return () => changesBetween(oldest, newest);
  }

  append(version: Version, superseded: Version | undefined): void {
    const change: Change = { version, superseded, next: undefined };
    if (this.#newest === undefined) this.#oldest = change;
    else this.#newest.next = change;
    this.#newest = change;
    this.#landmarks.append(change);
    this.#length += 1;
    this.#bytes += historyBytes(change);
  }

  /** The first change that does not lie in front of a place; undefined: none is left or has come yet. */
  from(place: Place): Change | undefined {
    // Most often asked for: the present, where there is nothing.
    if (this.#newest === undefined || isBefore(this.#newest.version, place)) return undefined;
    let change = this.#landmarks.lastBefore(place) ?? this.#oldest;
    while (change !== undefined && isBefore(change.version, place)) change = change.next;
    return change;
  }

  /** Takes the oldest change out of the queue and cuts the chain of its key behind it. */
  dropOldest(): Change | undefined {
    const change = this.#oldest;
    if (change === undefined) return undefined;
    this.#oldest = change.next;
    if (change.next === undefined) this.#newest = undefined;
    this.#landmarks.drop(change);
    this.#length -= 1;
    this.#bytes -= historyBytes(change);
    change.version.previous = undefined;
    return change;
  }
}

function* changesBetween(
  oldest: Change | undefined,
  newest: Change | undefined,
): Generator<Change, void, undefined> {
  for (let change = oldest; change !== undefined; change = change.next) {
    yield change;
    if (change === newest) return;
  }
}

/**
 * A superseded tombstone counts nothing: whether it is still linked depends on when it was compacted,
 * and what is counted decides what is dropped next, so it must be the same after a restore.
 */
function historyBytes({ version, superseded }: Change): number {
  const tombstone = isLive(version) ? 0 : version.bytes;
  return versionOverheadBytes + tombstone + (isLive(superseded) ? superseded.bytes : 0);
}
