/**
 * The versions of all keys, as records in pages of typed arrays.
 *
 * A version lives for as long as it can be read: through ten thousand later commands at least, and those of a
 * large map through millions. As objects they are what a generational collector is worst at: each is copied twice,
 * promoted, traced again and again, and swept in the end. Here they cost it nothing, lie in one line of the
 * processor's cache each, and are given back by whoever knows that nobody can read them any more.
 */

/** Names one version for as long as it is in the table; then it may name another one. */
export type VersionId = number;

/** No version. */
export const noVersion: VersionId = 0;

/** Versions that are looked at together: their memory is asked for at once, and waited for once. */
export const groupSize = 16;

/** What a version is made of. */
export interface VersionFields {
  /** Which key, see key-index.ts. */
  readonly slot: number;
  /** Revision at which the key came into being; 0 in a tombstone. */
  readonly createRevision: number;
  /** Revision that made this version. */
  readonly modRevision: number;
  /** Which change of that revision it was, from 0. */
  readonly position: number;
  /** How many versions since the key came into being, from 1; 0 in a tombstone. */
  readonly version: number;
  /** The lease that the key hung on; 0: none. */
  readonly lease: number;
  /** Bytes of the key (UTF-8). */
  readonly keyBytes: number;
  /** Bytes of the value; 0 in a tombstone. */
  readonly valueBytes: number;
  /** The version before, as long as it can be read. */
  readonly previous: VersionId;
}

/** Place of the value of a version that has none: of a *tombstone*, by which a key was deleted. */
export const noPlace = -1;

/** A record has 64 bytes: five numbers and six words. */
const recordNumbers = 8;
const recordWords = 16;
const createRevisionAt = 0;
const modRevisionAt = 1;
const versionAt = 2;
const leaseAt = 3;
const placeAt = 4;
const slotAt = 10;
const positionAt = 11;
const lengthsAt = 12;
const previousAt = 13;
const hashLowAt = 14;
const hashHighAt = 15;

/** Two lengths share a word: a value has up to 2^20 bytes, a key up to 2^10. */
const valueBits = 21;
const valueMask: number = (1 << valueBits) - 1;

/** Records of a page, as a power of two: a megabyte. The first page begins small, and grows into that. */
const pageBits = 14;
const pageRecords: number = 1 << pageBits;
const pageMask: number = pageRecords - 1;
const firstRecords = 64;

export class VersionTable {
  /** Each page twice: as numbers, and as words. */
  readonly #numbers: Float64Array[] = [];
  readonly #words: Int32Array[] = [];
  /** The first of the records that are free again, linked by `previous`. */
  #free: VersionId = noVersion;
  /** The first record that was never used. The very first stands for no version, and never is. */
  #fresh: VersionId = noVersion + 1;
  /** Records that there is memory for. */
  #capacity = 0;
  #size = 0;

  /** Number of versions. */
  get size(): number {
    return this.#size;
  }

  /** Adds a version without a value, and with this hash. */
  add(fields: VersionFields, hashLow: number, hashHigh: number): VersionId {
    const id = this.#take();
    const numbers = this.#numbersOf(id);
    const number = (id & pageMask) * recordNumbers;
    numbers[number + createRevisionAt] = fields.createRevision;
    numbers[number + modRevisionAt] = fields.modRevision;
    numbers[number + versionAt] = fields.version;
    numbers[number + leaseAt] = fields.lease;
    numbers[number + placeAt] = noPlace;
    const words = this.#wordsOf(id);
    const word = (id & pageMask) * recordWords;
    words[word + slotAt] = fields.slot;
    words[word + positionAt] = fields.position;
    words[word + lengthsAt] = (fields.keyBytes << valueBits) | fields.valueBytes;
    words[word + previousAt] = fields.previous;
    words[word + hashLowAt] = hashLow;
    words[word + hashHighAt] = hashHigh;
    return id;
  }

  /** Takes a version out. Whoever knows its id must forget it. */
  remove(id: VersionId): void {
    this.setPlace(id, noPlace);
    this.setPrevious(id, this.#free);
    this.#free = id;
    this.#size -= 1;
  }

  slot(id: VersionId): number {
    return this.#word(id, slotAt);
  }

  createRevision(id: VersionId): number {
    return this.#number(id, createRevisionAt);
  }

  modRevision(id: VersionId): number {
    return this.#number(id, modRevisionAt);
  }

  position(id: VersionId): number {
    return this.#word(id, positionAt);
  }

  version(id: VersionId): number {
    return this.#number(id, versionAt);
  }

  lease(id: VersionId): number {
    return this.#number(id, leaseAt);
  }

  /** Bytes of key and value. */
  bytes(id: VersionId): number {
    const lengths = this.#word(id, lengthsAt);
    return (lengths >>> valueBits) + (lengths & valueMask);
  }

  valueBytes(id: VersionId): number {
    return this.#word(id, lengthsAt) & valueMask;
  }

  hashLow(id: VersionId): number {
    return this.#word(id, hashLowAt);
  }

  hashHigh(id: VersionId): number {
    return this.#word(id, hashHighAt);
  }

  previous(id: VersionId): VersionId {
    return this.#word(id, previousAt);
  }

  setPrevious(id: VersionId, previous: VersionId): void {
    this.#wordsOf(id)[(id & pageMask) * recordWords + previousAt] = previous;
  }

  /** Where its value stands, see value-log.ts. */
  place(id: VersionId): number {
    return this.#number(id, placeAt);
  }

  setPlace(id: VersionId, place: number): void {
    this.#numbersOf(id)[(id & pageMask) * recordNumbers + placeAt] = place;
  }

  /** Whether there is such a version, and it is one of a key that is there. */
  isLive(id: VersionId): boolean {
    return id !== noVersion && this.place(id) !== noPlace;
  }

  /** The version of a key that was in force at a revision, given its newest; `noVersion` if the key was not there. */
  inForce(newest: VersionId, revision: number): VersionId {
    let id = newest;
    while (id !== noVersion && this.modRevision(id) > revision) id = this.previous(id);
    return this.isLive(id) ? id : noVersion;
  }

  #take(): VersionId {
    this.#size += 1;
    if (this.#free !== noVersion) {
      const id = this.#free;
      this.#free = this.previous(id);
      return id;
    }
    if (this.#fresh >= this.#capacity) this.#grow();
    this.#fresh += 1;
    return this.#fresh - 1;
  }

  #grow(): void {
    const isFirst = this.#capacity < pageRecords;
    const page = isFirst ? 0 : this.#numbers.length;
    const records = isFirst ? Math.max(2 * this.#capacity, firstRecords) : pageRecords;
    const numbers = new Float64Array(records * recordNumbers);
    if (isFirst) numbers.set(this.#numbers[0] ?? noNumbers);
    this.#numbers[page] = numbers;
    this.#words[page] = new Int32Array(numbers.buffer);
    this.#capacity = page * pageRecords + records;
  }

  #numbersOf(id: VersionId): Float64Array {
    return this.#numbers[id >>> pageBits] ?? noNumbers;
  }

  #wordsOf(id: VersionId): Int32Array {
    return this.#words[id >>> pageBits] ?? noWords;
  }

  #number(id: VersionId, field: number): number {
    return this.#numbersOf(id)[(id & pageMask) * recordNumbers + field] ?? 0;
  }

  #word(id: VersionId, field: number): number {
    return this.#wordsOf(id)[(id & pageMask) * recordWords + field] ?? 0;
  }
}

const noNumbers = new Float64Array(0);
const noWords = new Int32Array(0);
