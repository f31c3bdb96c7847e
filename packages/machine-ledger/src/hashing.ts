/**
 * The three uses of SHA-256, told apart by a first byte so that no input of one is an input of another:
 *
 *     leaf    SHA-256(0x00 || record)             RFC 6962, section 2.1
 *     node    SHA-256(0x01 || left || right)      RFC 6962, section 2.1
 *     link    SHA-256(0x02 || head || leaf)       the chain, over the leaf of the record
 */
import { sha256 } from '@noble/hashes/sha2.js';

/** Length of a hash. */
export const hashBytes = 32;

/** First byte of what is hashed for a leaf. */
export const leafPrefix = 0x00;
const nodePrefix = 0x01;
const linkPrefix = 0x02;

/** The head of a chain that has no link. */
export const emptyHead: Uint8Array = new Uint8Array(hashBytes);

/** The root of a tree that has no leaf. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0));

const pair = new Uint8Array(1 + 2 * hashBytes);

/** The leaf of a record. */
export function leafHash(record: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + record.length);
  prefixed[0] = leafPrefix;
  prefixed.set(record, 1);
  return prefixedLeafHash(prefixed);
}

/** The leaf of a record that stands behind its `leafPrefix` already, which saves a copy. */
export function prefixedLeafHash(prefixed: Uint8Array): Uint8Array {
  return sha256(prefixed);
}

/** The node over two others. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return pairHash(nodePrefix, left, right);
}

/** The head of a chain after one more record, given the head before it. */
export function linkHash(head: Uint8Array, leaf: Uint8Array): Uint8Array {
  return pairHash(linkPrefix, head, leaf);
}

/** A hash as 64 lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Bytes from lower-case hexadecimal digits; `undefined` if they are none. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}

function pairHash(prefix: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  pair[0] = prefix;
  pair.set(left, 1);
  pair.set(right, 1 + hashBytes);
  return sha256(pair);
}
