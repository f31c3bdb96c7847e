/**
 * The storage port on a folder with a LevelDB database: opening it with care, reading, closing.
 * How it is written to is in `writer.ts`, what lies where in `format.ts`.
 */
import { resolve } from 'node:path';
import {
  ClosedError,
  CorruptError,
  equalBytes,
  ForeignDataError,
  InvalidArgumentError,
  type LogIndex,
  type LogRecord,
  QuorateError,
  type Recovered,
  type Storage,
  type StorageOp,
  type StorageOwner,
} from '@quorate/core';
import { auditLogs } from './audit.ts';
import { type Commit, type Database, load, openDatabase, translate } from './database.ts';
import { syncFolder } from './files.ts';
import {
  checkOwner,
  type Folder,
  folderAt,
  inspectFolder,
  makeFolders,
  markFolder,
} from './folder.ts';
import {
  decodeFormat,
  decodeHead,
  decodeOwner,
  decodeSnapshot,
  decodeState,
  emptyHead,
  encodeFormat,
  encodeHead,
  encodeOwner,
  formatVersion,
  keys,
  recordIndex,
  recordKey,
  seal,
  unseal,
  type Versioned,
  valueOverheadBytes,
} from './format.ts';
import { holdFolder } from './hold.ts';
import { Layout, overlap, type Span } from './layout.ts';
import { checkOps } from './ops.ts';
import { Snapshots } from './snapshots.ts';
import { Writer } from './writer.ts';

/** Bytes that one step of a read brings into memory, besides the record that goes over it. */
const readAheadBytes = 1024 * 1024;
const lowestKey = recordKey(0);
const highestKey = recordKey(2 ** 48 - 1);

/** The options of a level storage, each with a value. */
export interface LevelSettings {
  readonly directory: string;
  readonly maxRecordBytes: number;
  readonly maxBatchBytes: number;
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
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
export function makeStorage(settings: LevelSettings, commit: Commit): LevelStorage {
  return new FolderStorage(settings, commit);
}

class FolderStorage implements LevelStorage {
  readonly snapshots: Snapshots;
  readonly #settings: LevelSettings;
  readonly #commit: Commit;
  readonly #folder: Folder;
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #opening: Promise<Recovered> | undefined;
  #closing: Promise<void> | undefined;
  #release: (() => void) | undefined;
  #database: Database | undefined;
  #writer: Writer | undefined;
  readonly #reads: Set<Promise<unknown>> = new Set<Promise<unknown>>();

  constructor(settings: LevelSettings, commit: Commit) {
    this.#settings = settings;
    this.#commit = commit;
    this.#folder = folderAt(resolve(settings.directory));
    this.snapshots = new Snapshots(this.#folder.snapshots, { check: () => this.#live() });
  }

  get counters(): LevelCounters {
    const { writes, syncs, keysSwept } = this.#writer ?? { writes: 0, syncs: 0, keysSwept: 0 };
    return { writes, syncs, keysSwept };
  }

  async open(owner: StorageOwner): Promise<Recovered> {
    if (this.#phase === 'closed') throw new ClosedError('the storage was closed; make a new one');
    if (this.#phase !== 'new') throw new InvalidArgumentError('open() was called before');
    this.#phase = 'opening';
    this.#opening = this.#open(owner);
    try {
      const recovered = await this.#opening;
      // close() may have been called meanwhile; it waits for this, and closes what was opened.
      if (this.#closing === undefined) this.#phase = 'open';
      return recovered;
    } catch (error) {
      this.#phase = 'closed';
      await this.#letGo();
      throw error instanceof QuorateError ? error : translate(error);
    }
  }

  async write(ops: readonly StorageOp[]): Promise<void> {
    const writer = this.#live().writer;
    const outline = checkOps(ops, this.#settings.maxRecordBytes);
    this.snapshots.claim(ops);
    await writer.write(ops, outline);
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]> {
    const { database, writer } = this.#live();
    if (!(from <= to)) return [];
    await writer.settled({ first: from, last: to });
    const { live } = writer;
    const span = overlap(live, { first: from, last: to });
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
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What works, while it works. */
  #live(): { readonly database: Database; readonly writer: Writer } {
    const database = this.#database;
    const writer = this.#writer;
    if (this.#phase !== 'open' || database === undefined || writer === undefined) {
      throw new ClosedError(
        this.#phase === 'closed' ? 'the storage is closed' : 'the storage is not open yet',
      );
    }
    if (writer.failure !== undefined) throw writer.failure;
    return { database, writer };
  }

  async #open(owner: StorageOwner): Promise<Recovered> {
    const used = await inspectFolder(this.#folder, owner);
    if (!used) await makeFolders(this.#folder);
    this.#release = await holdFolder(this.#folder.path);
    await auditLogs(this.#folder.database);
    const database = await openDatabase(this.#folder.database, !used, this.#settings);
    this.#database = database;
    // LevelDB renames CURRENT at every open, and does not sync the folder afterwards.
    await syncFolder(this.#folder.database);
    // Without the mark it is a first start, perhaps one that was interrupted before.
    if (!used && (await load(database, keys.owner)) === undefined) {
      await initialise(database, owner, this.#commit);
    }
    await this.#checkIdentity(database, owner);
    if (!used) await markFolder(this.#folder, owner);
    return this.#recover(database);
  }

  async #checkIdentity(database: Database, owner: StorageOwner): Promise<void> {
    const found = await load(database, keys.owner);
    const format = await load(database, keys.format);
    if (found === undefined || format === undefined) {
      throw new CorruptError(
        `the database at ${this.#folder.database} lost its identity; restore this node from its peers`,
      );
    }
    const version = decodeFormat(format);
    if (version !== formatVersion) {
      throw new ForeignDataError(
        `${this.#folder.path} is in format ${String(version)}, this is format ${String(formatVersion)}; use the version that wrote it`,
      );
    }
    checkOwner(this.#folder, decodeOwner(found), owner);
  }

  async #recover(database: Database): Promise<Recovered> {
    const lost = (what: string): CorruptError =>
      new CorruptError(
        `the database at ${this.#folder.database} lost ${what}; restore this node from its peers`,
      );
    const content = await load(database, keys.head);
    const again = await load(database, keys.headAgain);
    if (content === undefined || again === undefined || !equalBytes(content, again)) {
      throw lost('its head');
    }
    const head = decodeHead(content);
    const { live } = head;
    const state = await loadVersion(database, keys.state, decodeState);
    if ((state?.version ?? 0) !== head.stateVersion) throw lost('the state written last');
    const snapshot = await loadVersion(database, keys.snapshot, decodeSnapshot);
    if ((snapshot?.version ?? 0) !== head.snapshotVersion) throw lost('the last snapshot');
    await this.snapshots.recover(snapshot?.value);
    const everything = await ends(database, lowestKey, highestKey);
    const present = live && (await ends(database, recordKey(live.first), recordKey(live.last)));
    if (live !== undefined && live.denseFrom <= live.last && present?.last !== live.last) {
      throw lost(`the record at index ${String(live.last)}`);
    }
    const [lastRecord] =
      present === undefined
        ? []
        : await readRecords(database, { ...present, first: present.last }, present.last, 0);
    this.#writer = new Writer({
      database,
      head,
      layout: new Layout(live, everything),
      snapshots: this.snapshots,
      commit: this.#commit,
      maxBatchBytes: this.#settings.maxBatchBytes,
    });
    return {
      state: state?.value,
      records: present,
      snapshot: this.snapshots.current(),
      lastRecord: lastRecord?.record,
    };
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    this.#phase = 'closed';
    await this.#writer?.close();
    await Promise.allSettled(this.#reads);
    await this.snapshots.close();
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    await this.#database?.close();
    this.#release?.();
    // The folder may be held by somebody else from now on.
    this.#release = undefined;
  }
}

async function initialise(database: Database, owner: StorageOwner, commit: Commit): Promise<void> {
  const batch = database.batch();
  batch.put(keys.format, seal(keys.format, encodeFormat()));
  batch.put(keys.owner, seal(keys.owner, encodeOwner(owner)));
  for (const key of [keys.head, keys.headAgain]) batch.put(key, seal(key, encodeHead(emptyHead)));
  await commit(batch);
}

/** The lowest and the highest index whose key lies between the two. */
async function ends(
  database: Database,
  gte: Uint8Array,
  lte: Uint8Array,
): Promise<Span | undefined> {
  const [first] = await database.keys({ gte, lte, limit: 1 }).all();
  const [last] = await database.keys({ gte, lte, limit: 1, reverse: true }).all();
  return first === undefined || last === undefined
    ? undefined
    : { first: recordIndex(first), last: recordIndex(last) };
}

async function loadVersion<T>(
  database: Database,
  key: Uint8Array,
  decode: (content: Uint8Array) => Versioned<T>,
): Promise<Versioned<T> | undefined> {
  const content = await load(database, key);
  return content === undefined ? undefined : decode(content);
}

/**
 * Reads records, stopping before `maxBytes` is passed; at least one.
 *
 * @param denseFrom from here on no index may be missing.
 */
async function readRecords(
  database: Database,
  span: Span,
  denseFrom: LogIndex,
  maxBytes: number,
): Promise<readonly LogRecord[]> {
  const iterator = database.iterator({
    gte: recordKey(span.first),
    lte: recordKey(span.last),
    highWaterMarkBytes: Math.min(Math.max(maxBytes, 1), readAheadBytes),
  });
  // The lowest index that must come next, where one must.
  let due = Math.max(span.first, denseFrom);
  const arrived = (index: LogIndex): void => {
    if (index > due) {
      throw new CorruptError(
        `the record at index ${String(due)} is gone; restore this node from its peers`,
      );
    }
    if (index === due) due++;
  };
  try {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (;;) {
      const entries = await iterator.nextv(1000);
      if (entries.length === 0) break;
      for (const [key, value] of entries) {
        const index = recordIndex(key);
        arrived(index);
        bytes += value.length - valueOverheadBytes;
        if (records.length > 0 && bytes > maxBytes) return records;
        records.push({ index, record: unseal(key, value) });
      }
    }
    arrived(span.last + 1);
    return records;
  } finally {
    await iterator.close();
  }
}
