/**
 * Copies values for those who keep them: answers, results and events outlive the place of a value in the map.
 *
 * A buffer of its own costs up to 2 µs per value (allocation and collection together), a view on a
 * shared one 0.4 µs. So small values share slabs. A slab goes when the last value in it goes, so the
 * slabs are small: a value pins at most `slabBytes`.
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
