/**
 * From each key to its newest version: a hash table for whoever asks for one key, and an ordered tree for whoever
 * asks for many.
 *
 * Both lead to the same *slots*, and a new version of a key that is there only changes its slot: a tenth of the
 * cost of finding the key's place in the tree. A snapshot keeps what it has all the same. It clones the tree, and
 * as long as it is being read a slot that it may see is replaced, in the tree and in the table, instead of changed.
 */
import { invariant } from '@quorate/core';
import type { Version } from './history.ts';
import { emptyTree, type Tree } from './tree.ts';

/** Where the newest version of a key stands. */
export interface Slot {
  version: Version;
  /** How many snapshots had been begun when it was made: those cannot see it. */
  readonly era: number;
}

export class KeyIndex {
  readonly #slots = new Map<string, Slot>();
  readonly #tree: Tree<string, Slot>;
  #era = 0;
  /** Snapshots that have not been read to their end. */
  #open = 0;

  /** @param compare the order of the keys. */
  constructor(compare: (left: string, right: string) => number) {
    this.#tree = emptyTree(compare);
  }

  /** The newest version of a key. */
  get(key: string): Version | undefined {
    return this.#slots.get(key)?.version;
  }

  /** Where it stands, for {@link replace}. Whatever is done to the index in between makes it worthless. */
  slot(key: string): Slot | undefined {
    return this.#slots.get(key);
  }

  /** Puts a version in the place of the one in its slot; adds its key where it has none. */
  replace(slot: Slot | undefined, version: Version): void {
    if (slot !== undefined && (this.#open === 0 || slot.era === this.#era)) {
      slot.version = version;
      return;
    }
    const fresh: Slot = { version, era: this.#era };
    this.#slots.set(version.key, fresh);
    this.#tree.set(version.key, fresh);
  }

  delete(key: string): void {
    this.#slots.delete(key);
    this.#tree.delete(key);
  }

  /** All, in order. Change nothing meanwhile. */
  values(): Generator<Version, void, undefined> {
    return versionsOf(this.#tree);
  }

  /** Those from a key on, in order. Change nothing meanwhile. */
  *from(key: string): Generator<Version, void, undefined> {
    const reused: (string | Slot)[] = [];
    for (const [, { version }] of this.#tree.entries(key, reused)) yield version;
  }

  /** Those in front of a key, the last first; all, where there is none. Change nothing meanwhile. */
  *before(key: string | undefined): Generator<Version, void, undefined> {
    const reused: (string | Slot)[] = [];
    for (const [, { version }] of this.#tree.entriesReversed(key, reused, true)) yield version;
  }

  /**
   * The index as of now, at the cost of a pointer: all, in order, whatever changes meanwhile. Can be read once; what
   * is never read to its end costs the changes after it a little more, for ever.
   */
  freeze(): () => Iterable<Version> {
    const tree = this.#tree.clone();
    this.#era += 1;
    this.#open += 1;
    let isRead = false;
    return () => {
      invariant(!isRead, 'a snapshot of the keys is read once: behind its end they change');
      isRead = true;
      return this.#readOnce(tree);
    };
  }

  *#readOnce(tree: Tree<string, Slot>): Generator<Version, void, undefined> {
    try {
      yield* versionsOf(tree);
    } finally {
      this.#open -= 1;
    }
  }
}

function* versionsOf(tree: Tree<string, Slot>): Generator<Version, void, undefined> {
  for (const { version } of tree.values()) yield version;
}
