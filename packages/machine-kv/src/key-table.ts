/**
 * From each key to its slot: a hash table over typed arrays.
 *
 * A `Map` waits for memory five times to find one of many keys: for the table, the entry, the text and its
 * characters, and then for what belongs to the key. Here it is twice: for the bucket, and for a line that holds the
 * key, if it is short, beside its newest version.
 *
 * The hash has no seed, or it would be another one on each replica and in each run of a test. So whoever chooses keys
 * can choose them for one bucket: what a bucket has no room for goes into a `Map`, whose hashes have a seed.
 */
import { invariant } from '@quorate/core';
import { noVersion, type VersionId } from './version-table.ts';

/** Numbers a key for as long as it is in the table; then it may number another one. */
export type Slot = number;

/**
 * A bucket has 64 bytes, a line of the processor's cache: how many keys stand in it, how many found no room, and for
 * each key its hash and its slot.
 */
const bucketBits = 4;
const bucketWords: number = 1 << bucketBits;
const bucketKeys = 7;
const countAt = 0;
const crowdedAt = 1;
const firstKeyAt = 2;
const firstBuckets = 16;
/** Keys a bucket at most, on average. With four, one key in fifty finds no room. */
const maxLoad = 4;

/** A record of a slot has 32 bytes: two words, and the characters of a short key in Latin 1. */
const recordBytes = 32;
const recordWords: number = recordBytes / 4;
const newestAt = 0;
const lengthAt = 1;
const charactersAt = 8;
const maxShort: number = recordBytes - charactersAt;
/** Length of a key that is compared as the text that it is: too long, or not in Latin 1. */
const isText = -1;
const latin1 = 0xff;

/** Records of a page, as a power of two. The first page begins small, and grows into that. */
const pageBits = 14;
const pageRecords: number = 1 << pageBits;
const pageMask: number = pageRecords - 1;
const firstRecords = 64;

export class KeyTable {
  #buckets: Int32Array = new Int32Array(firstBuckets * bucketWords);
  readonly #crowded = new Map<string, Slot>();
  /** Each page twice: as words, and as bytes. */
  readonly #words: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  /** Records that there is memory for. */
  #capacity = 0;
  /** By slot. */
  readonly #keys: string[] = [];
  readonly #free: Slot[] = [];
  #size = 0;

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** The slot of a key, if it has one. */
  find(key: string): Slot | undefined {
    const hash = hashOf(key);
    const buckets = this.#buckets;
    const bucket = this.#bucketOf(hash);
    const end = bucket + firstKeyAt + 2 * (buckets[bucket + countAt] ?? 0);
    for (let at = bucket + firstKeyAt; at < end; at += 2) {
      if (buckets[at] !== hash) continue;
      const slot = buckets[at + 1] ?? 0;
      if (this.#is(slot, key)) return slot;
    }
    return buckets[bucket + crowdedAt] === 0 ? undefined : this.#crowded.get(key);
  }

  /** Gives a key that has none a slot. */
  add(key: string): Slot {
    const slot = this.#free.pop() ?? this.#keys.length;
    this.#keys[slot] = key;
    this.#write(slot, key);
    this.#size += 1;
    if (this.#size * bucketWords > maxLoad * this.#buckets.length) this.#spread();
    this.#place(key, hashOf(key), slot);
    return slot;
  }

  /** Takes a key out. */
  remove(slot: Slot): void {
    const key = this.key(slot);
    const buckets = this.#buckets;
    const bucket = this.#bucketOf(hashOf(key));
    if (this.#crowded.delete(key)) {
      buckets[bucket + crowdedAt] = (buckets[bucket + crowdedAt] ?? 0) - 1;
    } else {
      const last = (buckets[bucket + countAt] ?? 0) - 1;
      const end = bucket + firstKeyAt + 2 * last;
      let at = bucket + firstKeyAt;
      while (at <= end && buckets[at + 1] !== slot) at += 2;
      invariant(at <= end, 'a key that has a slot stands in its bucket');
      buckets.copyWithin(at, end, end + 2);
      buckets[bucket + countAt] = last;
    }
    this.setNewest(slot, noVersion);
    this.#keys[slot] = '';
    this.#free.push(slot);
    this.#size -= 1;
  }

  key(slot: Slot): string {
    return this.#keys[slot] ?? '';
  }

  /** The newest version of a key. */
  newest(slot: Slot): VersionId {
    return this.#wordsOf(slot)[(slot & pageMask) * recordWords + newestAt] ?? noVersion;
  }

  setNewest(slot: Slot, id: VersionId): void {
    this.#wordsOf(slot)[(slot & pageMask) * recordWords + newestAt] = id;
  }

  #is(slot: Slot, key: string): boolean {
    const { length } = key;
    const record = slot & pageMask;
    const stored = this.#wordsOf(slot)[record * recordWords + lengthAt];
    if (stored === isText) return this.#keys[slot] === key;
    if (stored !== length) return false;
    const bytes = this.#bytes[slot >>> pageBits] ?? noBytes;
    const first = record * recordBytes + charactersAt;
    for (let at = 0; at < length; at++) {
      if (bytes[first + at] !== key.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Writes the record of a key without a version. */
  #write(slot: Slot, key: string): void {
    if (slot >= this.#capacity) this.#grow();
    const words = this.#wordsOf(slot);
    const bytes = this.#bytes[slot >>> pageBits] ?? noBytes;
    const record = slot & pageMask;
    const isShort = key.length <= maxShort && isLatin1(key);
    words[record * recordWords + newestAt] = noVersion;
    words[record * recordWords + lengthAt] = isShort ? key.length : isText;
    if (!isShort) return;
    for (let at = 0; at < key.length; at++) {
      bytes[record * recordBytes + charactersAt + at] = key.charCodeAt(at);
    }
  }

  #place(key: string, hash: number, slot: Slot): void {
    const buckets = this.#buckets;
    const bucket = this.#bucketOf(hash);
    const count = buckets[bucket + countAt] ?? 0;
    if (count === bucketKeys) {
      this.#crowded.set(key, slot);
      buckets[bucket + crowdedAt] = (buckets[bucket + crowdedAt] ?? 0) + 1;
      return;
    }
    buckets[bucket + firstKeyAt + 2 * count] = hash;
    buckets[bucket + firstKeyAt + 2 * count + 1] = slot;
    buckets[bucket + countAt] = count + 1;
  }

  /** Twice as many buckets. */
  #spread(): void {
    const old = this.#buckets;
    const crowded = [...this.#crowded];
    this.#crowded.clear();
    this.#buckets = new Int32Array(2 * old.length);
    for (let bucket = 0; bucket < old.length; bucket += bucketWords) {
      const end = bucket + firstKeyAt + 2 * (old[bucket + countAt] ?? 0);
      for (let at = bucket + firstKeyAt; at < end; at += 2) {
        const slot = old[at + 1] ?? 0;
        this.#place(this.key(slot), old[at] ?? 0, slot);
      }
    }
    for (const [key, slot] of crowded) this.#place(key, hashOf(key), slot);
  }

  #grow(): void {
    const isFirst = this.#capacity < pageRecords;
    const page = isFirst ? 0 : this.#words.length;
    const records = isFirst ? Math.max(2 * this.#capacity, firstRecords) : pageRecords;
    const words = new Int32Array(records * recordWords);
    if (isFirst) words.set(this.#words[0] ?? noWords);
    this.#words[page] = words;
    this.#bytes[page] = new Uint8Array(words.buffer);
    this.#capacity = page * pageRecords + records;
  }

  /** Where the bucket of a hash begins. */
  #bucketOf(hash: number): number {
    return (hash << bucketBits) & (this.#buckets.length - 1);
  }

  #wordsOf(slot: Slot): Int32Array {
    return this.#words[slot >>> pageBits] ?? noWords;
  }
}

const noWords = new Int32Array(0);
const noBytes = new Uint8Array(0);

function isLatin1(key: string): boolean {
  for (let at = 0; at < key.length; at++) if (key.charCodeAt(at) > latin1) return false;
  return true;
}

/** A hash of 32 bits in the manner of MurmurHash3 (Austin Appleby), by UTF-16 units, two at a time. */
export function hashOf(key: string): number {
  const { length } = key;
  let hash = length;
  let at = 0;
  for (; at + 1 < length; at += 2) {
    hash = Math.imul(hash ^ (key.charCodeAt(at) | (key.charCodeAt(at + 1) << 16)), 0x85ebca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  if (at < length) hash = Math.imul(hash ^ key.charCodeAt(at), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
