/**
 * The slots behind the floor: what this node has accepted there, or was told is chosen.
 *
 * The *floor* is the index up to which every slot is chosen and durable here. Behind it the log may
 * have holes, and what stands in a slot may be replaced by a vote in a higher ballot. Nothing is ever
 * truncated: a slot, once filled, stays filled.
 */
import { invariant, type LogIndex, type WriteId } from '@quorate/core';
import type { TailRecord } from '@quorate/core/engines';
import type { Ballot } from './ballot.ts';
import { invariants } from './invariants.ts';
import type { PaxosSettings } from './options.ts';

/** What stands in a slot. */
export interface Slot {
  /** The very object that goes to the disk. */
  readonly item: TailRecord;
  readonly ballot: Ballot;
  /** Its value is known to be chosen. */
  chosen: boolean;
  /** The write that brings it to the disk; `undefined` until that has a number. */
  write: WriteId | undefined;
}

/** The hint of what is chosen goes to the disk at the latest after so many slots. */
export const hintEverySlots = 1024;

/**
 * How far past what is chosen here an acceptor goes: one that misses a slot must not fill its memory
 * with everything that the others decide meanwhile.
 */
export function openSlots({ window }: PaxosSettings): number {
  return 4 * window;
}

/**
 * How far past what an acceptor knows to be chosen its votes can lie: after a restart it knows only what
 * the last hint said.
 */
export function mostVotes(settings: PaxosSettings): number {
  return hintEverySlots + 2 * openSlots(settings);
}

/** Slots by index, with holes. */
export class Slots {
  #floor: LogIndex;
  /** Slot *s* stands at *s* − floor − 1 + head. */
  #items: (Slot | undefined)[] = [];
  #head = 0;
  #last: LogIndex;
  #unwritten: Slot[] = [];
  #bytes = 0;

  constructor(floor: LogIndex) {
    this.#floor = floor;
    this.#last = floor;
  }

  /** Every slot up to here is chosen, durable, and not kept here any more. */
  get floor(): LogIndex {
    return this.#floor;
  }

  /** The highest slot that was ever filled. */
  get last(): LogIndex {
    return this.#last;
  }

  /** Bytes of the records behind the floor. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether something waits to be written. */
  get hasUnwritten(): boolean {
    return this.#unwritten.length > 0;
  }

  /** What stands in a slot behind the floor. */
  get(index: LogIndex): Slot | undefined {
    return index <= this.#floor ? undefined : this.#items[index - this.#floor - 1 + this.#head];
  }

  /** Fills a slot, or puts something else in the place of what stands there. */
  put(slot: Slot): void {
    const { index, record } = slot.item;
    invariant(index > this.#floor, invariants.neverVoteBelowFloor);
    const at = index - this.#floor - 1 + this.#head;
    while (this.#items.length < at) this.#items.push(undefined);
    this.#bytes += record.length - (this.#items[at]?.item.record.length ?? 0);
    this.#items[at] = slot;
    if (index > this.#last) this.#last = index;
    if (slot.write === undefined) this.#unwritten.push(slot);
  }

  /** What has to be written, in the order in which it was put; each slot once. */
  takeUnwritten(write: WriteId): readonly TailRecord[] {
    if (this.#unwritten.length === 0) return [];
    const items: TailRecord[] = [];
    for (const slot of this.#unwritten) {
      // Replaced in this very turn, or covered by a snapshot.
      if (this.get(slot.item.index) !== slot) continue;
      slot.write = write;
      items.push(slot.item);
    }
    this.#unwritten = [];
    return items;
  }

  /** Moves the floor up over what is chosen and durable. */
  rise(chosen: LogIndex, stored: WriteId): void {
    while (this.#floor < chosen) {
      const slot = this.#items[this.#head];
      if (slot?.write === undefined || slot.write > stored) return;
      this.#drop();
    }
  }

  /** A snapshot covers everything up to the index. */
  dropThrough(index: LogIndex): void {
    while (this.#floor < index) {
      if (this.#head === this.#items.length) {
        this.#floor = index;
        break;
      }
      this.#drop();
    }
    if (this.#last < index) this.#last = index;
  }

  #drop(): void {
    this.#bytes -= this.#items[this.#head]?.item.record.length ?? 0;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    this.#floor += 1;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}
