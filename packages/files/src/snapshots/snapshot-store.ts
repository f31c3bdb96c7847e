/**
 * Snapshots whose contents are files, and whose publishing is a step of the storage's own batch.
 *
 * A file is complete and durable, with its name, before it can be published; so whatever the storage
 * names is whole. Everything that it does not name is a leftover, removed when it is opened, but for
 * one partial file.
 */
import {
  checkStageName,
  CorruptError,
  InvalidArgumentError,
  type SnapshotId,
  type SnapshotInfo,
  type SnapshotReader,
  type SnapshotStore,
  type SnapshotWriter,
  type StorageOp,
} from '@quorate/core';
import { type FileSystem, hasCode } from '../file-system.ts';
import { failed, gone } from './errors.ts';
import { fileName, partialName } from './file-names.ts';
import { NamedStaging } from './named-staging.ts';
import { StoredReader } from './reader.ts';
import { fileBytes, SnapshotFileReader, SnapshotFileWriter } from './snapshot-file.ts';
import { StoredWriter } from './writer.ts';

/** What a store works on. */
export interface SnapshotFilesSetup {
  readonly files: FileSystem;
  /** The folder of the snapshots alone. */
  readonly folder: string;
  /** How many published ones are kept, the current one included; at least 1. */
  readonly retain: number;
  /** @throws ClosedError or StorageFailedError unless the storage is open and well. */
  check(): void;
}

/** A file handle, in whatever hands, that closing the storage closes. */
interface Closable {
  release(): Promise<void>;
}

/** The snapshots of one storage. */
export class SnapshotFiles implements SnapshotStore {
  readonly #setup: SnapshotFilesSetup;
  readonly #open: Set<Closable> = new Set<Closable>();
  /** Handles that are being made. */
  readonly #opening: Set<Promise<Closable>> = new Set<Promise<Closable>>();
  /** Finished and neither published nor forgotten. */
  readonly #finished: Map<SnapshotId, StoredWriter> = new Map<SnapshotId, StoredWriter>();
  /** About to be published by a write that is waiting. */
  readonly #claimed: Map<SnapshotId, StoredWriter> = new Map<SnapshotId, StoredWriter>();
  readonly #removals: Set<Promise<void>> = new Set<Promise<void>>();
  readonly #named: NamedStaging;
  #published: readonly SnapshotInfo[] = [];
  #lastNumber = 0;

  constructor(setup: SnapshotFilesSetup) {
    this.#setup = setup;
    const { files, folder } = setup;
    this.#named = new NamedStaging({
      files,
      folder,
      check: () => setup.check(),
      nextId: () => this.#nextId(),
      make: ({ id, name }, open) => this.#make(id, name, open),
      remove: (name) => {
        this.#remove(name);
      },
    });
  }

  /**
   * Takes over what was found at an open, and removes everything else. Only where it is durable that
   * these are published: {@link adopt} and {@link removeLeftovers} in two steps let that be made so
   * in between.
   *
   * @param published newest first.
   * @throws CorruptError if the content of the current one is not there as a whole.
   */
  async recover(published: readonly SnapshotInfo[]): Promise<void> {
    await this.adopt(published);
    await this.removeLeftovers();
  }

  /** Takes over what was found at an open, and changes nothing. Throws like {@link recover}. */
  async adopt(published: readonly SnapshotInfo[]): Promise<void> {
    const { files, folder } = this.#setup;
    const names = await files.list(folder);
    // Also of those whose files are gone: the storage may still name them.
    for (const used of [...names, ...published.map(({ id }) => id)]) {
      this.#lastNumber = Math.max(this.#lastNumber, Number.parseInt(used, 10) || 0);
    }
    const [current, ...older] = published.slice(0, this.#setup.retain);
    const kept: SnapshotInfo[] = [];
    if (current !== undefined) {
      await this.#checkCurrent(current);
      kept.push(current);
    }
    for (const info of older) {
      // One that is not needed any more may be gone without harm.
      if ((await this.#sizeOf(info.id)) === fileBytes(info.bytes)) kept.push(info);
    }
    this.#published = kept;
    this.#named.adopt(names);
  }

  /**
   * Removes everything that is not published, nor to be taken up again; before anything is staged.
   *
   * What was published last may be known from the memory of the kernel alone, when the process before
   * was killed. A power loss then brings back the one before it, whose content must still be there:
   * so first make durable what is published.
   */
  async removeLeftovers(): Promise<void> {
    const { files, folder } = this.#setup;
    const keep = [...this.#published.map(({ id }) => fileName(id)), this.#named.fileName];
    for (const name of await files.list(folder)) {
      if (!keep.includes(name)) await files.remove(`${folder}/${name}`);
    }
  }

  /** Where the contents lie. */
  get folder(): string {
    return this.#setup.folder;
  }

  current(): SnapshotInfo | undefined {
    return this.#published[0];
  }

  list(): readonly SnapshotInfo[] {
    return this.#published;
  }

  async stage(name?: string): Promise<SnapshotWriter> {
    this.#setup.check();
    if (name !== undefined) return this.#named.stage(checkStageName(name));
    const id = this.#nextId();
    const { files } = this.#setup;
    return this.#make(id, name, () =>
      SnapshotFileWriter.create(files, this.#path(fileName(id)), id),
    );
  }

  async read(id: SnapshotId): Promise<SnapshotReader> {
    this.#setup.check();
    const info = this.#published.find((published) => published.id === id);
    if (info === undefined) throw gone(id);
    try {
      const opening = SnapshotFileReader.open(
        this.#setup.files,
        this.#path(fileName(id)),
        id,
        info.bytes,
      );
      const reader = this.#track(opening.then((file) => new StoredReader(this, info, file)));
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
      const writer = this.#finished.get(id);
      if (writer === undefined) continue;
      this.#claimed.set(id, writer);
      this.#finished.delete(id);
    }
  }

  /** What is to be kept about a snapshot that was claimed. */
  describe({ id, index, context }: StorageOp & { readonly type: 'snapshot' }): SnapshotInfo {
    const writer = this.#claimed.get(id);
    const { bytes, checksum } = writer ?? { bytes: 0, checksum: 0 };
    return { id, index, context: context.slice(), bytes, checksum };
  }

  /** The published ones, newest first, once this one is the current one. */
  listWith(info: SnapshotInfo, before: readonly SnapshotInfo[]): readonly SnapshotInfo[] {
    return [info, ...before].slice(0, this.#setup.retain);
  }

  /** It is durable that this is the current one now. */
  published(info: SnapshotInfo): void {
    const before = this.#published;
    this.#published = this.listWith(info, before);
    this.#claimed.delete(info.id);
    for (const { id } of before) {
      if (!this.#published.some((kept) => kept.id === id)) this.#remove(fileName(id));
    }
  }

  /** Closes every file. */
  async close(): Promise<void> {
    await this.#named.settled();
    await Promise.allSettled(this.#opening);
    await Promise.all([...this.#open].map((handle) => handle.release()));
    await Promise.all(this.#removals);
  }

  // What readers and writers ask.

  check(): void {
    this.#setup.check();
  }

  opened(handle: Closable): void {
    this.#open.add(handle);
  }

  released(handle: Closable): void {
    this.#open.delete(handle);
  }

  /** The content of a writer is durable; now its name is made so. */
  async finished(writer: StoredWriter): Promise<void> {
    const { files, folder } = this.#setup;
    const { id, name } = writer;
    if (name !== undefined) {
      await files.rename(this.#path(partialName({ id, name })), this.#path(fileName(id)));
      this.#named.ended(id);
    }
    await files.syncFolder(folder);
    this.#finished.set(id, writer);
  }

  /** Removes what a writer staged, unless it is claimed or published. */
  async forget(writer: StoredWriter): Promise<void> {
    const { id, name } = writer;
    this.#finished.delete(id);
    if (this.#claimed.has(id) || this.#published.some((info) => info.id === id)) return;
    this.#remove(fileName(id));
    if (name !== undefined) {
      this.#remove(partialName({ id, name }));
      this.#named.ended(id);
    }
    await Promise.all(this.#removals);
  }

  async #make(
    id: SnapshotId,
    name: string | undefined,
    open: () => Promise<SnapshotFileWriter>,
  ): Promise<StoredWriter> {
    try {
      return await this.#track(open().then((file) => new StoredWriter(this, { id, file, name })));
    } catch (cause) {
      throw failed(`snapshot ${id} cannot be started`, cause);
    }
  }

  /** Waits for a handle, and lets close() wait for it, too. */
  async #track<Handle extends Closable>(opening: Promise<Handle>): Promise<Handle> {
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  /** Removes a file in the background. What fails to go now goes at the next open. */
  #remove(name: string): void {
    const removal = this.#setup.files
      .remove(this.#path(name))
      .catch(() => undefined)
      .finally(() => {
        this.#removals.delete(removal);
      });
    this.#removals.add(removal);
  }

  async #sizeOf(id: SnapshotId): Promise<number | undefined> {
    try {
      const file = await this.#setup.files.open(this.#path(fileName(id)), 'read');
      try {
        return await file.size();
      } finally {
        await file.close();
      }
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return undefined;
      throw failed(`snapshot ${id} cannot be looked at`, cause);
    }
  }

  async #checkCurrent({ id, bytes }: SnapshotInfo): Promise<void> {
    const size = await this.#sizeOf(id);
    if (size === fileBytes(bytes)) return;
    const path = this.#path(fileName(id));
    throw new CorruptError(
      size === undefined
        ? `the content of snapshot ${id} is gone (${path}); restore this node from its peers`
        : `${path} has ${String(size)} bytes, not ${String(fileBytes(bytes))}; restore this node from its peers`,
    );
  }

  #nextId(): SnapshotId {
    return String(++this.#lastNumber);
  }

  #path(name: string): string {
    return `${this.#setup.folder}/${name}`;
  }
}
