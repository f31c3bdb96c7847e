/**
 * Writing fields as bytes; numbers are big-endian.
 *
 * A writer carves its output out of large slabs: a `Uint8Array` of its own costs about a microsecond, a view on a
 * slab a tenth of that.
 */
import { InvalidArgumentError } from './errors.ts';
import { firstBeyondAscii } from './short-text.ts';

const slabBytes = 64 * 1024;
/** A larger slab is not written again, or one large piece would be paid for as long as its writer lives. */
const mostReusedBytes = 1024 * 1024;
/** Up to here a loop copies faster than what is behind `set` begins. */
const loopBytes = 48;
/** As for a text: most keys and names are short, and in ASCII. */
const loopText = 32;
const u32Range = 2 ** 32;
const encoder: { encodeInto(text: string, target: Uint8Array): { written: number } } =
  new TextEncoder();

/**
 * Writes fields one after the other. `take()` returns what was written since the last `take()`, as
 * a view on a slab that is never written again, and the writer goes on behind it; unless whoever took
 * it gives it back.
 *
 * A number that its field cannot hold is refused with `InvalidArgumentError`, and nothing is written:
 * the alternative is to wrap it, and then a peer reads another index than the one that was meant.
 */
export class ByteWriter {
  #slab: Uint8Array;
  /** Of the slab: asking a `Uint8Array` for it costs a third of a `take()`. */
  #buffer: ArrayBufferLike;
  #view: DataView;
  #start = 0;
  #at = 0;
  /** Taken last: pieces of one length that are given back, one after another, are one view. */
  #taken: Uint8Array | undefined;

  /** @param firstSlabBytes size of the first slab; later ones have 64 KiB or what a field needs. */
  constructor(firstSlabBytes: number = 1024) {
    this.#slab = new Uint8Array(firstSlabBytes);
    this.#buffer = this.#slab.buffer;
    this.#view = new DataView(this.#buffer);
  }

  /** Bytes written since the last `take()`. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** An integer from 0 below 2^8. */
  u8(value: number): this {
    if ((value & 0xff) !== value) refuse(value, 'u8');
    this.#reserve(1);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
    return this;
  }

  /** An integer from 0 below 2^16. */
  u16(value: number): this {
    if ((value & 0xffff) !== value) refuse(value, 'u16');
    this.#reserve(2);
    this.#view.setUint16(this.#at, value);
    this.#at += 2;
    return this;
  }

  /** An integer from 0 below 2^32. */
  u32(value: number): this {
    if (value >>> 0 !== value) refuse(value, 'u32');
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** An integer from 0 below 2^48: indexes, terms, milliseconds. */
  u48(value: number): this {
    this.#reserve(6);
    putU48(this.#view, this.#at, value);
    this.#at += 6;
    return this;
  }

  f64(value: number): this {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
    return this;
  }

  boolean(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** A length (u32), then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** A length (u32), then the text in UTF-8. Half of a surrogate pair becomes U+FFFD. */
  string(text: string): this {
    if (text.length <= loopText && this.#shortAscii(text)) return this;
    // A UTF-16 unit takes at most three bytes in UTF-8: reserve for the worst, use what it takes.
    this.#reserve(4 + text.length * 3);
    const { written } = encoder.encodeInto(text, this.#slab.subarray(this.#at + 4));
    this.#view.setUint32(this.#at, written);
    this.#at += 4 + written;
    return this;
  }

  /** Writes a text as `string` does, if it is in ASCII. */
  #shortAscii(text: string): boolean {
    const { length } = text;
    this.#reserve(4 + length);
    const first = this.#at + 4;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= firstBeyondAscii) return false;
      this.#slab[first + at] = unit;
    }
    this.#view.setUint32(this.#at, length);
    this.#at = first + length;
    return true;
  }

  /** Leaves room for `count` bytes, zeroed, to be filled in later through the view from `take()`. */
  skip(count: number): this {
    this.#reserve(count);
    // Something that was moved away, or given back, may have stood there.
    this.#slab.fill(0, this.#at, this.#at + count);
    this.#at += count;
    return this;
  }

  /** Puts another value into a field from {@link u32} that was written since the last `take()`, `at` bytes behind that. */
  setU32(at: number, value: number): void {
    if (value >>> 0 !== value) refuse(value, 'u32');
    if (!(at >= 0 && at + 4 <= this.length)) {
      throw new InvalidArgumentError(`there is no field of four bytes at ${String(at)}`);
    }
    this.#view.setUint32(this.#start + at, value);
  }

  /** Bytes that can be written before another slab is needed. */
  get room(): number {
    return this.#slab.length - this.#at;
  }

  /** What was written since the last `take()`. */
  take(): Uint8Array {
    const { length } = this;
    let taken = this.#taken;
    if (taken?.length !== length || taken.byteOffset !== this.#start) {
      taken = new Uint8Array(this.#buffer, this.#start, length);
      this.#taken = taken;
    }
    this.#start = this.#at;
    return taken;
  }

  /**
   * Writes over `piece`, from `take()`, and over all that was taken after it: to be called where nobody reads any of
   * it any more, and nothing was written since. Does nothing where another slab is in use by now.
   */
  giveBack(piece: Uint8Array): void {
    if (this.length > 0) return;
    if (piece !== this.#taken && piece.buffer !== this.#buffer) return;
    this.#start = piece.byteOffset;
    this.#rewind();
  }

  /**
   * Copies what was written since the last `take()` to an offset of `target`, and goes on in its place: where
   * somebody else's memory is to hold it, no slab is used up, and no view made.
   *
   * @throws InvalidArgumentError if it does not fit there.
   */
  moveTo(target: Uint8Array, offset: number): void {
    const { length } = this;
    if (!(offset >= 0 && offset + length <= target.length)) {
      throw new InvalidArgumentError(
        `${String(length)} bytes do not fit at ${String(offset)} of ${String(target.length)}`,
      );
    }
    if (length <= loopBytes) {
      for (let at = 0; at < length; at++) target[offset + at] = this.#slab[this.#start + at] ?? 0;
    } else {
      target.set(this.#slab.subarray(this.#start, this.#at), offset);
    }
    this.#rewind();
  }

  #rewind(): void {
    this.#at = this.#start;
    if (this.#slab.length > mostReusedBytes) this.#useSlab(slabBytes);
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#slab.length) return;
    const unfinished = this.#slab.subarray(this.#start, this.#at);
    const needed = unfinished.length + count;
    // Doubling inside one unfinished piece keeps many small fields from copying again and again.
    const size = needed <= slabBytes ? slabBytes : needed + unfinished.length;
    this.#useSlab(size);
    this.#slab.set(unfinished);
    this.#at = unfinished.length;
  }

  #useSlab(size: number): void {
    this.#slab = new Uint8Array(size);
    this.#buffer = this.#slab.buffer;
    this.#view = new DataView(this.#buffer);
    this.#taken = undefined;
    this.#start = 0;
    this.#at = 0;
  }
}

/** Largest value that fits {@link ByteWriter.u48}. */
export const maxU48: number = 2 ** 48 - 1;

/**
 * Puts an integer from 0 below 2^48 at an offset.
 *
 * @throws InvalidArgumentError if the value is none; nothing is written then.
 */
export function putU48(view: DataView, offset: number, value: number): void {
  const high = Math.floor(value / u32Range);
  const low = value - high * u32Range;
  if (high < 0 || high > 0xffff || low >>> 0 !== low) refuse(value, 'u48');
  view.setUint16(offset, high);
  view.setUint32(offset + 2, low);
}

function refuse(value: number, field: string): never {
  throw new InvalidArgumentError(`${String(value)} does not fit into a field of type ${field}`);
}
