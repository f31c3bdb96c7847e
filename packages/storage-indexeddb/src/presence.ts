/**
 * Which records there must be, without looking.
 *
 * A database that lost a record gives none in its place, and a log may have gaps. So what was written
 * is remembered as runs of indexes without a gap, in the same atomic transaction: a record that is
 * missing inside a run is damage, and so is one that turns up between two.
 */
import type { IndexSpan, LogIndex } from '@quorate/core';

/**
 * The most runs that are remembered; the lowest are forgotten first. An acceptor that gets its slots
 * out of order has as many gaps as it has slots in flight, and they close again.
 */
const maxRuns = 1024;

/** The records of a log, as runs of indexes. */
export class Presence {
  /** Ascending, with a gap between any two. */
  readonly #runs: IndexSpan[];
  /** Below it nothing is known; from here on there is what the runs say, and nothing else. */
  #knownFrom: LogIndex;

  constructor(runs: readonly IndexSpan[] = [], knownFrom: LogIndex = 1) {
    this.#runs = [...runs];
    this.#knownFrom = knownFrom;
  }

  get runs(): readonly IndexSpan[] {
    return this.#runs;
  }

  get knownFrom(): LogIndex {
    return this.#knownFrom;
  }

  /** Whether it is known that there is no record at all. */
  get empty(): boolean {
    return this.#runs.length === 0 && this.#knownFrom <= 1;
  }

  copy(): Presence {
    return new Presence(this.#runs, this.#knownFrom);
  }

  put(index: LogIndex): void {
    if (index < this.#knownFrom - 1) return;
    this.#knownFrom = Math.min(this.#knownFrom, index);
    // From the end: most puts append.
    let at = this.#runs.length;
    while (at > 0 && (this.#runs[at - 1]?.first ?? 0) > index) at--;
    const before = this.#runs[at - 1];
    const after = this.#runs[at];
    if (before !== undefined && index <= before.last) return;
    const first = before?.last === index - 1 ? before.first : index;
    const last = after?.first === index + 1 ? after.last : index;
    const joined = (first < index ? 1 : 0) + (last > index ? 1 : 0);
    this.#runs.splice(first < index ? at - 1 : at, joined, { first, last });
    if (this.#runs.length > maxRuns) {
      this.#knownFrom = (this.#runs.shift()?.last ?? 0) + 1;
    }
  }

  dropAfter(index: LogIndex): void {
    while ((this.#runs.at(-1)?.first ?? 0) > index) this.#runs.pop();
    const end = this.#runs.pop();
    if (end !== undefined) this.#runs.push({ first: end.first, last: Math.min(end.last, index) });
    // What was dropped is known to be gone, whatever it was.
    this.#knownFrom = Math.min(this.#knownFrom, Math.max(index + 1, 1));
  }

  dropBefore(index: LogIndex): void {
    while ((this.#runs[0]?.last ?? Infinity) < index) this.#runs.shift();
    const start = this.#runs.shift();
    if (start !== undefined) {
      this.#runs.unshift({ first: Math.max(start.first, index), last: start.last });
    }
    if (index >= this.#knownFrom) this.#knownFrom = 1;
  }

  /** The lowest index from here on that must have a record; `Infinity`: none must. */
  next(index: LogIndex): LogIndex {
    const run = this.#runs.find(({ last }) => last >= index);
    return run === undefined ? Infinity : Math.max(run.first, index);
  }

  /** The highest index that must have a record; `undefined`: none must. */
  get last(): LogIndex | undefined {
    return this.#runs.at(-1)?.last;
  }

  /** Whether a record at this index is no surprise. */
  allows(index: LogIndex): boolean {
    return index < this.#knownFrom || this.next(index) === index;
  }

  /** Whether there may be a record in the span. */
  mayHold({ first, last }: IndexSpan): boolean {
    return (this.#knownFrom > 1 && first < this.#knownFrom) || this.next(first) <= last;
  }
}
