/**
 * Pieces for a machine's `stateHash`: a digest of the state that is kept up change by change.
 *
 * Give each item of the state a 64-bit hash, and keep their sum (two sums modulo 2^32): a change
 * subtracts the hash of what goes and adds that of what comes. A sum does not care for order, so a
 * replica that replayed the log and one that restored a snapshot arrive at the same digest, and a
 * change costs only its own size.
 *
 * It finds accidents: a bug, a flipped bit, a replica that went astray. Whoever wants to make two
 * states with one digest can; it is no proof against attackers.
 */

const scratchBytes = 4096;

/** A hash of 64 bits in two signed halves, which V8 keeps without allocating. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/**
 * Hashes fields one after the other, from `start` to `finish`, and then holds the hash: two lanes in
 * the manner of MurmurHash3 (Austin Appleby), with its finalizer. Reads bytes as little-endian words whatever the machine, so that all agree.
 */
export class Hasher implements Hash64 {
  low = 0;
  high = 0;
  readonly #scratch = new Uint8Array(scratchBytes);
  readonly #words = new DataView(this.#scratch.buffer);

  /** Begins another hash. */
  start(): this {
    this.low = 0x243f6a88 | 0;
    this.high = 0x85a308d3 | 0;
    return this;
  }

  /** A safe integer from 0. `| 0` takes its low 32 bits, however long it is. */
  number(value: number): this {
    this.#word(value | 0);
    this.#word((value / 2 ** 32) | 0);
    return this;
  }

  /** A text, by its UTF-16 units. */
  text(text: string): this {
    this.#word(text.length);
    for (let at = 0; at < text.length; at++) this.#word(text.charCodeAt(at));
    return this;
  }

  /** Bytes, of any number. */
  bytes(bytes: Uint8Array): this {
    this.#word(bytes.length);
    if (bytes.length <= scratchBytes) return this.#block(bytes);
    for (let at = 0; at < bytes.length; at += scratchBytes) {
      this.#block(bytes.subarray(at, at + scratchBytes));
    }
    return this;
  }

  /** Mixes what went in; `low` and `high` are the hash then. */
  finish(): this {
    const { low, high } = this;
    this.low = avalanche(low ^ Math.imul(high, 0x9e3779b1));
    this.high = avalanche(high ^ Math.imul(low, 0x7feb352d));
    return this;
  }

  /** Through a scratch buffer whose view exists already: making a view costs more than the copy. */
  #block(bytes: Uint8Array): this {
    // The last word may reach beyond the bytes: nothing of an earlier value may show there.
    if ((bytes.length & 3) !== 0) this.#words.setInt32(bytes.length & ~3, 0);
    this.#scratch.set(bytes);
    let { low, high } = this;
    for (let at = 0; at < bytes.length; at += 4) {
      const word = this.#words.getInt32(at, true);
      low = Math.imul(rotate13(low ^ word), 0x85ebca6b);
      high = Math.imul(rotate17((high + word) | 0), 0xc2b2ae35);
    }
    this.low = low;
    this.high = high;
    return this;
  }

  #word(word: number): void {
    this.low = Math.imul(rotate13(this.low ^ word), 0x85ebca6b);
    this.high = Math.imul(rotate17((this.high + word) | 0), 0xc2b2ae35);
  }
}

/** A sum of hashes. */
export class HashSum implements Hash64 {
  low = 0;
  high = 0;

  clear(): void {
    this.low = 0;
    this.high = 0;
  }

  add(low: number, high: number): void {
    this.low = (this.low + low) | 0;
    this.high = (this.high + high) | 0;
  }

  subtract(low: number, high: number): void {
    this.low = (this.low - low) | 0;
    this.high = (this.high - high) | 0;
  }
}

/** A hash as 16 lower-case hexadecimal digits. */
export function hashHex(hash: Hash64): string {
  return half(hash.high) + half(hash.low);
}

function half(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}

function rotate13(bits: number): number {
  return (bits << 13) | (bits >>> 19);
}

function rotate17(bits: number): number {
  return (bits << 17) | (bits >>> 15);
}

function avalanche(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
