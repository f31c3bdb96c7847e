/**
 * Finds a place in the queue of changes without a walk from its beginning: every so many changes one is noted.
 *
 * Whoever follows the changes can so hold numbers in the place of a change. A change itself, held by somebody who
 * is slow, would keep in memory all that were dropped between it and the oldest one left.
 */
import type { Change, Version } from './history.ts';

/** A place among the changes: in front of the one of this revision and position, whether or not there is one. */
export interface Place {
  readonly revision: number;
  readonly position: number;
}

/** A walk to a place is shorter than this. */
const spacing = 64;

/** Whether a change lies in front of a place. */
export function isBefore({ modRevision, position }: Version, place: Place): boolean {
  return (
    modRevision < place.revision || (modRevision === place.revision && position < place.position)
  );
}

export class Landmarks {
  #noted: (Change | undefined)[] = [];
  /** Those in front of it were dropped. */
  #first = 0;
  #appended = 0;

  /** Must be told of each change that is appended. */
  append(change: Change): void {
    if (this.#appended % spacing === 0) this.#noted.push(change);
    this.#appended += 1;
  }

  /** Must be told of each change that is dropped. */
  drop(change: Change): void {
    if (this.#noted[this.#first] !== change) return;
    this.#noted[this.#first] = undefined;
    this.#first += 1;
    if (this.#first * 2 < this.#noted.length) return;
    this.#noted = this.#noted.slice(this.#first);
    this.#first = 0;
  }

  /** The last noted change that lies in front of a place; undefined: none does. */
  lastBefore(place: Place): Change | undefined {
    let low = this.#first;
    let high = this.#noted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const change = this.#noted[middle];
      if (change !== undefined && isBefore(change.version, place)) low = middle + 1;
      else high = middle;
    }
    return low === this.#first ? undefined : this.#noted[low - 1];
  }
}
