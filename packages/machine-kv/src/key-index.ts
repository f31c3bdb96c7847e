/**
 * From each key to its newest version: a hash table for whoever asks for one key, and an ordered tree for whoever
 * asks for many.
 *
 * Both lead to a *slot*, the number of a key. A new version of a key that is there changes nothing but one number:
 * a tenth of the cost of finding the key's place in the tree.
 */
import { KeyTable, type Slot } from './key-table.ts';
import { emptyTree, type Tree } from './tree.ts';
import type { VersionId } from './version-table.ts';

export class KeyIndex {
  readonly #table = new KeyTable();
  readonly #tree: Tree<string, Slot>;
  /** How many times a key came or went. */
  #changes = 0;

  /** @param compare the order of the keys. */
  constructor(compare: (left: string, right: string) => number) {
    this.#tree = emptyTree(compare);
  }

  /** The slot of a key, if it has one. */
  find(key: string): Slot | undefined {
    return this.#table.find(key);
  }

  /** Gives a key that has none a slot. */
  add(key: string): Slot {
    const slot = this.#table.add(key);
    this.#tree.set(key, slot);
    this.#changes += 1;
    return slot;
  }

  /** Takes a key out. */
  remove(slot: Slot): void {
    this.#tree.delete(this.key(slot));
    this.#table.remove(slot);
    this.#changes += 1;
  }

  key(slot: Slot): string {
    return this.#table.key(slot);
  }

  /** The newest version of a key. */
  newest(slot: Slot): VersionId {
    return this.#table.newest(slot);
  }

  setNewest(slot: Slot, id: VersionId): void {
    this.#table.setNewest(slot, id);
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
