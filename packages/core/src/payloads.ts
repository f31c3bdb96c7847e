/**
 * The payloads of an entry, as they lie in its record: taken out one by one, when they are asked for.
 *
 * A view of its own for each would cost as much as all the rest of the way from the log to a state machine.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** Byte strings that lie one behind the other, each with its length (u32) in front. */
export class Payloads implements Iterable<Uint8Array> {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #offset: number;

  private constructor(bytes: Uint8Array, offset: number, length: number) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.length = length;
  }

  /** None. */
  static readonly none: Payloads = new Payloads(new Uint8Array(0), 0, 0);

  /**
   * Those that a reader stands in front of; it is left behind them.
   *
   * @throws MalformedError if they are not so many.
   */
  static readFrom(bytes: Uint8Array, reader: ByteReader, length: number): Payloads {
    const { offset } = reader;
    for (let item = 0; item < length; item++) reader.skipBytes();
    return new Payloads(bytes, offset, length);
  }

  /** Copies of these. */
  static of(...payloads: readonly Uint8Array[]): Payloads {
    const writer = new ByteWriter();
    for (const payload of payloads) writer.bytes(payload);
    return new Payloads(writer.take(), 0, payloads.length);
  }

  /** Views: copy what you keep. */
  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    const reader = new ByteReader(this.#bytes, this.#offset);
    for (let item = 0; item < this.length; item++) yield reader.bytes();
  }

  /**
   * Calls back with each of them, and its position: cheaper than views. It is the same reader each time, in front
   * of the payload; it ends behind it, and means nothing after the call.
   */
  each(visit: (payload: ByteReader, position: number) => void): void {
    const reader = new ByteReader(this.#bytes, this.#offset);
    let next = this.#offset;
    for (let position = 0; position < this.length; position++) {
      reader.moveTo(next, this.#bytes.length);
      const bytes = reader.skipBytes();
      next = reader.offset;
      reader.moveTo(next - bytes, next);
      visit(reader, position);
    }
  }
}
