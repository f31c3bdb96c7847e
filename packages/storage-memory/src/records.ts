/**
 * The records of a log in memory, sorted by index: sparse, cheap to append to, and searched by
 * halving. An index may be anything up to 2^48, so nothing here counts from one index to another.
 */
import type { LogIndex, LogRecord } from '@quorate/core';

/** Records in ascending order of their index. */
export class Records {
  readonly #sorted: LogRecord[] = [];

  get first(): LogRecord | undefined {
    return this.#sorted[0];
  }

  get last(): LogRecord | undefined {
    return this.#sorted.at(-1);
  }

  put(entry: LogRecord): void {
    const at = this.#firstFrom(entry.index);
    const replaced = this.#sorted[at]?.index === entry.index ? 1 : 0;
    this.#sorted.splice(at, replaced, entry);
  }

  dropAfter(index: LogIndex): void {
    this.#sorted.splice(this.#firstFrom(index + 1));
  }

  dropBefore(index: LogIndex): void {
    this.#sorted.splice(0, this.#firstFrom(index));
  }

  /** From `from` to `to`, both included, stopping before `maxBytes` is passed; at least one. */
  read(from: LogIndex, to: LogIndex, maxBytes: number): readonly LogRecord[] {
    const found: LogRecord[] = [];
    let bytes = 0;
    for (let at = this.#firstFrom(from); at < this.#sorted.length; at++) {
      const entry = this.#sorted[at];
      if (entry === undefined || entry.index > to) break;
      bytes += entry.record.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Position of the first record whose index is not below `index`. */
  #firstFrom(index: LogIndex): number {
    const last = this.#sorted.at(-1);
    // Nearly every put goes behind the last record.
    if (last === undefined || last.index < index) return this.#sorted.length;
    let low = 0;
    let high = this.#sorted.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle]?.index ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
