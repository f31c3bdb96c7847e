/**
 * Ranges of keys, and which of them hold a key: an interval tree (Cormen et al., Introduction to Algorithms,
 * section 14.3) on a tree that is balanced after Adelson-Velsky and Landis.
 *
 * Each node knows the farthest end of a range below it, so a search leaves out whole subtrees. With n different
 * ranges of which k hold the key it looks at some k log n of them at most, and at n in the worst case.
 */
import { compareCodePoints } from '../keys.ts';
import type { Bounds } from '../selection.ts';

interface Node<Item> {
  readonly bounds: Bounds;
  /** All that have exactly this range. */
  readonly items: Set<Item>;
  left: Node<Item> | undefined;
  right: Node<Item> | undefined;
  height: number;
  /** The farthest end of a range in this subtree; undefined: one has no end. */
  farthest: string | undefined;
}

type Tree<Item> = Node<Item> | undefined;

/** Items by the range of keys that they are about. */
export class IntervalTree<Item> {
  #root: Tree<Item>;

  /** Longest way from the root to a leaf. */
  get height(): number {
    return heightOf(this.#root);
  }

  add(bounds: Bounds, item: Item): void {
    this.#root = added(this.#root, bounds, item);
  }

  /** Nothing happens if it is not there. */
  delete(bounds: Bounds, item: Item): void {
    const node = find(this.#root, bounds);
    if (node?.items.delete(item) === true && node.items.size === 0) {
      this.#root = removed(this.#root, bounds);
    }
  }

  /** Appends all whose range holds the key. */
  collect(key: string, found: Item[]): void {
    collect(this.#root, key, found);
  }

  /** Appends all. */
  collectAll(found: Item[]): void {
    collectAll(this.#root, found);
  }
}

function collect<Item>(node: Tree<Item>, key: string, found: Item[]): void {
  if (node === undefined || !endsBehind(node.farthest, key)) return;
  collect(node.left, key, found);
  // All ranges to the right begin behind this one.
  if (compareCodePoints(node.bounds.from, key) > 0) return;
  if (endsBehind(node.bounds.to, key)) for (const item of node.items) found.push(item);
  collect(node.right, key, found);
}

function collectAll<Item>(node: Tree<Item>, found: Item[]): void {
  if (node === undefined) return;
  collectAll(node.left, found);
  for (const item of node.items) found.push(item);
  collectAll(node.right, found);
}

function find<Item>(root: Tree<Item>, bounds: Bounds): Tree<Item> {
  let node = root;
  while (node !== undefined) {
    const order = compareBounds(bounds, node.bounds);
    if (order === 0) return node;
    node = order < 0 ? node.left : node.right;
  }
  return undefined;
}

function added<Item>(node: Tree<Item>, bounds: Bounds, item: Item): Node<Item> {
  if (node === undefined) {
    const items = new Set([item]);
    return { bounds, items, left: undefined, right: undefined, height: 1, farthest: bounds.to };
  }
  const order = compareBounds(bounds, node.bounds);
  if (order === 0) {
    node.items.add(item);
    return node;
  }
  if (order < 0) node.left = added(node.left, bounds, item);
  else node.right = added(node.right, bounds, item);
  return balanced(node);
}

function removed<Item>(node: Tree<Item>, bounds: Bounds): Tree<Item> {
  if (node === undefined) return undefined;
  const order = compareBounds(bounds, node.bounds);
  if (order < 0) node.left = removed(node.left, bounds);
  else if (order > 0) node.right = removed(node.right, bounds);
  else return joined(node.left, node.right);
  return balanced(node);
}

/** One tree of two, of which every range of the left one comes before those of the right one. */
function joined<Item>(left: Tree<Item>, right: Tree<Item>): Tree<Item> {
  if (right === undefined) return left;
  let first = right;
  while (first.left !== undefined) first = first.left;
  first.right = withoutFirst(right);
  first.left = left;
  return balanced(first);
}

function withoutFirst<Item>(node: Node<Item>): Tree<Item> {
  if (node.left === undefined) return node.right;
  node.left = withoutFirst(node.left);
  return balanced(node);
}

/** Restores height, farthest end and balance of a node whose subtrees have theirs. */
function balanced<Item>(node: Node<Item>): Node<Item> {
  const lean = heightOf(node.left) - heightOf(node.right);
  if (lean > 1 && node.left !== undefined) {
    const { left } = node;
    if (heightOf(left.left) < heightOf(left.right)) node.left = liftedRight(left);
    return liftedLeft(node);
  }
  if (lean < -1 && node.right !== undefined) {
    const { right } = node;
    if (heightOf(right.right) < heightOf(right.left)) node.right = liftedLeft(right);
    return liftedRight(node);
  }
  return measured(node);
}

/** The left child takes the place of a node. */
function liftedLeft<Item>(node: Node<Item>): Node<Item> {
  const { left } = node;
  if (left === undefined) return measured(node);
  node.left = left.right;
  left.right = measured(node);
  return measured(left);
}

/** The right child takes the place of a node. */
function liftedRight<Item>(node: Node<Item>): Node<Item> {
  const { right } = node;
  if (right === undefined) return measured(node);
  node.right = right.left;
  right.left = measured(node);
  return measured(right);
}

function measured<Item>(node: Node<Item>): Node<Item> {
  const { left, right } = node;
  node.height = 1 + Math.max(heightOf(left), heightOf(right));
  node.farthest = node.bounds.to;
  if (left !== undefined) node.farthest = farther(node.farthest, left.farthest);
  if (right !== undefined) node.farthest = farther(node.farthest, right.farthest);
  return node;
}

function heightOf<Item>(node: Tree<Item>): number {
  return node?.height ?? 0;
}

function endsBehind(end: string | undefined, key: string): boolean {
  return end === undefined || compareCodePoints(key, end) < 0;
}

function farther(left: string | undefined, right: string | undefined): string | undefined {
  return compareEnds(left, right) < 0 ? right : left;
}

function compareBounds(left: Bounds, right: Bounds): number {
  return compareCodePoints(left.from, right.from) || compareEnds(left.to, right.to);
}

/** No end lies behind all ends. */
function compareEnds(left: string | undefined, right: string | undefined): number {
  if (left === undefined) return right === undefined ? 0 : 1;
  return right === undefined ? -1 : compareCodePoints(left, right);
}
