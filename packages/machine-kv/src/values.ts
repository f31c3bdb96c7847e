/**
 * Copies values that are kept.
 *
 * A value arrives as a view on the frame or record that it came in, possibly megabytes long. Kept as
 * it is, one short value that nobody overwrites holds all of that in memory for ever. So every value
 * that enters the map is copied, into memory whose size it determines.
 *
 * A buffer of its own costs up to 2 µs per value (allocation and collection together), a view on a
 * shared one 0.4 µs. So small values share slabs. A slab goes when the last value in it goes, so the
 * slabs are small: a value pins at most `slabBytes`, and 256-byte values that are overwritten at random
 * hold about three times their own length, where buffers of their own would cost five times the time.
 */

const slabBytes = 4096;
/** Values from here on get a buffer of their own. */
const ownBufferBytes = 1024;
const empty = new Uint8Array(0);

/** Makes copies. One per map: values of different maps share no memory. */
export class ValueCopier {
  #slab: ArrayBuffer = new ArrayBuffer(slabBytes);
  #used = 0;

  copy(value: Uint8Array): Uint8Array {
    const bytes = value.length;
    if (bytes === 0) return empty;
    // Not slice(): on Node's Buffer that is a view.
    const copy = bytes >= ownBufferBytes ? new Uint8Array(bytes) : this.#carve(bytes);
    copy.set(value);
    return copy;
  }

  #carve(bytes: number): Uint8Array {
    if (this.#used + bytes > slabBytes) {
      this.#slab = new ArrayBuffer(slabBytes);
      this.#used = 0;
    }
    const carved = new Uint8Array(this.#slab, this.#used, bytes);
    this.#used += bytes;
    return carved;
  }
}
