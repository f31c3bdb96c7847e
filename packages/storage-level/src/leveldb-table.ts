/**
 * LevelDB's tables, read only: whether each of their blocks passes its check.
 *
 * LevelDB itself does not check a block when it reads it. Our values carry a checksum, but a damaged
 * *key* would make a record vanish or, where it was written before, show the value before the last.
 *
 * A table is a row of blocks without gaps, and a footer of 48 bytes that says where the index is,
 * which says where the others are. Behind each block stand u8 how it is packed, and u32 masked
 * CRC-32C over block and packing, little-endian.
 */
import { ByteReader, CorruptError, MalformedError } from '@quorate/core';
import { type File, type FileSystem, hasCode, readUpTo } from '@quorate/files';
import { maskedCrc32c } from './castagnoli.ts';
import { varint } from './leveldb-fields.ts';
import { unpackSnappy } from './snappy.ts';

const footerBytes = 48;
const trailerBytes = 5;
const magic = [0x8b80fb57, 0xdb477524] as const;
/** Read and checked at once: then the event loop gets a turn. */
const sliceBytes = 1024 * 1024;
/** The last block of a slice goes over its size, so one slice is a little larger than another. */
const spareBytes = 64 * 1024;
/** An index takes a fraction of what it speaks of; unpacked, a few times as much. */
const maxUnpackedBytes = 256 * 1024 * 1024;

/** Where a block lies. Its trailer follows. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** Checks tables, one after the other. */
export class TableChecker {
  readonly #files: FileSystem;
  /** What is being checked. It is used again: to make it anew each time costs more than the checks. */
  #slice: Uint8Array = new Uint8Array();

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /**
   * Checks every block of a table.
   *
   * @param bytes its size, as the manifest says.
   * @throws CorruptError if something is damaged or gone.
   */
  async check(path: string, bytes: number): Promise<void> {
    let file: File;
    try {
      file = await this.#files.open(path, 'read');
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw cause;
      throw new CorruptError(`${path} is gone; restore this node from its peers`, { cause });
    }
    try {
      const size = await file.size();
      if (size !== bytes) {
        throw new MalformedError(`it has ${String(size)} bytes, not ${String(bytes)}`);
      }
      await this.#checkBlocks(file, bytes);
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      throw new CorruptError(
        `${path} is damaged: ${cause.message}; restore this node from its peers`,
        { cause },
      );
    } finally {
      await file.close();
    }
  }

  async #checkBlocks(file: File, bytes: number): Promise<void> {
    const end = bytes - footerBytes;
    const places = await placesOf(file, end);
    let at = 0;
    for (let next = 0; next < places.length; ) {
      const slice: Place[] = [];
      const start = at;
      do {
        const place = places[next];
        if (place === undefined) break;
        // No place is left out, so no byte is.
        if (place.at !== at) throw new MalformedError(`there is no block at byte ${String(at)}`);
        at += place.bytes + trailerBytes;
        slice.push(place);
        next++;
      } while (at - start < sliceBytes);
      if (at > end) throw new MalformedError('a block reaches beyond the end');
      const content = await this.#read(file, at - start, start);
      for (const place of slice) {
        const from = place.at - start;
        checkBlock(content.subarray(from, from + place.bytes + trailerBytes), place);
      }
    }
    if (at !== end) throw new MalformedError(`there is no block at byte ${String(at)}`);
  }

  async #read(file: File, length: number, position: number): Promise<Uint8Array> {
    if (this.#slice.length < length) this.#slice = new Uint8Array(length + spareBytes);
    const slice = this.#slice.subarray(0, length);
    let filled = 0;
    while (filled < length) {
      const taken = await file.read(slice.subarray(filled), position + filled);
      if (taken === 0) throw new MalformedError(`it ends at byte ${String(position + filled)}`);
      filled += taken;
    }
    return slice;
  }
}

/** Where the blocks of a table lie, in order. */
async function placesOf(file: File, end: number): Promise<readonly Place[]> {
  if (end < 0) throw new MalformedError('it is too short');
  const footer = await readUpTo(file, footerBytes, end);
  const view = new DataView(footer.buffer, footer.byteOffset, footer.length);
  if (
    footer.length < footerBytes ||
    magic.some((word, at) => view.getUint32(footerBytes - 8 + at * 4, true) !== word)
  ) {
    throw new MalformedError('its footer is none');
  }
  const reader = new ByteReader(footer);
  const about = readPlace(reader);
  const index = readPlace(reader);
  return [
    ...placesIn(await readBlock(file, index, end)),
    ...placesIn(await readBlock(file, about, end)),
    about,
    index,
  ];
}

/** Reads a block that lists others, and unpacks it. */
async function readBlock(file: File, place: Place, end: number): Promise<Uint8Array> {
  // Before it is believed: the footer has no checksum.
  if (place.at + place.bytes + trailerBytes > end) {
    throw new MalformedError('a block reaches beyond the end');
  }
  const block = await readUpTo(file, place.bytes + trailerBytes, place.at);
  checkBlock(block, place);
  const content = block.subarray(0, place.bytes);
  const packing = block[place.bytes];
  if (packing === 0) return content;
  if (packing === 1) return unpackSnappy(content, maxUnpackedBytes);
  throw new MalformedError(`a block is packed in an unknown way: ${String(packing)}`);
}

function checkBlock(block: Uint8Array, { at, bytes }: Place): void {
  if (block.length === bytes + trailerBytes) {
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const covered = block.subarray(0, bytes + 1);
    if (maskedCrc32c(covered) === view.getUint32(bytes + 1, true)) return;
  }
  throw new MalformedError(`the block at byte ${String(at)} fails its check`);
}

/** The places that a block lists. Its keys share their beginnings; here only values matter. */
function placesIn(block: Uint8Array): readonly Place[] {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  // At the end: offsets of whole keys, and how many there are.
  const restarts = block.length < 4 ? 0 : view.getUint32(block.length - 4, true);
  const entries = new ByteReader(block.subarray(0, Math.max(block.length - 4 - restarts * 4, 0)));
  const places: Place[] = [];
  while (entries.left > 0) {
    varint(entries);
    const keyBytes = varint(entries);
    const valueBytes = varint(entries);
    entries.raw(keyBytes);
    places.push(readPlace(new ByteReader(entries.raw(valueBytes))));
  }
  return places;
}

function readPlace(reader: ByteReader): Place {
  return { at: varint(reader), bytes: varint(reader) };
}
