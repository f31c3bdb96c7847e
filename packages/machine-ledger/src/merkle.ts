/**
 * The Merkle tree over the records, as in RFC 6962 (section 2.1; RFC 9162 says the same), kept up leaf
 * by leaf. It can prove things about every length that it has had.
 *
 * Nodes over 16 leaves and more are kept, 4 bytes for each leaf; those below are made again from the
 * records when a proof needs them, 15 of them at most.
 */
import type { LeafOf } from './chain.ts';
import { HashColumn } from './hash-column.ts';
import { emptyRoot, nodeHash } from './hashing.ts';

/** Level of the lowest nodes that are kept; a leaf has level 0. */
const lowestKept = 4;

export class MerkleTree {
  readonly #leafOf: LeafOf;
  /** All whole subtrees of 2^(lowestKept + n) leaves. */
  readonly #kept: HashColumn[] = [];
  /** The root of the last whole subtree of each size that is not part of a larger one. */
  readonly #edge: Uint8Array[] = [];
  #length = 0;

  constructor(leafOf: LeafOf) {
    this.#leafOf = leafOf;
  }

  get length(): number {
    return this.#length;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    let level = 0;
    for (let rest = this.#length; rest % 2 === 1; rest = (rest - 1) / 2) {
      hash = nodeHash(this.#edge[level] ?? hash, hash);
      level += 1;
      if (level >= lowestKept) this.#keep(level, hash);
    }
    this.#edge[level] = hash;
    this.#length += 1;
  }

  /** The root of the tree as it is. */
  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let level = 0, rest = this.#length; rest > 0; level++, rest = Math.floor(rest / 2)) {
      const edge = this.#edge[level];
      if (rest % 2 === 0 || edge === undefined) continue;
      root = root === undefined ? edge : nodeHash(edge, root);
    }
    return root ?? emptyRoot;
  }

  /**
   * The hashes beside the way from a leaf up to the root of the first `length` leaves: PATH(m, D[n]),
   * RFC 6962, section 2.1.1.
   */
  inclusionPath(sequence: number, length: number): readonly Uint8Array[] {
    return this.#path(sequence, 0, length);
  }

  /** What proves that the first `from` of `to` leaves are as they were: PROOF(m, D[n]), section 2.1.2. */
  consistencyPath(from: number, to: number): readonly Uint8Array[] {
    if (from === 0 || from === to) return [];
    return this.#subproof(from, 0, to, true);
  }

  #path(sequence: number, start: number, end: number): readonly Uint8Array[] {
    if (end - start === 1) return [];
    const middle = start + splitOf(end - start);
    return sequence < middle
      ? [...this.#path(sequence, start, middle), this.#hashOf(middle, end)]
      : [...this.#path(sequence, middle, end), this.#hashOf(start, middle)];
  }

  #subproof(from: number, start: number, end: number, isWhole: boolean): readonly Uint8Array[] {
    if (from === end) return isWhole ? [] : [this.#hashOf(start, end)];
    const middle = start + splitOf(end - start);
    return from <= middle
      ? [...this.#subproof(from, start, middle, isWhole), this.#hashOf(middle, end)]
      : [...this.#subproof(from, middle, end, false), this.#hashOf(start, middle)];
  }

  /** MTH(D[start:end]). Every range that the recursions above ask for starts at a multiple of its split. */
  #hashOf(start: number, end: number): Uint8Array {
    const leaves = end - start;
    const level = Math.log2(leaves);
    if (Number.isInteger(level)) return this.#whole(level, start / leaves);
    const middle = start + splitOf(leaves);
    return nodeHash(this.#hashOf(start, middle), this.#hashOf(middle, end));
  }

  /** The root of a whole subtree: the `position`th of its level. */
  #whole(level: number, position: number): Uint8Array {
    const kept = this.#kept[level - lowestKept];
    if (kept !== undefined) return kept.at(position);
    if (level === 0) return this.#leafOf(position);
    return nodeHash(this.#whole(level - 1, 2 * position), this.#whole(level - 1, 2 * position + 1));
  }

  #keep(level: number, hash: Uint8Array): void {
    const column = this.#kept[level - lowestKept] ?? new HashColumn();
    this.#kept[level - lowestKept] = column;
    column.push(hash);
  }
}

/** The largest power of two below a number from 2. */
function splitOf(leaves: number): number {
  return 2 ** (Math.ceil(Math.log2(leaves)) - 1);
}
