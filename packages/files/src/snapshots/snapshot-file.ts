/**
 * The file of one snapshot: blocks of fixed size, each with a checksum in front.
 *
 *     block    u32 CRC-32 over (id, number of the block, content), then up to 256 KiB of content
 *
 * Only the last block is shorter, so any offset is found without an index. The checksum covers the
 * block's place: a block that ends up elsewhere fails its check like a damaged one.
 */
import { ByteReader, ByteWriter, CorruptError } from '@quorate/core';
import { crc32 } from '../checksum.ts';
import { type File, type FileSystem, readUpTo, writeAll } from '../file-system.ts';

/** Content of a whole block. */
export const blockBytes: number = 256 * 1024;
const checksumBytes = 4;
const wholeBlockBytes = checksumBytes + blockBytes;
/** Most snapshots of small machines are smaller: memory for a whole block is taken when one comes about. */
const firstBytes = 8 * 1024;
/**
 * The disk is kept going while a large snapshot is written: were it all left to the sync at the end,
 * every commit meanwhile would wait behind it.
 */
const syncEveryBlocks = 16;

/** Size of the file for so many bytes of content. */
export function fileBytes(contentBytes: number): number {
  return contentBytes + Math.ceil(contentBytes / blockBytes) * checksumBytes;
}

/** Writes the blocks of a snapshot. */
export class SnapshotFileWriter {
  readonly #id: string;
  readonly #file: File;
  /** The block that is being filled. Only one write is under way at a time, so it is used again. */
  #block: Uint8Array = new Uint8Array(firstBytes);
  #filled = 0;
  #blocks = 0;
  #unsynced = 0;
  #checksum = 0;
  #closed = false;

  private constructor(id: string, file: File) {
    this.#id = id;
    this.#file = file;
  }

  /** Makes the file, which must not be there yet. */
  static async create(files: FileSystem, path: string, id: string): Promise<SnapshotFileWriter> {
    return new SnapshotFileWriter(id, await files.open(path, 'create'));
  }

  /**
   * Goes on behind the whole blocks that are there and pass their check.
   *
   * @param rewrite writes them again. After a sync that failed, the kernel may still show what it
   * will never write: a process that saw the failure forgets the file, another one cannot know.
   */
  static async resume(
    files: FileSystem,
    path: string,
    id: string,
    rewrite: boolean,
  ): Promise<SnapshotFileWriter> {
    const file = await files.open(path, 'write');
    try {
      const writer = new SnapshotFileWriter(id, file);
      await writer.#takeUp(rewrite);
      return writer;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Content so far. */
  get bytes(): number {
    return this.#blocks * blockBytes + this.#filled;
  }

  /** CRC-32 of the content so far. */
  get checksum(): number {
    return this.#checksum;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + blockBytes - this.#filled);
      this.#reserve(checksumBytes + this.#filled + piece.length);
      this.#block.set(piece, checksumBytes + this.#filled);
      this.#checksum = crc32(piece, this.#checksum);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === blockBytes) await this.#flush();
    }
  }

  /** Makes everything durable. The name of the file is the caller's business. */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#flush();
    await this.#file.sync();
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
  }

  async #takeUp(rewrite: boolean): Promise<void> {
    for (;;) {
      const position = this.#blocks * wholeBlockBytes;
      const block = await readUpTo(this.#file, wholeBlockBytes, position);
      const content = block.subarray(checksumBytes);
      if (content.length < blockBytes || !passes(this.#id, this.#blocks, block)) break;
      this.#checksum = crc32(content, this.#checksum);
      if (rewrite) await this.#put(block);
      else this.#blocks++;
    }
    // What follows did not arrive as a whole, and its leftovers must not stay behind the end.
    await this.#file.truncate(this.#blocks * wholeBlockBytes);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#block.length) return;
    const larger = new Uint8Array(
      Math.min(Math.max(bytes, 2 * this.#block.length), wholeBlockBytes),
    );
    larger.set(this.#block.subarray(0, checksumBytes + this.#filled));
    this.#block = larger;
  }

  async #flush(): Promise<void> {
    const content = this.#block.subarray(checksumBytes, checksumBytes + this.#filled);
    new DataView(this.#block.buffer).setUint32(0, blockChecksum(this.#id, this.#blocks, content));
    await this.#put(this.#block.subarray(0, checksumBytes + this.#filled));
    this.#filled = 0;
  }

  /** Writes the next block. */
  async #put(block: Uint8Array): Promise<void> {
    await writeAll(this.#file, [block], this.#blocks * wholeBlockBytes);
    this.#blocks++;
    if (++this.#unsynced < syncEveryBlocks) return;
    this.#unsynced = 0;
    await this.#file.sync();
  }
}

/** Reads the blocks of a snapshot, each checked. */
export class SnapshotFileReader {
  readonly #id: string;
  readonly #bytes: number;
  readonly #file: File;
  #block: { readonly number: number; readonly content: Uint8Array } | undefined;

  private constructor(id: string, bytes: number, file: File) {
    this.#id = id;
    this.#bytes = bytes;
    this.#file = file;
  }

  /** @param bytes size of the content. */
  static async open(
    files: FileSystem,
    path: string,
    id: string,
    bytes: number,
  ): Promise<SnapshotFileReader> {
    return new SnapshotFileReader(id, bytes, await files.open(path, 'read'));
  }

  /**
   * Up to `maxBytes` from `offset`, at most to the end of the block; empty at the end.
   *
   * @throws CorruptError if the block fails its check.
   */
  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    if (offset >= this.#bytes) return new Uint8Array();
    const number = Math.floor(offset / blockBytes);
    const at = offset - number * blockBytes;
    return (await this.#load(number)).slice(at, at + maxBytes);
  }

  async close(): Promise<void> {
    this.#block = undefined;
    await this.#file.close();
  }

  async #load(number: number): Promise<Uint8Array> {
    if (this.#block?.number === number) return this.#block.content;
    const length = Math.min(blockBytes, this.#bytes - number * blockBytes);
    const position = number * (checksumBytes + blockBytes);
    const block = await readUpTo(this.#file, checksumBytes + length, position);
    const content = block.subarray(checksumBytes);
    if (content.length < length || !passes(this.#id, number, block)) {
      throw new CorruptError(
        `block ${String(number)} of snapshot ${this.#id} fails its check; restore this node from its peers`,
      );
    }
    this.#block = { number, content };
    return content;
  }
}

function passes(id: string, number: number, block: Uint8Array): boolean {
  return new ByteReader(block).u32() === blockChecksum(id, number, block.subarray(checksumBytes));
}

function blockChecksum(id: string, number: number, content: Uint8Array): number {
  return crc32(content, crc32(new ByteWriter(32).string(id).u48(number).take()));
}
