/**
 * Checking proofs: pure functions of what is at hand, for whoever trusts a published length and root and
 * nothing else. The algorithms are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
 *
 * The length is as much a part of what has to be trusted as the root: a path that leads to the root of three
 * leaves from the third of them leads there from the second of two as well, if the proof may say how many there are.
 */
import { equalBytes } from '@quorate/core';
import { emptyRoot, hashBytes, leafHash, nodeHash } from './hashing.ts';
import type { LedgerConsistency, LedgerInclusion } from './results.ts';

/** What is published of a ledger, for proofs to be checked against: `status` has both. */
export interface LedgerRoot {
  /** Number of events. */
  readonly length: number;
  /** The root of the Merkle tree over them. */
  readonly root: Uint8Array;
}

/**
 * Tells whether a record is the one with this sequence number in the ledger of which that was published.
 *
 * @param published from a `status` that is trusted; a proof for another length proves nothing
 */
export function verifyInclusion(proof: LedgerInclusion, published: LedgerRoot): boolean {
  const { sequence, length, record, path } = proof;
  if (length !== published.length) return false;
  if (!isCount(sequence) || !isCount(length) || sequence >= length) return false;
  if (!path.every(isHash)) return false;
  let node = sequence;
  let last = length - 1;
  let hash = leafHash(record);
  for (const beside of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(beside, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, beside);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(hash, published.root);
}

/**
 * Tells whether the ledger of which `older` was published is the start of the one of which `newer` was:
 * nothing in it was changed, taken out or put in between. A proof for other lengths proves nothing.
 */
export function verifyConsistency(
  proof: LedgerConsistency,
  older: LedgerRoot,
  newer: LedgerRoot,
): boolean {
  const { from, to } = proof;
  const { root: fromRoot } = older;
  const { root: toRoot } = newer;
  if (from !== older.length || to !== newer.length) return false;
  if (!isCount(from) || !isCount(to) || from > to) return false;
  if (!isHash(fromRoot) || !proof.path.every(isHash)) return false;
  if (from === to) return proof.path.length === 0 && equalBytes(fromRoot, toRoot);
  // The empty ledger is the start of every one.
  if (from === 0) return proof.path.length === 0 && equalBytes(fromRoot, emptyRoot);
  const path = isPowerOfTwo(from) ? [fromRoot, ...proof.path] : proof.path;
  let node = from - 1;
  let last = to - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let fromHash = first;
  let toHash = first;
  for (const beside of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      fromHash = nodeHash(beside, fromHash);
      toHash = nodeHash(beside, toHash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      toHash = nodeHash(toHash, beside);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(fromHash, fromRoot) && equalBytes(toHash, toRoot);
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === hashBytes;
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}
