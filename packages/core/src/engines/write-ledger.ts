/**
 * Which writes are under way: the engine's view on its own disk.
 *
 * Completions may come late, twice or in another order; each counts for all writes before it. A
 * completion only names a write. What that write still means (a log may have been truncated and
 * rewritten since) is for the engine to know.
 */
import { invariant } from '../errors.ts';
import type { WriteId } from '../ids.ts';
import { engineInvariants } from './invariants.ts';

/** Numbers writes, and takes their completions. */
export class WriteLedger {
  #issued: WriteId = 0;
  #stored: WriteId = 0;
  #waitingSince: number | undefined;

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

  /** Monotonic ms since when writes wait without any progress; `undefined` where none waits. */
  get waitingSince(): number | undefined {
    return this.#waitingSince;
  }

  /** Numbers a write. */
  issue(now: number): WriteId {
    this.#waitingSince ??= now;
    return ++this.#issued;
  }

  /** Takes a completion; says whether it was news. */
  settle(write: WriteId, now: number): boolean {
    invariant(write <= this.#issued, engineInvariants.storedWasIssued);
    if (write <= this.#stored) return false;
    this.#stored = write;
    this.#waitingSince = write === this.#issued ? undefined : now;
    return true;
  }
}
