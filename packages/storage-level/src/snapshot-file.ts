/**
 * The file of one snapshot: blocks of fixed size, each with a checksum in front.
 *
 *     block    u32 CRC-32 over (id, number of the block, content), then up to 256 KiB of content
 *
 * Only the last block is shorter, so any offset is found without an index. The checksum covers the
 * block's place: a block that ends up elsewhere fails its check like a damaged one.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ByteReader, ByteWriter, CorruptError } from '@quorate/core';
import { privateFile, readUpTo, writeAll } from './files.ts';
import { crc32 } from './format.ts';

/** Content of a whole block. */
export const blockBytes: number = 256 * 1024;
const checksumBytes = 4;

/** Size of the file for so many bytes of content. */
export function fileBytes(contentBytes: number): number {
  return contentBytes + Math.ceil(contentBytes / blockBytes) * checksumBytes;
}

/** Writes the blocks of a snapshot. */
export class SnapshotFileWriter {
  readonly #id: string;
  readonly #file: FileHandle;
  /** The block that is being filled. Only one write is under way at a time, so it is used again. */
  readonly #block: Uint8Array = new Uint8Array(checksumBytes + blockBytes);
  #filled = 0;
  #blocks = 0;

  private constructor(id: string, file: FileHandle) {
    this.#id = id;
    this.#file = file;
  }

  /** Makes the file, which must not be there yet. */
  static async create(path: string, id: string): Promise<SnapshotFileWriter> {
    return new SnapshotFileWriter(id, await open(path, 'wx', privateFile));
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + blockBytes - this.#filled);
      this.#block.set(piece, checksumBytes + this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === blockBytes) await this.#flush();
    }
  }

  /** Makes everything durable. The name of the file is the caller's business. */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#flush();
    await this.#file.sync();
    await this.#file.close();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const content = this.#block.subarray(checksumBytes, checksumBytes + this.#filled);
    new DataView(this.#block.buffer).setUint32(0, checksum(this.#id, this.#blocks, content));
    const position = this.#blocks * this.#block.length;
    await writeAll(this.#file, this.#block.subarray(0, checksumBytes + this.#filled), position);
    this.#blocks++;
    this.#filled = 0;
  }
}

/**
 * Reads the blocks of a snapshot. The open file outlives its name: a snapshot that is replaced and
 * removed stays readable here until this is closed.
 */
export class SnapshotFileReader {
  readonly #id: string;
  readonly #bytes: number;
  readonly #file: FileHandle;
  /** The block that was read last: small reads in a row check it once. */
  #block: { readonly number: number; readonly content: Uint8Array } | undefined;

  private constructor(id: string, bytes: number, file: FileHandle) {
    this.#id = id;
    this.#bytes = bytes;
    this.#file = file;
  }

  /** @param bytes size of the content. */
  static async open(path: string, id: string, bytes: number): Promise<SnapshotFileReader> {
    return new SnapshotFileReader(id, bytes, await open(path, constants.O_RDONLY));
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
    if (
      content.length < length ||
      new ByteReader(block).u32() !== checksum(this.#id, number, content)
    ) {
      throw new CorruptError(
        `block ${String(number)} of snapshot ${this.#id} fails its check; restore this node from its peers`,
      );
    }
    this.#block = { number, content };
    return content;
  }
}

function checksum(id: string, block: number, content: Uint8Array): number {
  return crc32(content, crc32(new ByteWriter(32).string(id).u48(block).take()));
}
