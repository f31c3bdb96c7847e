/**
 * The replies of one session that its client may not have yet: a queue of byte strings. Many thousands are kept at
 * a time, each for a moment, so none has an object of its own: an object that lives so long is moved by the garbage
 * collector again and again. They lie in chunks as they do in a snapshot, each behind its length (u32).
 *
 *     dropped │ kept, the oldest first                       room
 *     ░░░░░░░░│████████ ████████████████ ████████████████────────
 *
 * What was written into a chunk is never written again. So whoever has a view of a reply keeps it, and what a
 * snapshot takes of a queue are the chunks themselves.
 */
import type { ByteWriter } from '@quorate/core';

/** Bytes that lie in front of each reply. */
const lengthBytes = 4;
/** Sizes of chunks, but for that of a larger reply, which gets one of its own: thousands of sessions have little to keep. */
const leastChunkBytes = 512;
const mostChunkBytes = 16 * 1024;
/** So much may be held besides so many times what is kept; beyond, what is kept moves. */
const spareBytes = 4096;
const mostHeldTimes = 8;

interface Chunk {
  readonly bytes: Uint8Array;
  /** Up to here it is written. */
  filled: number;
  /** Replies that were ever written into it. */
  count: number;
}

/** The replies in a queue at one moment. */
export interface FrozenReplies {
  readonly count: number;
  /** Length of what {@link writeReplies} writes. */
  readonly encodedBytes: number;
  /** The oldest first; into the last one more may be written behind `until`. */
  readonly chunks: readonly Readonly<Chunk>[];
  /** Where in the first chunk the oldest reply lies, and how many lie in front of it. */
  readonly head: number;
  readonly passed: number;
  /** Where in the last chunk the newest lies, and where it ends. */
  readonly newest: number;
  readonly until: number;
}

/** No replies. */
export const noReplies: FrozenReplies = {
  ...{ count: 0, encodedBytes: 0, chunks: [], head: 0, passed: 0, newest: 0, until: 0 },
};

/** Writes them, each with its length (u32) in front. */
export function writeReplies(replies: FrozenReplies, writer: ByteWriter): void {
  const { chunks, until } = replies;
  let from = replies.head;
  let left = chunks.length;
  for (const { bytes, filled } of chunks) {
    left -= 1;
    writer.raw(bytes.subarray(from, left === 0 ? until : filled));
    from = 0;
  }
}

/** Byte strings, the oldest first. */
export class ReplyQueue {
  /** The oldest first. */
  #chunks: Chunk[] = [];
  /** Somebody else has that list as well. */
  #isShared = false;
  /** Bytes of the chunks together. */
  #heldBytes = 0;
  /** Where in the first chunk the oldest reply lies, and how many lay in front of it. */
  #head = 0;
  #passed = 0;
  /** Where in the last chunk the newest lies. */
  #newest = 0;
  #count = 0;
  #encodedBytes = 0;
  /** Into the last chunk nobody else writes. */
  #mayWrite = true;

  /** @param replies what it begins with: their chunks, not copies of them. */
  constructor(replies: FrozenReplies = noReplies) {
    const { chunks, count, encodedBytes, head, newest, passed, until } = replies;
    if (count === 0) return;
    let total = passed + count;
    let left = chunks.length;
    for (const { bytes, filled, count: written } of chunks) {
      left -= 1;
      // Whoever wrote the last one may have gone on.
      const isLast = left === 0;
      this.#chunks.push({
        bytes,
        filled: isLast ? until : filled,
        count: isLast ? total : written,
      });
      total -= written;
      this.#heldBytes += bytes.length;
    }
    this.#head = head;
    this.#passed = passed;
    this.#newest = newest;
    this.#count = count;
    this.#encodedBytes = encodedBytes;
    this.#mayWrite = false;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Their bytes together. */
  get bytes(): number {
    return this.#encodedBytes - this.#count * lengthBytes;
  }

  /** Bytes of memory that it keeps alive. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Puts a copy behind the others. */
  keep(reply: Uint8Array): void {
    const { length } = reply;
    const { bytes, filled } = this.#place(length);
    bytes.set(reply, filled - length);
  }

  /** Puts what was written behind the others, and takes it from the writer. */
  keepWritten(writer: ByteWriter): void {
    const { length } = writer;
    const { bytes, filled } = this.#place(length);
    writer.moveTo(bytes, filled - length);
  }

  /** The reply at a position, from 0; a view. */
  at(position: number): Uint8Array | undefined {
    if (position < 0 || position >= this.#count) return undefined;
    const last = this.#chunks.at(-1);
    if (position === this.#count - 1 && last !== undefined) return viewAt(last.bytes, this.#newest);
    let toPass = this.#passed + position;
    for (const { bytes, count } of this.#chunks) {
      if (toPass < count) {
        let offset = 0;
        for (; toPass > 0; toPass--) offset += lengthBytes + lengthAt(bytes, offset);
        return viewAt(bytes, offset);
      }
      toPass -= count;
    }
    return undefined;
  }

  /** Drops so many from the front; no more than there are. @returns their bytes. */
  drop(count: number): number {
    let dropped = 0;
    for (let left = Math.min(count, this.#count); left > 0; left--) {
      this.#passEmptied();
      const [first] = this.#chunks;
      if (first === undefined) break;
      const length = lengthAt(first.bytes, this.#head);
      this.#head += lengthBytes + length;
      this.#passed += 1;
      this.#count -= 1;
      this.#encodedBytes -= lengthBytes + length;
      dropped += length;
    }
    this.#passEmptied();
    if (this.#heldBytes > spareBytes + mostHeldTimes * this.#encodedBytes) this.#move();
    return dropped;
  }

  /** As of now, while it goes on; costs the same whatever is kept. */
  freeze(): FrozenReplies {
    const last = this.#chunks.at(-1);
    if (this.#count === 0 || last === undefined) return noReplies;
    this.#isShared = true;
    return {
      count: this.#count,
      encodedBytes: this.#encodedBytes,
      chunks: this.#chunks,
      head: this.#head,
      passed: this.#passed,
      newest: this.#newest,
      until: last.filled,
    };
  }

  /** Makes room, writes the length, and leaves the rest to be written: what is filled ends behind it. */
  #place(length: number): Chunk {
    const needed = lengthBytes + length;
    let chunk = this.#mayWrite ? this.#chunks.at(-1) : undefined;
    if (chunk === undefined || chunk.filled + needed > chunk.bytes.length) {
      chunk = this.#addChunk(needed);
    }
    const { bytes, filled } = chunk;
    bytes[filled] = length >>> 24;
    bytes[filled + 1] = length >>> 16;
    bytes[filled + 2] = length >>> 8;
    bytes[filled + 3] = length;
    this.#newest = filled;
    chunk.filled = filled + needed;
    chunk.count += 1;
    this.#count += 1;
    this.#encodedBytes += needed;
    return chunk;
  }

  /** As large as what is kept: a queue that does not grow fills one while the one before it empties. */
  #addChunk(needed: number): Chunk {
    const size = Math.min(Math.max(this.#encodedBytes, leastChunkBytes), mostChunkBytes);
    const chunk: Chunk = { bytes: new Uint8Array(Math.max(size, needed)), filled: 0, count: 0 };
    this.#ownChunks().push(chunk);
    this.#heldBytes += chunk.bytes.length;
    this.#mayWrite = true;
    this.#passEmptied();
    return chunk;
  }

  /** Lets go of a first chunk that holds nothing any more; not of the last, which still has room. */
  #passEmptied(): void {
    const [first] = this.#chunks;
    if (first === undefined || this.#passed < first.count || this.#chunks.length === 1) return;
    this.#ownChunks().shift();
    this.#heldBytes -= first.bytes.length;
    this.#head = 0;
    this.#passed = 0;
  }

  /** The list, to be changed. */
  #ownChunks(): Chunk[] {
    if (this.#isShared) this.#chunks = this.#chunks.slice();
    this.#isShared = false;
    return this.#chunks;
  }

  /** Moves what is kept into a chunk of its size: it is little beside what was dropped since the last time. */
  #move(): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#isShared = false;
    this.#heldBytes = 0;
    const from = this.#head;
    this.#head = 0;
    this.#passed = 0;
    if (this.#count === 0) return;
    const bytes = new Uint8Array(Math.max(this.#encodedBytes, leastChunkBytes));
    let filled = 0;
    for (const [number, chunk] of chunks.entries()) {
      const part = chunk.bytes.subarray(number === 0 ? from : 0, chunk.filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    const newestBytes = (chunks.at(-1)?.filled ?? 0) - this.#newest;
    this.#newest = filled - newestBytes;
    this.#chunks.push({ bytes, filled, count: this.#count });
    this.#heldBytes = bytes.length;
    this.#mayWrite = true;
  }
}

/** The length in front of a reply. */
function lengthAt(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  );
}

function viewAt(bytes: Uint8Array, offset: number): Uint8Array {
  const start = bytes.byteOffset + offset + lengthBytes;
  return new Uint8Array(bytes.buffer, start, lengthAt(bytes, offset));
}
