/**
 * Which writes are under way, and how far the log is durable.
 *
 * Completions may come late, twice or in another order, also after the entries that they were
 * about have been truncated and rewritten. So a completion never says which entries are durable;
 * it only names a write. What that write still means is kept here and is lowered by every
 * truncation: a stale completion cannot mark a rewritten entry as durable.
 */
import { invariant, type LogIndex, type WriteId } from '@quorate/core';
import { invariants } from './invariants.ts';
import { Marks } from './marks.ts';

/** The engine's view on its own disk. */
export class WriteLedger {
  #issued: WriteId = 0;
  #stored: WriteId = 0;
  #durableIndex: LogIndex;
  #waitingSince: number | undefined;
  readonly #marks = new Marks();

  constructor(durableIndex: LogIndex) {
    this.#durableIndex = durableIndex;
  }

  /** The last write that was asked for. */
  get issued(): WriteId {
    return this.#issued;
  }

  /** The last write that is durable, and all before it. */
  get stored(): WriteId {
    return this.#stored;
  }

  /** The write that everything asked for so far waits for; `undefined` where all is durable. */
  get pending(): WriteId | undefined {
    return this.#stored < this.#issued ? this.#issued : undefined;
  }

  /** Everything up to this index is durable and is what the log holds. */
  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  /** Monotonic ms since when writes wait without any progress; `undefined` where none waits. */
  get waitingSince(): number | undefined {
    return this.#waitingSince;
  }

  /** Numbers a write after which the log is durable up to `lastIndex`. */
  issue(lastIndex: LogIndex, now: number): WriteId {
    const write = ++this.#issued;
    this.#marks.push(write, lastIndex);
    this.#waitingSince ??= now;
    return write;
  }

  /** Takes a completion; says whether it was news. */
  settle(write: WriteId, now: number): boolean {
    invariant(write <= this.#issued, invariants.storedWasIssued);
    if (write <= this.#stored) return false;
    this.#stored = write;
    this.#waitingSince = write === this.#issued ? undefined : now;
    const durable = this.#marks.reach(write);
    if (durable !== undefined && durable > this.#durableIndex) this.#durableIndex = durable;
    return true;
  }

  /** The log behind the index is another one from now on. */
  truncateAfter(index: LogIndex): void {
    this.#marks.clamp(index);
    if (this.#durableIndex > index) this.#durableIndex = index;
  }
}
