/**
 * Bytes that can be made again wherever they are needed, from their name alone: the process that
 * writes them and the one that looks for them share nothing but a seed.
 */
import { createHash } from 'node:crypto';
import { crc32, seededRandom } from '@quorate/core';

/** What some bytes are. */
export interface Content {
  /** No two contents of a run have the same. */
  readonly name: string;
  readonly bytes: number;
}

/** Enough to tell two contents apart, or one from its damaged self: `bytes:CRC-32`. */
export type Fingerprint = string;

/** Bytes at the front that differ from content to content, whatever the rest looks like. */
const uniqueBytes = 16;

/** Makes the bytes. Some are all zeros or all ones behind their first few: as a torn page might be. */
export function bytesOf({ name, bytes }: Content): Uint8Array {
  const digest = createHash('sha256').update(name).digest();
  const random = seededRandom(digest.readUIntBE(0, 6));
  const words = new Uint32Array(Math.ceil(bytes / 4));
  const made = new Uint8Array(words.buffer, 0, bytes);
  const look = (digest[6] ?? 0) % 8;
  const filled = look < 2 ? Math.min(words.length, uniqueBytes / 4) : words.length;
  for (let at = 0; at < filled; at++) words[at] = random.next() * 2 ** 32;
  if (look === 1) made.fill(0xff, uniqueBytes);
  return made;
}

/** The fingerprint of bytes. */
export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return `${bytes.length}:${crc32(bytes).toString(16).padStart(8, '0')}`;
}

/** The fingerprint that a content has when it is whole. */
export function fingerprintOfContent(content: Content): Fingerprint {
  return fingerprintOf(bytesOf(content));
}
