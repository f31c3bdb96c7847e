/**
 * Which records there are, without looking: the bounds of the log.
 *
 * Dropping a million records must not delete a million keys in one batch. So a drop moves a bound,
 * in the same atomic batch as everything else, and what lies outside the bounds is absent, whether
 * its key is still there or not. Such keys are swept up later, a few with every batch.
 *
 * What makes that safe is one rule: **a batch that widens the bounds itself writes or deletes every
 * key in the part that it adds.** The next put of a log overwrites the one key it adds; a put that
 * leaves a gap deletes the stale keys inside. A stale key thus never comes back, whatever sweeping
 * did or did not get done before a crash, and the rule leans on nothing but the atomic batch.
 */
import { type IndexSpan, type LogIndex, overlapOf } from '@quorate/core';

/** Bounds of the log, and what is known about gaps in it. */
export interface Bounds extends IndexSpan {
  /**
   * Every index from here to `last` has a record, so that a missing one is damage and not a gap.
   * `last + 1`: nothing is known.
   */
  readonly denseFrom: LogIndex;
}

/** Keys to be swept up, and from which end. */
export interface Sweep extends IndexSpan {
  readonly reverse: boolean;
}

/** The bounds of the log, and how far keys may reach beyond them. */
export class Layout {
  /** Every record lies in here; what lies outside is absent. */
  #live: Bounds | undefined;
  /** Every key lies in here. Only known, not stored: an open finds it with two seeks. */
  #keys: IndexSpan | undefined;

  constructor(live: Bounds | undefined, keys: IndexSpan | undefined) {
    this.#live = live;
    this.#keys = keys;
  }

  get live(): Bounds | undefined {
    return this.#live;
  }

  copy(): Layout {
    return new Layout(this.#live, this.#keys);
  }

  /** Takes a put in. Gives the keys that the same batch must delete: stale ones in a gap. */
  put(index: LogIndex): IndexSpan | undefined {
    const live = this.#live;
    const keys = this.#keys;
    let stale: IndexSpan | undefined;
    if (live === undefined) {
      this.#live = { first: index, last: index, denseFrom: index };
    } else if (index > live.last) {
      stale = overlapOf(keys, { first: live.last + 1, last: index - 1 });
      const denseFrom = index === live.last + 1 ? live.denseFrom : index;
      this.#live = { first: live.first, last: index, denseFrom };
    } else {
      if (index < live.first) {
        stale = overlapOf(keys, { first: index + 1, last: live.first - 1 });
      }
      const first = Math.min(live.first, index);
      const denseFrom = index === live.denseFrom - 1 ? index : live.denseFrom;
      this.#live = { first, last: live.last, denseFrom };
    }
    if (keys === undefined) this.#keys = { first: index, last: index };
    else if (index > keys.last) this.#keys = { first: keys.first, last: index };
    else if (index < keys.first) this.#keys = { first: index, last: keys.last };
    return stale;
  }

  dropAfter(index: LogIndex): void {
    this.#narrow({ first: 0, last: index });
  }

  dropBefore(index: LogIndex): void {
    this.#narrow({ first: index, last: Infinity });
  }

  /** Where stale keys may be; `undefined`: nowhere. */
  stale(): Sweep | undefined {
    const live = this.#live;
    const keys = this.#keys;
    if (keys === undefined) return undefined;
    if (live === undefined) return { ...keys, reverse: false };
    if (keys.first < live.first) {
      return { first: keys.first, last: Math.min(keys.last, live.first - 1), reverse: false };
    }
    // From the top down: an append then meets the sweep as late as possible.
    if (keys.last > live.last) return { first: live.last + 1, last: keys.last, reverse: true };
    return undefined;
  }

  /** Of a sweep, every key up to `index` (seen from the end where it began) is deleted. */
  swept(sweep: Sweep, index: LogIndex): void {
    const left = sweep.reverse
      ? { first: 0, last: index - 1 }
      : { first: index + 1, last: Infinity };
    this.#keys = overlapOf(this.#keys, left);
  }

  #narrow(to: IndexSpan): void {
    const live = this.#live;
    const span = overlapOf(live, to);
    this.#live =
      live === undefined || span === undefined
        ? undefined
        : { ...span, denseFrom: Math.min(Math.max(live.denseFrom, span.first), span.last + 1) };
  }
}
