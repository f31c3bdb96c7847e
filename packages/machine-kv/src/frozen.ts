/**
 * The state of a store as it was at one moment, for whoever reads it while commands go on.
 *
 * Nothing is copied: the history is pinned, so that all versions of that moment stay where they are.
 */
import { invariant } from '@quorate/core';
import type { History } from './history.ts';
import type { KeyIndex } from './key-index.ts';
import type { Slot } from './key-table.ts';
import type { FrozenLeases } from './leases/table.ts';
import type { Retention } from './store.ts';
import type { ValueLog } from './value-log.ts';
import { groupSize, noVersion, type VersionId, type VersionTable } from './version-table.ts';

/** What stands beside the versions. */
export interface FrozenNumbers {
  readonly revision: number;
  readonly compactRevision: number;
  readonly retention: Retention;
  readonly hash: string;
  readonly leases: FrozenLeases;
}

/** The state as of one moment, safe from later changes until it is released. */
export interface FrozenStore extends FrozenNumbers {
  /** The versions that were in force at the compact revision, in the order of their keys. */
  base(): Iterable<VersionId>;
  /** The versions made since the compact revision, oldest first. */
  changes(): Iterable<VersionId>;
  /** Lets go of it. */
  release(): void;
}

/** Where the versions of a store are found. */
export interface StoreParts {
  readonly index: KeyIndex;
  readonly versions: VersionTable;
  readonly values: ValueLog;
  readonly history: History;
}

/** Lets go of states that nobody released, and nobody can read any more. */
const abandoned = new FinalizationRegistry<() => void>((unpin) => {
  unpin();
});

/** The state that these parts have now. One that is neither read nor released goes with the collector. */
export function frozen(numbers: FrozenNumbers, parts: StoreParts): FrozenStore {
  const { history } = parts;
  const { first, end } = history;
  const unpin = history.pin();
  const state: FrozenStore = {
    ...numbers,
    base: () => inForceAt(parts, numbers.compactRevision),
    *changes() {
      for (let sequence = first; sequence < end; sequence++) yield history.at(sequence);
    },
    release: () => {
      abandoned.unregister(unpin);
      unpin();
    },
  };
  abandoned.register(state, unpin, unpin);
  return state;
}

/** A group of keys at a time. What was in force stays there, whatever happens between two versions. */
function* inForceAt(parts: StoreParts, revision: number): Generator<VersionId, void, undefined> {
  const slots: Slot[] = [];
  for (const slot of parts.index.from('')) {
    slots.push(slot);
    if (slots.length < groupSize) continue;
    yield* inForce(parts, slots, revision);
    slots.length = 0;
  }
  yield* inForce(parts, slots, revision);
}

/** One kind of memory after the other, the values last: whoever reads the versions finds these at hand. */
function inForce(
  { index, versions, values }: StoreParts,
  slots: readonly Slot[],
  revision: number,
): readonly VersionId[] {
  const newest = slots.map((slot) => index.newest(slot));
  const ids = newest.map((id) => versions.inForce(id, revision)).filter((id) => id !== noVersion);
  for (const id of ids) {
    const bytes = values.lengthAt(versions.place(id));
    invariant(bytes === versions.valueBytes(id), 'a value is as long as its version says');
  }
  return ids;
}
