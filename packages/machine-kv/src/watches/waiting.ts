/**
 * Who waits for a change of which keys: those who wait for one key by its name, all others by their range.
 *
 * So a change finds whom it concerns, however many wait for something else.
 */
import type { KvSelection } from '../commands.ts';
import { boundsOf } from '../selection.ts';
import { IntervalTree } from './interval-tree.ts';

export class Waiting<Item> {
  readonly #byKey = new Map<string, Set<Item>>();
  readonly #byRange = new IntervalTree<Item>();
  #size = 0;

  /** Number of those who wait. */
  get size(): number {
    return this.#size;
  }

  /** Must not be there yet. */
  add(selection: KvSelection, item: Item): void {
    this.#size += 1;
    if (selection.type !== 'key') {
      this.#byRange.add(boundsOf(selection), item);
      return;
    }
    const items = this.#byKey.get(selection.key);
    if (items === undefined) this.#byKey.set(selection.key, new Set([item]));
    else items.add(item);
  }

  /** Must be there. */
  delete(selection: KvSelection, item: Item): void {
    this.#size -= 1;
    if (selection.type !== 'key') {
      this.#byRange.delete(boundsOf(selection), item);
      return;
    }
    const items = this.#byKey.get(selection.key);
    items?.delete(item);
    if (items?.size === 0) this.#byKey.delete(selection.key);
  }

  /** All who wait for a change of this key. */
  forKey(key: string): readonly Item[] {
    const found: Item[] = [...(this.#byKey.get(key) ?? [])];
    this.#byRange.collect(key, found);
    return found;
  }

  all(): readonly Item[] {
    const found: Item[] = [];
    for (const items of this.#byKey.values()) found.push(...items);
    this.#byRange.collectAll(found);
    return found;
  }
}
