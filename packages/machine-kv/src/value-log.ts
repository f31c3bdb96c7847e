/**
 * The values, one behind the other in segments, and a cleaner that keeps these full: a log-structured memory
 * (Rosenblum and Ousterhout, The Design and Implementation of a Log-Structured File System, 1992, section 3).
 *
 * Whatever the sizes of values and the order in which they go, what is dead takes no more than half of what is
 * live: then the emptiest segment is cleaned, its live values moved to the end of the log, and its memory used
 * again. Values overwritten at random are moved 0.4 times in their life, which costs a tenth of what objects of
 * their own would cost the collector.
 *
 * In a segment each value stands behind a head of 8 bytes: its version, as long as it is live, and its length. So the
 * cleaner reads a segment from its beginning to its end, and nothing else.
 */
import { invariant } from '@quorate/core';
import { noVersion, type VersionId } from './version-table.ts';

/** Where a value stands: units of 8 bytes, counted through all segments. */
export type Place = number;

/** Who is told where each value stands. */
export interface ValueOwners {
  setPlace(id: VersionId, place: Place): void;
}

const unitBytes = 8;
/** Units of a segment: 256 KiB. */
const segmentUnits: number = 32 * 1024;
/** Those of the first one: segments grow with what is live. */
const firstUnits = 256;
/** Values from so many units on have a segment of their own. */
const ownSegmentUnits: number = segmentUnits / 4;
/** So much may be dead however little is live: more than a segment has. */
const freeUnits: number = 2 * segmentUnits;
/** Empty segments kept for use. */
const maxSpares = 4;

interface Segment {
  /** Its place among all. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly words: Int32Array;
  /** Made for one value alone. */
  readonly isLarge: boolean;
  /** Units written so far. */
  used: number;
  /** Units of live values. */
  live: number;
}

export class ValueLog {
  readonly #owners: ValueOwners;
  /** By number; where there is none, it is free for another one. */
  readonly #segments: (Segment | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Memory of segments that went. */
  readonly #spares: Uint8Array[] = [];
  /** What values are appended to. */
  #head: Segment;
  /** Units of all segments but those of large values. */
  #used = 0;
  #live = 0;

  constructor(owners: ValueOwners) {
    this.#owners = owners;
    this.#head = this.#open(firstUnits, false);
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment?.bytes.length ?? 0;
    return bytes;
  }

  /** Copies a value in. Others may be moved meanwhile. */
  append(owner: VersionId, value: Uint8Array): void {
    const units = unitsOf(value.length);
    const segment = units < ownSegmentUnits ? this.#roomFor(units) : this.#open(units, true);
    const at = segment.used;
    segment.words[2 * at] = owner;
    segment.words[2 * at + 1] = value.length;
    segment.bytes.set(value, (at + 1) * unitBytes);
    this.#added(segment, units);
    this.#owners.setPlace(owner, segment.number * segmentUnits + at);
  }

  /** The value at a place, as a view that is good until another one is appended. */
  view(place: Place): Uint8Array {
    const { bytes, words } = this.#segmentAt(place);
    const at = place % segmentUnits;
    // Not subarray(), which takes three times as long.
    return new Uint8Array(bytes.buffer, (at + 1) * unitBytes, words[2 * at + 1] ?? 0);
  }

  /** Bytes of the value at a place. */
  lengthAt(place: Place): number {
    return this.#segmentAt(place).words[2 * (place % segmentUnits) + 1] ?? 0;
  }

  /**
   * The value of so many bytes at a place is not wanted any more. (How many stands there too, but to look would be to
   * wait for memory; nobody waits for what is written.)
   */
  release(place: Place, bytes: number): void {
    const segment = this.#segmentAt(place);
    const units = unitsOf(bytes);
    segment.words[2 * (place % segmentUnits)] = noVersion;
    segment.live -= units;
    if (!segment.isLarge) this.#live -= units;
    if (segment.live === 0 && segment !== this.#head) this.#close(segment);
  }

  #roomFor(units: number): Segment {
    if (!hasRoom(this.#head, units)) {
      this.#next(units);
      this.#clean();
      // What was moved may have filled it again.
      if (!hasRoom(this.#head, units)) this.#next(units);
    }
    return this.#head;
  }

  /** Goes on in another segment, with room for so much at least. */
  #next(units: number): void {
    const full = this.#head;
    this.#head = this.#open(Math.min(Math.max(this.#live, 2 * units), segmentUnits), false);
    if (full.live === 0) this.#close(full);
  }

  #clean(): void {
    while (this.#used - this.#live > freeUnits + this.#live / 2) {
      const deadest = this.#deadest();
      invariant(deadest !== undefined, 'more is dead than fits into the head alone');
      this.#moveAll(deadest);
    }
  }

  /** The segment in which most is dead. */
  #deadest(): Segment | undefined {
    let deadest: Segment | undefined;
    let most = 0;
    for (const segment of this.#segments) {
      if (segment === undefined || segment === this.#head || segment.isLarge) continue;
      const dead = segment.used - segment.live;
      if (dead <= most) continue;
      most = dead;
      deadest = segment;
    }
    return deadest;
  }

  #moveAll(segment: Segment): void {
    const { words, used } = segment;
    for (let at = 0; at < used; ) {
      const owner = words[2 * at] ?? noVersion;
      const units = unitsOf(words[2 * at + 1] ?? 0);
      if (owner !== noVersion) this.#move(segment, at, owner, units);
      at += units;
    }
    invariant(segment.live === 0, 'what is live in a segment has a version');
    this.#close(segment);
  }

  #move(from: Segment, at: number, owner: VersionId, units: number): void {
    if (!hasRoom(this.#head, units)) this.#next(units);
    const head = this.#head;
    const to = head.used;
    // Most values are short: to make a view of one costs more than to copy it.
    for (let word = 0; word < 2 * units; word++) {
      head.words[2 * to + word] = from.words[2 * at + word] ?? 0;
    }
    this.#added(head, units);
    from.live -= units;
    this.#live -= units;
    this.#owners.setPlace(owner, head.number * segmentUnits + to);
  }

  #added(segment: Segment, units: number): void {
    segment.used += units;
    segment.live += units;
    if (segment.isLarge) return;
    this.#used += units;
    this.#live += units;
  }

  #segmentAt(place: Place): Segment {
    const segment = this.#segments[Math.floor(place / segmentUnits)];
    invariant(segment !== undefined, 'a value that is not released has a place');
    return segment;
  }

  #open(units: number, isLarge: boolean): Segment {
    const number = this.#freeNumbers.pop() ?? this.#segments.length;
    const spare = !isLarge && units === segmentUnits ? this.#spares.pop() : undefined;
    const bytes = spare ?? new Uint8Array(units * unitBytes);
    const words = new Int32Array(bytes.buffer);
    const segment = { number, bytes, words, isLarge, used: 0, live: 0 };
    this.#segments[number] = segment;
    return segment;
  }

  #close(segment: Segment): void {
    this.#segments[segment.number] = undefined;
    this.#freeNumbers.push(segment.number);
    if (segment.isLarge) return;
    this.#used -= segment.used;
    if (segment.bytes.length !== segmentUnits * unitBytes) return;
    if (this.#spares.length < maxSpares) this.#spares.push(segment.bytes);
  }
}

function unitsOf(bytes: number): number {
  return 1 + Math.ceil(bytes / unitBytes);
}

function hasRoom({ bytes, used }: Segment, units: number): boolean {
  return (used + units) * unitBytes <= bytes.length;
}
