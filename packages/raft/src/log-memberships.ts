/**
 * The memberships of a log: the one in force at its base, and every later one up to its end.
 *
 * A membership is in force as soon as it is appended, committed or not (section 6 of the paper),
 * so a truncation brings the one before back, and a snapshot carries the one at its own index.
 */
import type { LogIndex, Membership } from '@quorate/core';

/** A membership and the index of its entry; 0 for the one a group started with. */
export interface PlacedMembership {
  readonly index: LogIndex;
  readonly membership: Membership;
}

/** Never empty: there is always one in force. */
export class LogMemberships {
  #base: PlacedMembership;
  #later: PlacedMembership[];

  constructor(base: PlacedMembership, later: readonly PlacedMembership[] = []) {
    this.#base = base;
    this.#later = [...later];
  }

  /** The last one in the log, which is in force. */
  get current(): Membership {
    return this.#last.membership;
  }

  /** Index of its entry. */
  get currentIndex(): LogIndex {
    return this.#last.index;
  }

  /** How many there are. */
  get count(): number {
    return this.#later.length + 1;
  }

  /** The one before it, which is in force again should the entry be truncated. */
  get previous(): Membership | undefined {
    const { length } = this.#later;
    return length === 0 ? undefined : (this.#later[length - 2] ?? this.#base).membership;
  }

  /** All of them, in order. */
  all(): readonly PlacedMembership[] {
    return [this.#base, ...this.#later];
  }

  /** The one in force at an index: the last whose entry stands at or before it. */
  at(index: LogIndex): PlacedMembership {
    return this.#later.findLast((placed) => placed.index <= index) ?? this.#base;
  }

  append(placed: PlacedMembership): void {
    this.#later.push(placed);
  }

  /** Takes back those behind the index; says whether there were any. */
  truncateAfter(index: LogIndex): boolean {
    const before = this.#later.length;
    while ((this.#later[this.#later.length - 1]?.index ?? 0) > index) this.#later.pop();
    return this.#later.length < before;
  }

  /** Forgets what only mattered up to the index. */
  dropThrough(index: LogIndex): void {
    this.#base = this.at(index);
    this.#later = this.#later.filter((placed) => placed.index > index);
  }

  /** Starts over. */
  reset(base: PlacedMembership): void {
    this.#base = base;
    this.#later = [];
  }

  get #last(): PlacedMembership {
    return this.#later[this.#later.length - 1] ?? this.#base;
  }
}
