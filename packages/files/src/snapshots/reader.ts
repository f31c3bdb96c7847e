/** A published snapshot while it is read. */
import { ClosedError, CorruptError, type SnapshotInfo, type SnapshotReader } from '@quorate/core';
import { failed } from './errors.ts';
import type { SnapshotFileReader } from './snapshot-file.ts';
import type { SnapshotFiles } from './snapshot-store.ts';

/** Reads one snapshot from its file, which stays readable when its name is gone. */
export class StoredReader implements SnapshotReader {
  readonly info: SnapshotInfo;
  readonly #store: SnapshotFiles;
  readonly #file: SnapshotFileReader;
  #closed: Promise<void> | undefined;

  constructor(store: SnapshotFiles, info: SnapshotInfo, file: SnapshotFileReader) {
    this.info = info;
    this.#store = store;
    this.#file = file;
    store.opened(this);
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    this.#store.check();
    if (this.#closed !== undefined) throw new ClosedError('the snapshot reader is closed');
    try {
      return await this.#file.read(offset, maxBytes);
    } catch (cause) {
      if (cause instanceof CorruptError) throw cause;
      throw failed(`snapshot ${this.info.id} cannot be read`, cause);
    }
  }

  async close(): Promise<void> {
    await this.release();
  }

  release(): Promise<void> {
    this.#closed ??= this.#file.close().finally(() => {
      this.#store.released(this);
    });
    return this.#closed;
  }
}
