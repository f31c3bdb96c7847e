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
 */
import { versionOverheadBytes } from './limits.ts';
import type { VersionId, VersionTable } from './version-table.ts';

/** A place among the changes: in front of the one of this revision and position, whether or not there is one. */
export interface Place {
  readonly revision: number;
  readonly position: number;
}

/** Numbers the changes, from 0, for ever. */
export type Sequence = number;

const firstCapacity = 64;

/** The queue of changes since the compact revision. */
export class History {
  readonly #versions: VersionTable;
  /** A change stands at its sequence modulo the length, which is a power of two. */
  #ring: Int32Array = new Int32Array(firstCapacity);
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
    return this.#ring[sequence & (this.#ring.length - 1)] ?? 0;
  }

  append(id: VersionId): void {
    if (this.#end - this.#kept === this.#ring.length) this.#grow();
    this.#ring[this.#end & (this.#ring.length - 1)] = id;
    this.#end += 1;
    this.#bytes += this.#bytesOf(id);
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

  /** The oldest change can be read no more. */
  forgetFirst(): void {
    this.#bytes -= this.#bytesOf(this.at(this.#first));
    this.#first += 1;
  }

  /** The oldest change that is forgotten and not pinned leaves the queue; undefined: there is none. */
  dropForgotten(): VersionId | undefined {
    if (this.#kept === this.#first) return undefined;
    for (const { from } of this.#pins) if (from <= this.#kept) return undefined;
    const id = this.at(this.#kept);
    this.#kept += 1;
    return id;
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
    const ring = new Int32Array(2 * this.#ring.length);
    for (let sequence = this.#kept; sequence < this.#end; sequence++) {
      ring[sequence & (ring.length - 1)] = this.at(sequence);
    }
    this.#ring = ring;
  }

  /**
   * A superseded tombstone counts nothing: whether it is still linked depends on when it was compacted,
   * and what is counted decides what is dropped next, so it must be the same after a restore.
   */
  #bytesOf(id: VersionId): number {
    const versions = this.#versions;
    const tombstone = versions.isLive(id) ? 0 : versions.bytes(id);
    const superseded = versions.previous(id);
    return (
      versionOverheadBytes +
      tombstone +
      (versions.isLive(superseded) ? versions.bytes(superseded) : 0)
    );
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
