/**
 * The storage port on a folder with a LevelDB database: opening it with care, reading, closing.
 * How it is written to is in `writer.ts`, what lies where in `format.ts`.
 */
import { resolve } from 'node:path';
import {
  checkStorageOps,
  ClosedError,
  type LogIndex,
  type LogRecord,
  overlapOf,
  type Recovered,
  type SnapshotStore,
  type Storage,
  type StorageOp,
  type StorageOwner,
} from '@quorate/core';
import { type FileSystem, Lifecycle, SnapshotFiles, withoutSecondSync } from '@quorate/files';
import { auditDatabase, measureLog } from './audit.ts';
import { type Commit, type Database, openDatabase, translate } from './database.ts';
import {
  logUnknown,
  type Folder,
  folderAt,
  inspectFolder,
  makeFolders,
  markFolder,
} from './folder.ts';
import { readRecords } from './records.ts';
import { checkIdentity, initialise, recover } from './recovery.ts';
import { Writer } from './writer.ts';

/** The options of a level storage, each with a value. */
export interface LevelSettings {
  readonly directory: string;
  readonly maxRecordBytes: number;
  readonly maxBatchBytes: number;
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
  readonly retainSnapshots: number;
  readonly checkTables: boolean;
}

/** What a level storage reaches the disk by. Tests put one in the place that fails. */
export interface LevelDisk {
  /** For everything but the database. */
  readonly files: FileSystem;
  /** Makes a batch of the database durable. */
  readonly commit: Commit;
}

/** Counts since the open. */
export type LevelCounters = {
  /** Calls of `write`. */
  readonly writes: number;
  /** Batches that were made durable. */
  readonly syncs: number;
  /** Keys of dropped records that were deleted. */
  readonly keysSwept: number;
};

/** A storage in a folder. */
export interface LevelStorage extends Storage, AsyncDisposable {
  readonly counters: LevelCounters;
}

/** Makes a storage, closed at first. */
export function makeStorage(settings: LevelSettings, disk: LevelDisk): LevelStorage {
  return new FolderStorage(settings, disk);
}

/** What there is once it is open. */
interface Opened {
  readonly owner: StorageOwner;
  readonly database: Database;
  readonly writer: Writer;
}

class FolderStorage implements LevelStorage {
  readonly #settings: LevelSettings;
  readonly #disk: LevelDisk;
  readonly #folder: Folder;
  readonly #snapshots: SnapshotFiles;
  readonly #life: Lifecycle = new Lifecycle();
  readonly #reads: Set<Promise<unknown>> = new Set<Promise<unknown>>();
  #unlock: (() => Promise<void>) | undefined;
  #database: Database | undefined;
  #opened: Opened | undefined;

  constructor(settings: LevelSettings, disk: LevelDisk) {
    this.#settings = settings;
    this.#disk = disk;
    this.#folder = folderAt(resolve(settings.directory));
    this.#snapshots = new SnapshotFiles({
      files: withoutSecondSync(disk.files),
      folder: this.#folder.snapshots,
      retain: settings.retainSnapshots,
      check: () => this.#live(),
    });
  }

  get snapshots(): SnapshotStore {
    return this.#snapshots;
  }

  get counters(): LevelCounters {
    const { writes, syncs, keysSwept } = this.#opened?.writer ?? {
      writes: 0,
      syncs: 0,
      keysSwept: 0,
    };
    return { writes, syncs, keysSwept };
  }

  async open(owner: StorageOwner): Promise<Recovered> {
    return this.#life.open({
      open: async () => {
        try {
          return await this.#open(owner);
        } catch (error) {
          throw translate(error);
        }
      },
      letGo: () => this.#letGo(),
    });
  }

  async write(ops: readonly StorageOp[]): Promise<void> {
    const { writer } = this.#live();
    const outline = checkStorageOps(ops, this.#settings.maxRecordBytes);
    this.#snapshots.claim(ops);
    await writer.write(ops, outline);
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]> {
    const { database, writer } = this.#live();
    if (!(from <= to)) return [];
    await writer.settled({ first: from, last: to });
    const { live } = writer;
    const span = overlapOf(live, { first: from, last: to });
    if (live === undefined || span === undefined) return [];
    const reading = readRecords(database, span, live.denseFrom, maxBytes);
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (error) {
      throw translate(error);
    } finally {
      this.#reads.delete(reading);
    }
  }

  close(): Promise<void> {
    return this.#life.close({ close: () => this.#close(), letGo: () => this.#letGo() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What works, while it works. */
  #live(): Opened {
    this.#life.checkOpen();
    const opened = this.#opened;
    if (opened === undefined) throw new ClosedError('the storage is not open yet');
    if (opened.writer.failure !== undefined) throw opened.writer.failure;
    return opened;
  }

  async #open(owner: StorageOwner): Promise<Recovered> {
    const folder = this.#folder;
    const { files, commit } = this.#disk;
    const { checkTables, maxBatchBytes } = this.#settings;
    // Before anything is made: it may be somebody else's.
    await inspectFolder(files, folder, owner);
    await makeFolders(files, folder);
    this.#unlock = await files.lock(folder.lock);
    // Now nobody else is at work there; until now somebody may have been.
    const durable = await inspectFolder(files, folder, owner);
    await auditDatabase({ files, database: folder.database, durable, checkTables });
    const database = await openDatabase(folder.database, durable === undefined, this.#settings);
    this.#database = database;
    // LevelDB renames CURRENT at every open, and does not sync the folder afterwards.
    await files.syncFolder(folder.database);
    // Without the mark it is a first start, perhaps one that was interrupted before.
    if (durable === undefined) await initialise(database, owner, commit);
    await checkIdentity(database, folder, owner);
    const { head, layout, state, snapshots, records, lastRecord } = await recover(
      database,
      folder,
      durable,
    );
    await this.#snapshots.recover(snapshots);
    // LevelDB has brought everything it found into its tables, durably: it must not get less again.
    if (durable === undefined || durable.batch < head.batch) {
      await markFolder(files, folder, owner, { batch: head.batch, ...logUnknown });
    }
    const writer = new Writer({
      database,
      head,
      layout,
      snapshots: this.#snapshots,
      commit,
      maxBatchBytes,
    });
    this.#opened = { owner, database, writer };
    return { state, records, snapshot: this.#snapshots.current(), lastRecord };
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    await opened?.writer.close();
    await Promise.allSettled(this.#reads);
    await this.#snapshots.close();
    await this.#database?.close();
    if (opened === undefined || opened.writer.failure !== undefined) return;
    try {
      const { files } = this.#disk;
      const { database } = this.#folder;
      await files.syncFolder(database);
      const reach = await measureLog(files, database);
      const durable = { batch: opened.writer.batch, ...reach };
      await markFolder(files, this.#folder, opened.owner, durable);
    } catch {
      // All data is safe without it: the next open only knows less, as after a power loss.
    }
  }

  async #letGo(): Promise<void> {
    try {
      await this.#database?.close();
    } finally {
      await this.#unlock?.();
      // The folder may be locked by somebody else from now on.
      this.#unlock = undefined;
    }
  }
}
