/**
 * Snapshots: contents are files, and publishing is one key in the batch that also trims the log.
 *
 * A file is complete and durable, with its name, before its key can be written; so whatever the key
 * names is whole. Whatever it does not name is a leftover, removed when the storage is opened.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ClosedError,
  CompactedError,
  CorruptError,
  describeError,
  InvalidArgumentError,
  type SnapshotId,
  type SnapshotInfo,
  type SnapshotReader,
  type SnapshotStore,
  type SnapshotWriter,
  StorageFailedError,
  type StorageOp,
} from '@quorate/core';
import { hasCode, listFolder, removeOthers, syncFolder } from './files.ts';
import { fileBytes, SnapshotFileReader, SnapshotFileWriter } from './snapshot-file.ts';

/** The part of a storage that its snapshots ask. */
export interface Gate {
  /** @throws ClosedError or StorageFailedError unless the storage is open and well. */
  check(): void;
}

/** A file handle, in whatever hands, that closing the storage closes. */
interface Closable {
  release(): Promise<void>;
}

/** The snapshots of one storage. */
export class Snapshots implements SnapshotStore {
  readonly #folder: string;
  readonly #gate: Gate;
  readonly #open: Set<Closable> = new Set<Closable>();
  /** Handles that are being made. */
  readonly #opening: Set<Promise<Closable>> = new Set<Promise<Closable>>();
  /** Finished and neither published nor forgotten, with the size of their content. */
  readonly #finished: Map<SnapshotId, number> = new Map<SnapshotId, number>();
  /** About to be published by a write that is waiting. */
  readonly #claimed: Map<SnapshotId, number> = new Map<SnapshotId, number>();
  readonly #removals: Set<Promise<void>> = new Set<Promise<void>>();
  #current: SnapshotInfo | undefined;
  #lastNumber = 0;

  constructor(folder: string, gate: Gate) {
    this.#folder = folder;
    this.#gate = gate;
  }

  /**
   * Takes over what was found at an open, and removes everything else.
   *
   * @throws CorruptError if the content of the current snapshot is not there as a whole.
   */
  async recover(current: SnapshotInfo | undefined): Promise<void> {
    const names = await listFolder(this.#folder);
    for (const name of names) {
      this.#lastNumber = Math.max(this.#lastNumber, Number.parseInt(name, 10) || 0);
    }
    const keep = new Set<string>();
    if (current !== undefined) {
      await checkFile(this.#path(current.id), current);
      keep.add(fileName(current.id));
    }
    await removeOthers(this.#folder, keep);
    this.#current = current;
  }

  current(): SnapshotInfo | undefined {
    return this.#current;
  }

  async stage(): Promise<SnapshotWriter> {
    this.#gate.check();
    const id = String(++this.#lastNumber);
    try {
      const file = SnapshotFileWriter.create(this.#path(id), id);
      const writer = this.#made(file.then((opened) => new Writer(this, id, opened)));
      return await writer;
    } catch (cause) {
      throw failed(`snapshot ${id} cannot be started`, cause);
    }
  }

  async read(id: SnapshotId): Promise<SnapshotReader> {
    this.#gate.check();
    const info = this.#current;
    if (info?.id !== id) throw gone(id);
    try {
      const file = SnapshotFileReader.open(this.#path(id), id, info.bytes);
      const reader = this.#made(file.then((opened) => new Reader(this, info, opened)));
      return await reader;
    } catch (cause) {
      // A newer one was published while this one was being opened.
      if (hasCode(cause, 'ENOENT')) throw gone(id);
      throw failed(`snapshot ${id} cannot be opened`, cause);
    }
  }

  /**
   * Claims what a write is about to publish: from here on it cannot be aborted any more.
   *
   * @throws InvalidArgumentError if it is not finished, or was claimed before.
   */
  claim(ops: readonly StorageOp[]): void {
    const ids = ops.flatMap((op) => (op.type === 'snapshot' ? [op.id] : []));
    const wrong = ids.find((id, at) => !this.#finished.has(id) || ids.indexOf(id) !== at);
    if (wrong !== undefined) {
      throw new InvalidArgumentError(
        `snapshot ${JSON.stringify(wrong)} is not staged and finished, or was published before`,
      );
    }
    for (const id of ids) {
      this.#claimed.set(id, this.#finished.get(id) ?? 0);
      this.#finished.delete(id);
    }
  }

  /** What is to be kept about a snapshot that was claimed. */
  describe({ id, index, context }: StorageOp & { readonly type: 'snapshot' }): SnapshotInfo {
    return { id, index, context: context.slice(), bytes: this.#claimed.get(id) ?? 0 };
  }

  /** It is durable that this is the current one now. */
  published(info: SnapshotInfo): void {
    const before = this.#current;
    this.#current = info;
    this.#claimed.delete(info.id);
    if (before !== undefined) this.remove(before.id);
  }

  /** A writer has made its content durable, up to the name of its file. */
  async finished(id: SnapshotId, bytes: number): Promise<void> {
    await syncFolder(this.#folder);
    this.#finished.set(id, bytes);
  }

  /** Forgets a staged snapshot, unless it is claimed or published. */
  async forget(id: SnapshotId): Promise<void> {
    this.#finished.delete(id);
    if (this.#claimed.has(id) || this.#current?.id === id) return;
    this.remove(id);
    await Promise.all(this.#removals);
  }

  /** Removes a file in the background. What fails to go now goes at the next open. */
  remove(id: SnapshotId): void {
    const removal = rm(this.#path(id), { force: true })
      .catch(() => undefined)
      .finally(() => {
        this.#removals.delete(removal);
      });
    this.#removals.add(removal);
  }

  check(): void {
    this.#gate.check();
  }

  opened(handle: Closable): void {
    this.#open.add(handle);
  }

  released(handle: Closable): void {
    this.#open.delete(handle);
  }

  /** Closes every file. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#opening);
    await Promise.all([...this.#open].map((handle) => handle.release()));
    await Promise.all(this.#removals);
  }

  /** Waits for a handle, and lets close() wait for it, too. */
  async #made<Handle extends Closable>(opening: Promise<Handle>): Promise<Handle> {
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  #path(id: SnapshotId): string {
    return join(this.#folder, fileName(id));
  }
}

class Writer implements SnapshotWriter, Closable {
  readonly id: SnapshotId;
  readonly #store: Snapshots;
  readonly #file: SnapshotFileWriter;
  #bytes = 0;
  #phase: 'writing' | 'finished' | 'aborted' = 'writing';
  /** The step under way; steps follow each other in the order of the calls. */
  #step: Promise<void> = Promise.resolve();
  #released: Promise<void> | undefined;

  constructor(store: Snapshots, id: SnapshotId, file: SnapshotFileWriter) {
    this.id = id;
    this.#store = store;
    this.#file = file;
    store.opened(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkWriting();
    this.#bytes += chunk.length;
    await this.#next(() => this.#file.write(chunk));
  }

  async finish(): Promise<void> {
    this.#checkWriting();
    this.#phase = 'finished';
    await this.#next(async () => {
      await this.#file.finish();
      this.#store.released(this);
      await this.#store.finished(this.id, this.#bytes);
    });
  }

  async abort(): Promise<void> {
    if (this.#phase === 'aborted') return;
    this.#phase = 'aborted';
    await this.release();
    await this.#store.forget(this.id);
  }

  release(): Promise<void> {
    this.#released ??= this.#step
      .catch(() => undefined)
      .then(() => this.#file.close())
      .catch(() => undefined)
      .then(() => {
        this.#store.released(this);
      });
    return this.#released;
  }

  /** After a step that failed every later one fails too: a sync is not retried, nor a gap left. */
  async #next(run: () => Promise<void>): Promise<void> {
    this.#step = this.#step.then(run);
    try {
      await this.#step;
    } catch (cause) {
      throw failed(`snapshot ${this.id} cannot be written; abort it`, cause);
    }
  }

  #checkWriting(): void {
    this.#store.check();
    if (this.#phase !== 'writing') {
      throw new ClosedError(`snapshot ${this.id} is ${this.#phase}; stage another one`);
    }
  }
}

class Reader implements SnapshotReader, Closable {
  readonly info: SnapshotInfo;
  readonly #store: Snapshots;
  readonly #file: SnapshotFileReader;
  #closed: Promise<void> | undefined;

  constructor(store: Snapshots, info: SnapshotInfo, file: SnapshotFileReader) {
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

function fileName(id: SnapshotId): string {
  return `${id}.snapshot`;
}

function gone(id: SnapshotId): CompactedError {
  return new CompactedError(`snapshot ${id} is gone or was never published; read the current one`);
}

function failed(what: string, cause: unknown): StorageFailedError {
  return new StorageFailedError(`${what}: ${describeError(cause)}`, { cause });
}

async function checkFile(path: string, { id, bytes }: SnapshotInfo): Promise<void> {
  let size: number | undefined;
  try {
    ({ size } = await stat(path));
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw failed(`snapshot ${id} cannot be looked at`, cause);
  }
  if (size === fileBytes(bytes)) return;
  throw new CorruptError(
    size === undefined
      ? `the content of snapshot ${id} is gone (${path}); restore this node from its peers`
      : `${path} has ${String(size)} bytes, not ${String(fileBytes(bytes))}; restore this node from its peers`,
  );
}
