/**
 * Which writes are under way, and how far the log is durable.
 *
 * Completions may come late, twice or in another order, also after the entries that they were
 * about have been truncated and rewritten. So a completion never says which entries are durable;
 * it only names a write. What that write still means is kept here and is lowered by every
 * truncation: a stale completion cannot mark a rewritten entry as durable.
 */
import type { LogIndex, WriteId } from '@quorate/core';
import { Marks, WriteLedger } from '@quorate/core/engines';

/** The writes of one log. */
export class LogWrites {
  #durableIndex: LogIndex;
  readonly #ledger = new WriteLedger();
  /** Each write under way, and how far the log is durable after it. */
  readonly #marks = new Marks();

  constructor(durableIndex: LogIndex) {
    this.#durableIndex = durableIndex;
  }

  /** The last write that is durable, and all before it. */
  get stored(): WriteId {
    return this.#ledger.stored;
  }

  /** The write that everything asked for so far waits for; `undefined` where all is durable. */
  get pending(): WriteId | undefined {
    return this.#ledger.pending;
  }

  /** Monotonic ms since when writes wait without any progress; `undefined` where none waits. */
  get waitingSince(): number | undefined {
    return this.#ledger.waitingSince;
  }

  /** Everything up to this index is durable and is what the log holds. */
  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  /** Numbers a write after which the log is durable up to `lastIndex`. */
  issue(lastIndex: LogIndex, now: number): WriteId {
    const write = this.#ledger.issue(now);
    this.#marks.push(write, lastIndex);
    return write;
  }

  /** Takes a completion; says whether it was news. */
  settle(write: WriteId, now: number): boolean {
    if (!this.#ledger.settle(write, now)) return false;
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
