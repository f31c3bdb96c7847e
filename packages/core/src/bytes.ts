/**
 * Reading and writing bytes, with limits.
 *
 * All numbers are big-endian. Bytes are `Uint8Array` everywhere, so that the same code runs in
 * browsers. Writers carve their output out of large slabs: a `Uint8Array` of its own costs about a
 * microsecond, a view on a slab a tenth of that. Readers hand out views, never copies; whoever keeps
 * a small view for long (a state machine, say) copies it, or it pins the whole frame it came in.
 */
import { InvalidArgumentError, MalformedError } from './errors.ts';

const slabBytes = 64 * 1024;
/** A part of so many bytes is worth its cost. */
const leastPartBytes = 8 * 1024;
/** A larger slab is not written again, or one large piece would be paid for as long as its writer lives. */
const mostReusedBytes = 1024 * 1024;
/** Up to here a loop copies faster than what is behind `set` begins. */
const loopBytes = 48;
const u32Range = 2 ** 32;
const encoder: {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { written: number };
} = new TextEncoder();
// A byte order mark is a character like any other: without `ignoreBOM` (which means "do not treat it
// specially") a text that starts with U+FEFF would come back without it.
const decoder: { decode(bytes: Uint8Array): string } = new TextDecoder('utf-8', {
  fatal: true,
  ignoreBOM: true,
});

/** The UTF-8 bytes of a text. Half of a surrogate pair, which has none, becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Text from UTF-8 bytes.
 *
 * @throws MalformedError if they are not valid UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new MalformedError('text is not valid UTF-8', { cause });
  }
}

/** Tells whether two byte strings are equal. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

/** Orders two byte strings lexicographically, a prefix first. Negative, zero or positive. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Joins parts into one byte string; a single part comes back as it is. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(totalBytes(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Sum of the lengths of all parts. */
export function totalBytes(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}

/**
 * Writes fields one after the other. `take()` returns what was written since the last `take()`, as
 * a view on a slab that is never written again, and the writer goes on behind it.
 *
 * A number that its field cannot hold is refused with `InvalidArgumentError`, and nothing is written:
 * the alternative is to wrap it, and then a peer reads another index than the one that was meant.
 */
export class ByteWriter {
  #slab: Uint8Array;
  #view: DataView;
  #start = 0;
  #at = 0;
  /** Pieces of one length after another are lent as one view. */
  #lent: Uint8Array | undefined;

  /** @param firstSlabBytes size of the first slab; later ones have 64 KiB or what a field needs. */
  constructor(firstSlabBytes: number = 1024) {
    this.#slab = new Uint8Array(firstSlabBytes);
    this.#view = new DataView(this.#slab.buffer);
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
    // A UTF-16 unit takes at most three bytes in UTF-8: reserve for the worst, use what it takes.
    this.#reserve(4 + text.length * 3);
    const { written } = encoder.encodeInto(text, this.#slab.subarray(this.#at + 4));
    this.#view.setUint32(this.#at, written);
    this.#at += 4 + written;
    return this;
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

  /**
   * Writes over `piece`, from `take()`, and over all that was taken after it: to be called where nobody reads any of
   * it any more, and nothing was written since. Does nothing where another slab is in use by now.
   */
  giveBack(piece: Uint8Array): void {
    if (piece.buffer !== this.#slab.buffer || this.length > 0) return;
    this.#at = piece.byteOffset;
    this.#start = this.#at;
  }

  /** What was written since the last `take()`. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#slab.buffer, this.#start, this.#at - this.#start);
    this.#start = this.#at;
    return taken;
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

  /**
   * What was written since the last `take()`, lent until the next field is written: into the same memory. Whoever
   * gets it copies what is to stay.
   */
  lend(): Uint8Array {
    const { length } = this;
    let lent = this.#lent;
    if (
      lent?.length !== length ||
      lent.byteOffset !== this.#start ||
      lent.buffer !== this.#slab.buffer
    ) {
      lent = new Uint8Array(this.#slab.buffer, this.#start, length);
      this.#lent = lent;
    }
    this.#rewind();
    return lent;
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
    this.#view = new DataView(this.#slab.buffer);
    this.#lent = undefined;
    this.#start = 0;
    this.#at = 0;
  }
}

/**
 * Writes a frame as a list of parts: small fields are gathered in a slab, large byte strings are
 * referred to as they stand, so that a record is not copied on its way from the log to a socket.
 */
export class FrameWriter {
  /** Byte strings from this size on are referred to, smaller ones copied: a part has a cost too. */
  static readonly referFromBytes = 512;

  readonly #parts: Uint8Array[] = [];
  readonly #writer: ByteWriter;
  #partBytes = 0;

  constructor(writer: ByteWriter = new ByteWriter()) {
    this.#writer = writer;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#partBytes + this.#writer.length;
  }

  /** The writer for small fields. */
  get fields(): ByteWriter {
    return this.#writer;
  }

  /** A length (u32), then the bytes, which must not change any more. */
  bytes(bytes: Uint8Array): void {
    this.#writer.u32(bytes.length);
    this.raw(bytes);
  }

  /** Bytes as they are, which must not change any more. */
  raw(bytes: Uint8Array): void {
    if (bytes.length < FrameWriter.referFromBytes) {
      this.copy(bytes);
      return;
    }
    this.#close();
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
  }

  /** Bytes as they are, which may change afterwards. */
  copy(bytes: Uint8Array): void {
    // What is begun would move to a larger slab: let the frame have one part more.
    if (bytes.length > this.#writer.room && this.#writer.length >= leastPartBytes) this.#close();
    this.#writer.raw(bytes);
  }

  /** All parts since the last `take()`, in order. */
  take(): readonly Uint8Array[] {
    this.#close();
    this.#partBytes = 0;
    return this.#parts.splice(0);
  }

  #close(): void {
    if (this.#writer.length === 0) return;
    const part = this.#writer.take();
    this.#parts.push(part);
    this.#partBytes += part.length;
  }
}

/**
 * Reads fields one after the other out of bytes that are not to be believed: every length is
 * checked against what is left, and against a limit where the caller has one, before it is used.
 */
export class ByteReader {
  // No view for numbers: there is a reader for each message and record, and making a view costs more than all of
  // the few fields that are read through it.
  #bytes: Uint8Array;
  #at: number;
  #end: number;
  /** What lies behind these bytes, where it is in pieces. */
  #pieces: Pieces | undefined;

  constructor(bytes: Uint8Array, offset: number = 0) {
    this.#bytes = bytes;
    this.#at = offset;
    this.#end = bytes.length;
    if (offset > bytes.length)
      throw new MalformedError('cut short: nothing where a field should be');
  }

  /** Reads bytes that lie in pieces, one behind the other. A field that lies in one of them is not copied. */
  static over(pieces: readonly Uint8Array[]): ByteReader {
    const [first = new Uint8Array(0)] = pieces;
    const reader = new ByteReader(first);
    if (pieces.length > 1) {
      reader.#pieces = { list: [...pieces], next: 1, bytes: totalBytes(pieces) - first.length };
    }
    return reader;
  }

  /** Bytes not read yet. */
  get left(): number {
    const pieces = this.#pieces;
    return this.#end - this.#at + (pieces === undefined ? 0 : pieces.bytes);
  }

  /** Where the next field starts; of bytes that are not in pieces. */
  get offset(): number {
    return this.#at;
  }

  /** Goes on with another stretch of the same bytes, not in pieces: one reader for many that lie in one buffer. */
  moveTo(offset: number, end: number): void {
    if (!(offset >= 0 && offset <= end && end <= this.#bytes.length)) {
      throw new MalformedError('cut short: nothing where a field should be');
    }
    this.#at = offset;
    this.#end = end;
  }

  u8(): number {
    return this.#byte(this.#advance(1));
  }

  u16(): number {
    return this.#u16(this.#advance(2));
  }

  u32(): number {
    return this.#u32(this.#advance(4));
  }

  /** An integer from 0 below 2^48. */
  u48(): number {
    const at = this.#advance(6);
    return this.#u16(at) * u32Range + this.#u32(at + 2);
  }

  f64(): number {
    const at = this.#advance(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0);
  }

  /** @throws MalformedError unless the byte is 0 or 1. */
  boolean(): boolean {
    const value = this.u8();
    if (value > 1) throw new MalformedError(`a truth value is 0 or 1, not ${String(value)}`);
    return value === 1;
  }

  /** `count` bytes as a view. */
  raw(count: number): Uint8Array {
    const at = this.#advance(count);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, count);
  }

  /** A length (u32), then so many bytes, as a view. */
  bytes(maxBytes: number = this.left): Uint8Array {
    return this.raw(this.#length(maxBytes));
  }

  /** A length (u32), then so many bytes of UTF-8. */
  string(maxBytes: number = this.left): string {
    return fromUtf8(this.raw(this.#length(maxBytes)));
  }

  /** A length (u32), then a reader of so many bytes. */
  reader(): ByteReader {
    const length = this.#length(this.left);
    if (length > this.#end - this.#at) return ByteReader.over(this.#cut(length));
    const at = this.#advance(length);
    const reader = new ByteReader(this.#bytes, at);
    reader.#end = at + length;
    return reader;
  }

  /** Passes over a length (u32) and so many bytes. @returns the length. */
  skipBytes(): number {
    const length = this.#length(this.left);
    this.#advance(length);
    return length;
  }

  /**
   * A number of items (u32) of at least `minItemBytes` each, so that a hostile count cannot make
   * the reader allocate for items that are not there.
   */
  count(minItemBytes: number): number {
    const count = this.u32();
    if (count * Math.max(minItemBytes, 1) > this.left) {
      throw new MalformedError(
        `${String(count)} items do not fit into the ${String(this.left)} bytes left`,
      );
    }
    return count;
  }

  /** @throws MalformedError if something is left. */
  end(): void {
    if (this.left > 0) throw new MalformedError(`${String(this.left)} bytes too many`);
  }

  #byte(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  #u16(at: number): number {
    return (this.#byte(at) << 8) | this.#byte(at + 1);
  }

  #u32(at: number): number {
    return ((this.#u16(at) << 16) | this.#u16(at + 2)) >>> 0;
  }

  #length(maxBytes: number): number {
    const length = this.u32();
    if (length > maxBytes) {
      throw new MalformedError(
        `a length of ${String(length)} is over its limit of ${String(maxBytes)}`,
      );
    }
    return length;
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count < 0 || count > this.#end - at) return this.#cross(count);
    this.#at = at + count;
    return at;
  }

  /** As `#advance`, where these bytes do not hold so many. */
  #cross(count: number): number {
    // Negative where a caller reckoned with lengths that are not to be believed.
    const pieces = this.#pieces;
    if (count < 0 || count > this.left || pieces === undefined) {
      throw new MalformedError(
        `cut short: ${String(count)} bytes wanted, ${String(this.left)} left`,
      );
    }
    const parts = this.#cut(count);
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      this.#at -= count;
      return this.#advance(count);
    }
    // Read out of a copy, with the rest of the last piece behind it.
    pieces.next -= 1;
    pieces.list[pieces.next] = this.#bytes.subarray(this.#at, this.#end);
    pieces.bytes += this.#end - this.#at;
    this.#bytes = concatBytes(parts);
    this.#at = count;
    this.#end = count;
    return 0;
  }

  /** So many bytes, which there are, in as many pieces as they lie in. */
  #cut(count: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      while (this.#at === this.#end) this.#goOn();
      const part = this.#bytes.subarray(this.#at, Math.min(this.#at + left, this.#end));
      parts.push(part);
      this.#at += part.length;
      left -= part.length;
    }
    return parts;
  }

  #goOn(): void {
    const pieces = this.#pieces;
    const piece = pieces?.list[pieces.next];
    if (pieces === undefined || piece === undefined) {
      throw new MalformedError('cut short: nothing where a field should be');
    }
    pieces.next += 1;
    pieces.bytes -= piece.length;
    this.#bytes = piece;
    this.#at = 0;
    this.#end = piece.length;
  }
}

/** Pieces that a reader has not come to. */
interface Pieces {
  readonly list: Uint8Array[];
  next: number;
  /** From `next` on. */
  bytes: number;
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
