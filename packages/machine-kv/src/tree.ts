/**
 * The ordered map that everything here stands on: a B+ tree that is cloned in O(1) and copies a node before it
 * next changes it.
 */
import BTreeModule from 'sorted-btree';

/** An ordered map. */
export type Tree<Key, Value> = BTreeModule.default<Key, Value>;

// A CommonJS module: Node and the types take its exports for the default, some bundlers its class.
const BTree = 'default' in BTreeModule ? BTreeModule.default : BTreeModule;

/** 64 keys a node: a tenth faster than the default of 32, and no slower to copy after a clone. */
const largeNode = 64;

/** An empty map in this order. */
export function emptyTree<Key, Value>(
  compare: (left: Key, right: Key) => number,
  nodeSize: number = largeNode,
): Tree<Key, Value> {
  return new BTree<Key, Value>(undefined, compare, nodeSize);
}
