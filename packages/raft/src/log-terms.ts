/**
 * The terms of a log, as runs: `[first index, term]` for each stretch of entries of one term.
 *
 * A log of millions of entries has a handful of runs, so the term at any index is known without
 * reading a record, after a restart too (the runs are part of the durable state). Everything up to
 * the *base* is gone; index and term of the base itself are still known, for the consistency check
 * of the first record behind it (section 5.3 of the paper).
 */
import { invariant, type LogIndex } from '@quorate/core';
import { invariants } from './invariants.ts';

/** Position and term of an entry. */
export interface LogPoint {
  readonly index: LogIndex;
  readonly term: number;
}

/** Term runs of a log behind its base. */
export class LogTerms {
  #base: LogPoint;
  readonly #starts: LogIndex[];
  readonly #terms: number[];

  /** @param runs first index and term of each run, ascending in both. */
  constructor(base: LogPoint, runs: readonly LogPoint[] = []) {
    this.#base = base;
    this.#starts = runs.map((run) => run.index);
    this.#terms = runs.map((run) => run.term);
  }

  /** The last entry that is gone, or index 0 with term 0. */
  get base(): LogPoint {
    return this.#base;
  }

  /** Term of the last entry. */
  get lastTerm(): number {
    return this.#terms[this.#terms.length - 1] ?? this.#base.term;
  }

  /** All runs, in order. */
  runs(): readonly LogPoint[] {
    return this.#starts.map((index, at) => ({ index, term: this.#terms[at] ?? 0 }));
  }

  /** Term at an index from the base to the end of the log. */
  termAt(index: LogIndex): number {
    // Almost every question is about the end of the log.
    for (let at = this.#starts.length - 1; at >= 0; at--) {
      if ((this.#starts[at] ?? 0) <= index) return this.#terms[at] ?? 0;
    }
    invariant(index === this.#base.index, invariants.indexInLog);
    return this.#base.term;
  }

  /** Notes an entry at the end; says whether it starts a new run. */
  append(index: LogIndex, term: number): boolean {
    const last = this.lastTerm;
    if (term === last && this.#starts.length > 0) return false;
    invariant(term >= last, invariants.termsAscend);
    this.#starts.push(index);
    this.#terms.push(term);
    return true;
  }

  /** Forgets everything behind the index; says whether a run went. */
  truncateAfter(index: LogIndex): boolean {
    let changed = false;
    while ((this.#starts[this.#starts.length - 1] ?? 0) > index) {
      this.#starts.pop();
      this.#terms.pop();
      changed = true;
    }
    return changed;
  }

  /** Moves the base forward to an index of the log. */
  dropThrough(index: LogIndex, lastIndex: LogIndex): void {
    this.#base = { index, term: this.termAt(index) };
    let gone = 0;
    while (gone < this.#starts.length && (this.#starts[gone + 1] ?? lastIndex + 1) <= index + 1)
      gone++;
    this.#starts.splice(0, gone);
    this.#terms.splice(0, gone);
    const first = this.#starts[0];
    if (first !== undefined && first <= index) this.#starts[0] = index + 1;
  }

  /** Starts over behind a base. */
  reset(base: LogPoint): void {
    this.#base = base;
    this.#starts.length = 0;
    this.#terms.length = 0;
  }

  /**
   * The last index up to `index` whose term is at most `term`. Both sides use it to find where two
   * logs part (section 5.3, the optimisation at its end): each answer skips whole terms, so the
   * number of rounds is bounded by the number of terms that differ. One below the base where even
   * the base is of a later term.
   */
  lastUpTo(index: LogIndex, term: number): LogIndex {
    let end = index;
    for (let at = this.#starts.length - 1; at >= 0; at--) {
      const start = this.#starts[at] ?? 0;
      if (start > end) continue;
      if ((this.#terms[at] ?? 0) <= term) return end;
      end = start - 1;
    }
    return Math.min(end, this.#base.term <= term ? this.#base.index : this.#base.index - 1);
  }
}
