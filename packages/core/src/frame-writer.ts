/** Writing a frame without copying what is large. */
import { ByteWriter } from './byte-writer.ts';

/** A part of so many bytes is worth its cost. */
const leastPartBytes = 8 * 1024;

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
