/**
 * The hash chain: each head commits to all records before it, in their order.
 *
 * Every 16th head is kept, so that a page of records can say where it starts: the head in front of any
 * record is at most 15 links away.
 */
import { HashColumn } from './hash-column.ts';
import { emptyHead, linkHash } from './hashing.ts';

const stride = 16;

/** The leaf of a record, by its sequence number. */
export type LeafOf = (sequence: number) => Uint8Array;

export class HashChain {
  readonly #kept = new HashColumn();
  readonly #leafOf: LeafOf;
  #head = emptyHead;
  #length = 0;

  constructor(leafOf: LeafOf) {
    this.#leafOf = leafOf;
  }

  get head(): Uint8Array {
    return this.#head;
  }

  append(leaf: Uint8Array): void {
    if (this.#length % stride === 0) this.#kept.push(this.#head);
    this.#head = linkHash(this.#head, leaf);
    this.#length += 1;
  }

  /** The head when the chain had this length, which it has had. */
  headAt(length: number): Uint8Array {
    if (length === this.#length) return this.#head;
    const start = length - (length % stride);
    let head = this.#kept.at(start / stride);
    for (let at = start; at < length; at++) head = linkHash(head, this.#leafOf(at));
    return head;
  }
}
