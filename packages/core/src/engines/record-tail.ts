/**
 * The end of the log, in memory: what followers and the consumer need next, bounded in bytes.
 *
 * Each record is held as the very object that is its storage operation and its committed record, so
 * that an entry costs one allocation from proposal to delivery.
 */
import { invariant } from '../errors.ts';
import type { LogIndex } from '../ids.ts';
import { engineInvariants } from './invariants.ts';

/** A record of the log, in the shape that a write and a delivery both take. */
export interface TailRecord {
  readonly type: 'put';
  readonly index: LogIndex;
  readonly record: Uint8Array;
}

/** Contiguous records up to the end of the log. */
export class RecordTail {
  #items: (TailRecord | undefined)[] = [];
  /** Slots before this one are empty; they go once they are half of the array. */
  #head = 0;
  #nextIndex: LogIndex;
  #bytes = 0;

  constructor(nextIndex: LogIndex) {
    this.#nextIndex = nextIndex;
  }

  /** Bytes of all records held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** First index held; one past the end of the log where nothing is. */
  get firstIndex(): LogIndex {
    return this.#nextIndex - (this.#items.length - this.#head);
  }

  /** The record at an index that is held. */
  at(index: LogIndex): TailRecord {
    const item = this.#items[this.#items.length - (this.#nextIndex - index)];
    invariant(item?.index === index, engineInvariants.tailContiguous);
    return item;
  }

  push(index: LogIndex, record: Uint8Array): void {
    invariant(index === this.#nextIndex, engineInvariants.tailContiguous);
    this.#items.push({ type: 'put', index, record });
    this.#nextIndex = index + 1;
    this.#bytes += record.length;
  }

  /** Forgets everything behind the index. */
  truncateAfter(index: LogIndex): void {
    while (this.#items.length > this.#head && this.#nextIndex > index + 1) {
      this.#bytes -= this.#items.pop()?.record.length ?? 0;
      this.#nextIndex--;
    }
    if (this.#nextIndex > index + 1) this.reset(index + 1);
  }

  /** Forgets everything; the next record has this index. */
  reset(nextIndex: LogIndex): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#nextIndex = nextIndex;
  }

  /** Forgets the oldest records, those that are durable, until at most `maxBytes` are left. */
  evict(maxBytes: number, durableIndex: LogIndex): void {
    if (this.#bytes <= maxBytes) return;
    this.#dropWhile((item) => this.#bytes > maxBytes && item.index <= durableIndex);
  }

  /** Forgets what stands before the index. */
  dropBefore(index: LogIndex): void {
    this.#dropWhile((item) => item.index < index);
  }

  #dropWhile(goes: (item: TailRecord) => boolean): void {
    for (let item = this.#items[this.#head]; item !== undefined && goes(item); ) {
      this.#bytes -= item.record.length;
      this.#items[this.#head] = undefined;
      item = this.#items[++this.#head];
    }
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}
