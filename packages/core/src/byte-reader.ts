/**
 * Reading fields out of bytes, with limits; numbers are big-endian.
 *
 * A reader hands out views, never copies; whoever keeps a small view for long (a state machine, say) copies it, or it
 * pins the whole frame it came in.
 */
import { concatBytes, totalBytes } from './bytes.ts';
import { MalformedError } from './errors.ts';
import { textAt } from './short-text.ts';

const u32Range = 2 ** 32;

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
    const length = this.#length(maxBytes);
    const at = this.#advance(length);
    return textAt(this.#bytes, at, length);
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
