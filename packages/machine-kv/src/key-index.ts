/**
 * From each key to its newest version: a hash table for whoever asks for one key, and an ordered tree for whoever
 * asks for many.
 *
 * Both lead to a *slot*, the number of a key. A new version of a key that is there changes nothing but one number:
 * a tenth of the cost of finding the key's place in the tree.
 */
import { noVersion, type VersionId } from './version-table.ts';
import { emptyTree, type Tree } from './tree.ts';

/** Numbers a key for as long as it is in the index; then it may number another one. */
export type Slot = number;

export class KeyIndex {
  readonly #slots = new Map<string, Slot>();
  readonly #tree: Tree<string, Slot>;
  /** By slot. */
  readonly #keys: string[] = [];
  #newest: Int32Array = new Int32Array(64);
  readonly #free: Slot[] = [];
  /** How many times a key came or went. */
  #changes = 0;

  /** @param compare the order of the keys. */
  constructor(compare: (left: string, right: string) => number) {
    this.#tree = emptyTree(compare);
  }

  /** The slot of a key, if it has one. */
  find(key: string): Slot | undefined {
    return this.#slots.get(key);
  }

  /** Gives a key that has none a slot. */
  add(key: string): Slot {
    const slot = this.#free.pop() ?? this.#keys.length;
    this.#keys[slot] = key;
    if (slot >= this.#newest.length) {
      const larger = new Int32Array(2 * this.#newest.length);
      larger.set(this.#newest);
      this.#newest = larger;
    }
    this.#slots.set(key, slot);
    this.#tree.set(key, slot);
    this.#changes += 1;
    return slot;
  }

  /** Takes a key out. */
  remove(slot: Slot): void {
    const key = this.key(slot);
    this.#slots.delete(key);
    this.#tree.delete(key);
    this.#keys[slot] = '';
    this.#newest[slot] = noVersion;
    this.#free.push(slot);
    this.#changes += 1;
  }

  key(slot: Slot): string {
    return this.#keys[slot] ?? '';
  }

  /** The newest version of a key. */
  newest(slot: Slot): VersionId {
    return this.#newest[slot] ?? noVersion;
  }

  setNewest(slot: Slot, id: VersionId): void {
    this.#newest[slot] = id;
  }

  /** Those from a key on, in order. Keys may come and go meanwhile: those behind the last one count as they are. */
  *from(key: string): Generator<Slot, void, undefined> {
    const reused: (string | Slot)[] = [];
    let last: string | undefined;
    for (let isMoved = true; isMoved; ) {
      isMoved = false;
      const seen = this.#changes;
      for (const [next, slot] of this.#tree.entries(last ?? key, reused)) {
        if (next === last) continue;
        last = next;
        yield slot;
        isMoved = seen !== this.#changes;
        if (isMoved) break;
      }
    }
  }

  /** Those in front of a key, the last first; all, where there is none. Change nothing meanwhile. */
  *before(key: string | undefined): Generator<Slot, void, undefined> {
    const reused: (string | Slot)[] = [];
    for (const [, slot] of this.#tree.entriesReversed(key, reused, true)) yield slot;
  }
}
