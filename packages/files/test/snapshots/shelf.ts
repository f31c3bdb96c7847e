/**
 * The least storage that snapshots can be a part of: what is published stands in a file of JSON,
 * replaced in one step.
 */
import {
  ClosedError,
  type LogIndex,
  type SnapshotId,
  type SnapshotInfo,
  type StorageOp,
} from '@quorate/core';
import { readJsonFile, SnapshotFiles, writeJsonFile } from '../../src/index.ts';
import type { SimulatedDisk } from '../../src/simulated/index.ts';

export const folder = '/data/snapshots';
const listPath = '/data/published.json';

/** An open storage with nothing but snapshots. */
export class Shelf {
  readonly store: SnapshotFiles;
  readonly #disk: SimulatedDisk;
  #open = true;

  private constructor(disk: SimulatedDisk, retain: number) {
    this.#disk = disk;
    const check = (): void => {
      if (!this.#open) throw new ClosedError('closed');
    };
    this.store = new SnapshotFiles({ files: disk.files(), folder, retain, check });
  }

  /** Opens what a disk holds, as a new process would. */
  static async open(disk: SimulatedDisk, retain: number = 1): Promise<Shelf> {
    const files = disk.files();
    await files.makeFolder(folder);
    const shelf = new Shelf(disk, retain);
    const list = await readJsonFile(files, listPath, 100_000);
    await shelf.store.recover(((list?.['published'] ?? []) as StoredInfo[]).map(toInfo));
    return shelf;
  }

  async publish(id: SnapshotId, index: LogIndex): Promise<SnapshotInfo> {
    const op = publishOp(id, index);
    this.store.claim([op]);
    const info = this.store.describe(op);
    const published = this.store.listWith(info, this.store.list()).map(toStored);
    await writeJsonFile(this.#disk.files(), listPath, { published });
    this.store.published(info);
    return info;
  }

  /** Stages, finishes and publishes. */
  async put(index: LogIndex, content: Uint8Array): Promise<SnapshotInfo> {
    const writer = await this.store.stage();
    await writer.write(content);
    await writer.finish();
    return this.publish(writer.id, index);
  }

  async content(id: SnapshotId, pieceBytes: number = 1_000_000): Promise<Uint8Array> {
    const reader = await this.store.read(id);
    try {
      const content = new Uint8Array(reader.info.bytes);
      for (let at = 0; ; ) {
        const piece = await reader.read(at, pieceBytes);
        if (piece.length === 0) return content.subarray(0, at);
        content.set(piece, at);
        at += piece.length;
      }
    } finally {
      await reader.close();
    }
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.store.close();
  }
}

export function publishOp(id: SnapshotId, index: LogIndex): StorageOp & { type: 'snapshot' } {
  return { type: 'snapshot', id, index, context: Uint8Array.of(index) };
}

/** Files of snapshots that lie on the disk, as a process sees them. */
export async function filesOf(disk: SimulatedDisk): Promise<readonly string[]> {
  return [...(await disk.files().list(folder))].sort();
}

/** Bytes that are cheap to make, and differ at every place and for every seed. */
export function pattern(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    bytes[at] = (Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b)) >>> 24;
  }
  return bytes;
}

type StoredInfo = Omit<SnapshotInfo, 'context'> & { readonly context: readonly number[] };

function toStored(info: SnapshotInfo): StoredInfo {
  return { ...info, context: [...info.context] };
}

function toInfo(info: StoredInfo): SnapshotInfo {
  return { ...info, context: Uint8Array.from(info.context) };
}
