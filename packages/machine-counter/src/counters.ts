/**
 * The state: the counters that are not 0, in the order of their names, and a digest of them.
 *
 * A counter at 0 takes no room, so one that was never touched and one that came back to 0 are the same,
 * and there is nothing to delete.
 */
import { Hasher, hashHex, HashSum } from '@quorate/core';
import BTreeModule from 'sorted-btree';
import type { Counter } from './commands.ts';

// A CommonJS module: Node and the types take its exports for the default, some bundlers its class.
type Tree = BTreeModule.default<string, bigint>;
const BTree = 'default' in BTreeModule ? BTreeModule.default : BTreeModule;

export class Counters {
  readonly #tree: Tree = new BTree<string, bigint>(undefined, compareNames);
  readonly #hasher = new Hasher();
  readonly #hashes = new HashSum();

  /** How many are not 0. */
  get size(): number {
    return this.#tree.size;
  }

  get(name: string): bigint {
    return this.#tree.get(name) ?? 0n;
  }

  set(name: string, value: bigint): void {
    const before = this.get(name);
    if (before !== 0n) {
      const { low, high } = this.#hash(name, before);
      this.#hashes.subtract(low, high);
    }
    if (value === 0n) {
      this.#tree.delete(name);
      return;
    }
    const { low, high } = this.#hash(name, value);
    this.#hashes.add(low, high);
    this.#tree.set(name, value);
  }

  /** Those from a name on, in order. Change nothing meanwhile. */
  from(name: string): Iterable<Counter> {
    return counters(this.#tree, name);
  }

  /** All of them as of now, whatever changes later: the tree copies a node before it next writes to it. */
  freeze(): Iterable<Counter> {
    return counters(this.#tree.clone(), '');
  }

  /** Costs the same however many there are. */
  digest(): string {
    const { low, high } = this.#hashes;
    return hashHex(
      this.#hasher
        .start()
        .number(this.size)
        .number(low >>> 0)
        .number(high >>> 0)
        .finish(),
    );
  }

  #hash(name: string, value: bigint): Hasher {
    return this.#hasher.start().text(name).text(value.toString(16)).finish();
  }
}

function* counters(tree: Tree, from: string): Generator<Counter, void, undefined> {
  for (const [name, value] of tree.entries(from)) yield { name, value };
}

/** The order of `<`, by UTF-16 unit: the same in every JavaScript, unlike that of a locale. */
export function compareNames(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
