/**
 * Frames on a stream of bytes.
 *
 *     preamble   the protocol's word, u8 version       once, at the start, in both directions
 *     frame      u8 type, u32 length, u32 CRC-32, payload
 *
 * The checksum is that of the payload, seeded with the type, so that it covers both. TCP's own
 * sixteen bits let about one damaged segment in 65 536 pass.
 */
import { ByteWriter, utf8 } from '@quorate/core';
import { ProtocolError } from './codes.ts';
import type { Platform } from './link.ts';
import { portablePlatform } from './platform.ts';

/** Bytes in front of each payload. */
export const headerBytes = 9;

/** What a connection starts with, in both directions: a word of ASCII, and a version. */
export function makePreamble(word: string, version: number): Uint8Array {
  return Uint8Array.of(...utf8(word), version);
}

/** Checksum of a frame whose payload is the concatenation of `parts`. */
export function checksum(
  type: number,
  parts: readonly Uint8Array[],
  platform: Platform = portablePlatform,
): number {
  let crc = type;
  for (const part of parts) {
    // zlib forgets what came before where an empty array has no memory of its own.
    if (part.length > 0) crc = platform.crc32(part, crc);
  }
  return crc;
}

/** A small frame of its own, as handshakes need it. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const writer = new ByteWriter(headerBytes + payload.length);
  writer
    .u8(type)
    .u32(payload.length)
    .u32(checksum(type, [payload]))
    .raw(payload);
  return writer.take();
}

/** What a parser asks and tells. */
export interface FrameHandler {
  /** Greatest length of a frame of this type at this moment; `undefined`: it has no place now. */
  limit(type: number): number | undefined;
  /** A whole frame. The bytes are the handler's from now on. */
  frame(type: number, payload: Uint8Array): void;
}

/** Type of the record that every TLS connection starts with (RFC 8446, section 5.1: handshake). */
export const tlsRecord = 22;

type State = 'preamble' | 'header' | 'payload' | 'stopped';

/**
 * Cuts a stream into frames. Holds one header and one payload at most, whatever the sizes of the
 * chunks: a list of chunks would cost an object for each, and hostile chunks have one byte.
 */
export class FrameParser {
  readonly #handler: FrameHandler;
  readonly #preamble: Uint8Array;
  readonly #platform: Platform;
  #state: State = 'preamble';
  /** A header that is spread over chunks. */
  readonly #header = new Uint8Array(headerBytes);
  /** Bytes of the preamble, the header or the payload that are there already. */
  #have = 0;
  #type = 0;
  #length = 0;
  #checksum = 0;
  /** A payload that is spread over chunks. */
  #payload: Uint8Array | undefined;

  /** @param preamble what the stream has to start with, from {@link makePreamble}. */
  constructor(handler: FrameHandler, preamble: Uint8Array, platform: Platform = portablePlatform) {
    this.#handler = handler;
    this.#preamble = preamble;
    this.#platform = platform;
  }

  /** Whether the stream may end here without cutting anything short. */
  get betweenFrames(): boolean {
    return this.#state === 'stopped' || (this.#state !== 'payload' && this.#have === 0);
  }

  /** Bytes that are set aside for a payload that has come in part. */
  get pendingBytes(): number {
    return this.#payload?.length ?? 0;
  }

  /** Ignores whatever comes from now on; may be called while a frame is handed over. */
  stop(): void {
    this.#state = 'stopped';
    this.#payload = undefined;
  }

  /**
   * Reads a chunk. Its buffer must never be written again: payloads that lie inside it are handed
   * over as views.
   *
   * @throws ProtocolError if the bytes break the protocol; nothing may be pushed after that.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (this.#state !== 'stopped') {
      switch (this.#state) {
        case 'preamble':
          at = this.#readPreamble(chunk, at);
          break;
        case 'header':
          at = this.#readHeader(chunk, at);
          break;
        case 'payload':
          at = this.#readPayload(chunk, at);
          break;
      }
      // An empty payload needs no byte: it is read as soon as its header is.
      if (at === chunk.length && !(this.#state === 'payload' && this.#length === 0)) return;
    }
  }

  #readPreamble(chunk: Uint8Array, from: number): number {
    const preamble = this.#preamble;
    let at = from;
    // Byte by byte, so that a stranger is known by the first wrong one.
    for (; at < chunk.length && this.#have < preamble.length; at++, this.#have++) {
      if (chunk[at] === preamble[this.#have]) continue;
      if (this.#have === 0 && chunk[at] === tlsRecord) {
        throw new ProtocolError('TLS_REFUSED', 'it starts like TLS');
      }
      if (this.#have < preamble.length - 1) {
        throw new ProtocolError('UNKNOWN_PROTOCOL', 'does not start as it should');
      }
      throw new ProtocolError(
        'OTHER_VERSION',
        `version ${chunk[at] ?? 0}, here ${preamble.at(-1) ?? 0}`,
      );
    }
    if (this.#have === preamble.length) {
      this.#state = 'header';
      this.#have = 0;
    }
    return at;
  }

  #readHeader(chunk: Uint8Array, at: number): number {
    if (this.#have === 0 && chunk.length - at >= headerBytes) {
      this.#begin(chunk, at);
      return at + headerBytes;
    }
    const piece = chunk.subarray(at, at + headerBytes - this.#have);
    this.#header.set(piece, this.#have);
    this.#have += piece.length;
    if (this.#have === headerBytes) this.#begin(this.#header, 0);
    return at + piece.length;
  }

  /** Judges a header before anything is allocated for what it announces. */
  #begin(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes);
    this.#type = view.getUint8(0);
    this.#length = view.getUint32(1);
    this.#checksum = view.getUint32(5);
    const limit = this.#handler.limit(this.#type);
    if (limit === undefined) {
      throw new ProtocolError('UNEXPECTED_FRAME', `type ${this.#type}`);
    }
    if (this.#length > limit) {
      throw new ProtocolError('FRAME_TOO_LARGE', `${this.#length} bytes, limit ${limit}`);
    }
    this.#state = 'payload';
    this.#have = 0;
  }

  #readPayload(chunk: Uint8Array, at: number): number {
    const available = chunk.length - at;
    if (this.#payload === undefined && available >= this.#length) {
      this.#finish(new Uint8Array(chunk.buffer, chunk.byteOffset + at, this.#length));
      return at + this.#length;
    }
    // Allocated whole, by the limit that was checked, and never from a pool, since the receiver
    // keeps it. Pages that no byte arrives for are never touched.
    const payload = (this.#payload ??= this.#platform.allocate(this.#length));
    const end = Math.min(chunk.length, at + this.#length - this.#have);
    payload.set(chunk.subarray(at, end), this.#have);
    this.#have += end - at;
    if (this.#have === this.#length) {
      this.#payload = undefined;
      this.#finish(payload);
    }
    return end;
  }

  #finish(payload: Uint8Array): void {
    if (checksum(this.#type, [payload], this.#platform) !== this.#checksum) {
      throw new ProtocolError('BAD_CHECKSUM', `frame of ${payload.length} bytes`);
    }
    this.#state = 'header';
    this.#have = 0;
    this.#handler.frame(this.#type, payload);
  }
}
