/**
 * The storage port on a folder with a segmented log: opening it with care, writing, reading, closing.
 */
import {
  checkStorageOps,
  ClosedError,
  CorruptError,
  describeError,
  type LogIndex,
  type LogRecord,
  QuorateError,
  type Recovered,
  type Runtime,
  type SnapshotInfo,
  type Storage,
  StorageFailedError,
  type StorageOp,
  type StorageOwner,
  TooLargeError,
} from '@quorate/core';
import {
  type FileSystem,
  Lifecycle,
  type QueuedWrite,
  readMark,
  SnapshotFiles,
  WriteQueue,
  withoutSecondSync,
} from '@quorate/files';
import { draftsOf } from './batch.ts';
import { readRecords } from './log-reader.ts';
import { LogWriter } from './log-writer.ts';
import {
  folderKind,
  isSame,
  logNumberBytes,
  type Manifest,
  manifestIn,
  ManifestKeeper,
} from './manifest.ts';
import { recordHeaderBytes } from './record.ts';
import { type Damage, type RecoveredLog, recoverLog } from './recovery.ts';
import { cutSegments, draftsOfBatch, refuseLostMark, saveTorn, takeLeftovers } from './repair.ts';

/** A batch lies in one segment, in which positions have 32 bits. */
const maxWriteBytes = 2 ** 31;

/** The options of a file storage, each with a value. */
export interface FileSettings {
  readonly directory: string;
  readonly files: FileSystem;
  readonly runtime: Runtime;
  readonly maxRecordBytes: number;
  readonly maxBatchBytes: number;
  readonly segmentBytes: number;
  readonly maxSpareSegments: number;
  readonly retainSnapshots: number;
}

/** Counts since the open. */
export type FileCounters = {
  /** Calls of `write`. */
  readonly writes: number;
  /** Batches that were made durable, each with one sync. */
  readonly syncs: number;
  /** Bytes of batches. */
  readonly bytesWritten: number;
  /** Segments that hold something. */
  readonly segments: number;
  /** Segments that were made new, filled with zeros. */
  readonly segmentsMade: number;
  /** Segments made of the file of a former one. */
  readonly segmentsReused: number;
  /** What the index in memory holds: extents and places. */
  readonly indexPlaces: number;
};

/** A storage in a folder. */
export interface FileStorage extends Storage, AsyncDisposable {
  readonly counters: FileCounters;
}

/** What works while the storage is open. */
interface Parts {
  readonly manifest: ManifestKeeper;
  readonly log: RecoveredLog;
  readonly writer: LogWriter;
  readonly queue: WriteQueue;
}

/** Makes a storage, closed at first. */
export function makeStorage(settings: FileSettings): FileStorage {
  return new FolderStorage(settings);
}

class FolderStorage implements FileStorage {
  readonly snapshots: SnapshotFiles;
  readonly #settings: FileSettings;
  readonly #life: Lifecycle = new Lifecycle();
  readonly #reads: Set<Promise<unknown>> = new Set<Promise<unknown>>();
  #unlock: (() => Promise<void>) | undefined;
  #parts: Parts | undefined;

  constructor(settings: FileSettings) {
    const files = withoutSecondSync(settings.files);
    this.#settings = { ...settings, files };
    this.snapshots = new SnapshotFiles({
      files,
      folder: `${settings.directory}/snapshots`,
      retain: settings.retainSnapshots,
      check: () => {
        this.#live();
      },
    });
  }

  get counters(): FileCounters {
    const parts = this.#parts;
    return {
      writes: parts?.queue.writes ?? 0,
      syncs: parts?.writer.syncs ?? 0,
      bytesWritten: parts?.writer.bytesWritten ?? 0,
      segments: parts?.writer.segmentCount ?? 0,
      segmentsMade: parts?.writer.segmentsMade ?? 0,
      segmentsReused: parts?.writer.segmentsReused ?? 0,
      indexPlaces: parts?.log.map.size ?? 0,
    };
  }

  open(owner: StorageOwner): Promise<Recovered> {
    return this.#life.open({ open: () => this.#open(owner), letGo: this.#letGo });
  }

  async write(ops: readonly StorageOp[]): Promise<void> {
    const { queue } = this.#live();
    const outline = checkStorageOps(ops, this.#settings.maxRecordBytes);
    if (outline.bytes + ops.length * recordHeaderBytes > maxWriteBytes) {
      throw new TooLargeError(
        `${String(outline.bytes)} bytes in one write, at most ${String(maxWriteBytes)} can be atomic; split it`,
      );
    }
    this.snapshots.claim(ops);
    await queue.write(ops, outline);
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]> {
    const parts = this.#live();
    if (!(from <= to)) return [];
    await parts.queue.settled({ first: from, last: to });
    const reading = this.#read(parts, from, to, maxBytes);
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (cause) {
      if (cause instanceof QuorateError) throw cause;
      throw new StorageFailedError(
        `the log cannot be read: ${describeError(cause)}; mend the disk and restart`,
        {
          cause,
        },
      );
    } finally {
      this.#reads.delete(reading);
    }
  }

  close(): Promise<void> {
    return this.#life.close({ close: () => this.#close(), letGo: this.#letGo });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #logFolder(): string {
    return `${this.#settings.directory}/segments`;
  }

  /** What works, while it works. */
  #live(): Parts {
    this.#life.checkOpen();
    const parts = this.#parts;
    if (parts === undefined) throw new ClosedError('the storage is not open');
    if (parts.queue.failure !== undefined) throw parts.queue.failure;
    return parts;
  }

  async #open(owner: StorageOwner): Promise<Recovered> {
    const { directory, files } = this.#settings;
    // Somebody else's folder is refused before anything is changed in it.
    await readMark(files, directory, folderKind, owner);
    await files.makeFolder(directory);
    this.#unlock = await files.lock(`${directory}/lock`);
    // Whoever had the lock before may have changed it since.
    const mark = await readMark(files, directory, folderKind, owner);
    for (const folder of [this.#logFolder, this.snapshots.folder]) await files.makeFolder(folder);
    if (mark === undefined) await refuseLostMark(files, this.#logFolder);
    const found = mark === undefined ? this.#newManifest() : manifestIn(directory, mark);
    const manifest = new ManifestKeeper(files, directory, owner, found);
    if (mark === undefined) await manifest.change({});
    const log = await recoverLog(files, this.#logFolder, found);
    if (log.damage.length > 0) throw corrupt(this.#logFolder, log.damage);
    await this.snapshots.adopt(log.snapshots);
    this.#parts = await this.#start(manifest, log);
    // Only now: what the last batch says may have been in the memory of the kernel alone, and a
    // snapshot that it replaced was still the current one then.
    await this.snapshots.removeLeftovers();
    const { span } = log.map;
    const [last] = span === undefined ? [] : await this.#read(this.#parts, span.last, span.last, 0);
    return {
      state: log.state,
      records: span,
      snapshot: this.snapshots.current(),
      lastRecord: last?.record,
    };
  }

  /** Repairs what a sudden end left, and gets ready to write. */
  async #start(manifest: ManifestKeeper, log: RecoveredLog): Promise<Parts> {
    const { directory, files, maxBatchBytes, maxSpareSegments, runtime, segmentBytes } =
      this.#settings;
    const { certain, lastBatch } = log;
    const isCertain =
      lastBatch === undefined ||
      isSame(certain, { segment: lastBatch.segment.id, end: lastBatch.batch.end });
    // Read before anything is cut: it is what the repair itself relies on.
    const again = isCertain ? [] : await draftsOfBatch(files, this.#logFolder, lastBatch);
    // Before what proves it is cut. And in any case: the manifest that was read may be in the memory
    // of the kernel alone, like the last batch, and what follows relies on it.
    await manifest.change({ durable: certain });
    for (const segment of log.torn) await saveTorn(files, directory, segment);
    if (log.torn.length > 0 || !isCertain) await cutSegments(files, this.#logFolder, log);
    const spares = await takeLeftovers(files, this.#logFolder, manifest.current, {
      bytes: segmentBytes,
      most: maxSpareSegments,
    });
    const { unused } = log;
    const writer = new LogWriter({
      files,
      folder: this.#logFolder,
      runtime,
      manifest,
      map: log.map,
      segments: log.segments,
      durable: certain,
      state: log.state,
      snapshots: this.snapshots.list(),
      ready: unused !== undefined && unused.bytes >= segmentBytes / 2 ? unused : undefined,
      spares,
      segmentBytes,
      maxSpares: maxSpareSegments,
      listWith: (info, before) => this.snapshots.listWith(info, before),
      readsSettled: async () => {
        await Promise.allSettled(this.#reads);
      },
      failed: (cause) => {
        queue.fail(cause);
      },
    });
    const queue: WriteQueue = new WriteQueue({
      maxBatchBytes,
      commit: (group) => this.#commit(writer, group),
    });
    // The last batch may be in the memory of the kernel alone, after a sync that failed: what is
    // read there now proves nothing. So it is written again, behind itself, where that is harmless.
    try {
      if (!isCertain) await writer.begin(again, true);
    } catch (error) {
      await writer.close(false);
      throw error;
    }
    return { manifest, log, writer, queue };
  }

  async #commit(writer: LogWriter, group: readonly QueuedWrite[]): Promise<void> {
    const published: SnapshotInfo[] = [];
    const drafts = draftsOf(group, (op) => {
      const info = this.snapshots.describe(op);
      published.push(info);
      return info;
    });
    await writer.append(drafts);
    for (const info of published) this.snapshots.published(info);
  }

  #read(
    { log, manifest }: Pick<Parts, 'log' | 'manifest'>,
    from: LogIndex,
    to: LogIndex,
    maxBytes: number,
  ): Promise<readonly LogRecord[]> {
    const { files } = this.#settings;
    const source = { files, folder: this.#logFolder, log: manifest.current.log, map: log.map };
    return readRecords(source, from, to, maxBytes);
  }

  #newManifest(): Manifest {
    const log = Uint8Array.from({ length: logNumberBytes }, () =>
      Math.floor(this.#settings.runtime.random() * 256),
    );
    return { log, first: 1, last: 0, durable: { segment: 0, end: 0 }, resumed: 0 };
  }

  async #close(): Promise<void> {
    const parts = this.#parts;
    await parts?.queue.close();
    await Promise.allSettled(this.#reads);
    await this.snapshots.close();
    await parts?.writer.close(parts.queue.failure === undefined);
  }

  readonly #letGo = async (): Promise<void> => {
    const unlock = this.#unlock;
    // The folder may be locked by somebody else from now on.
    this.#unlock = undefined;
    await unlock?.();
  };
}

function corrupt(folder: string, damage: readonly Damage[]): CorruptError {
  const [first] = damage;
  const place = first?.position === undefined ? '' : `, byte ${String(first.position)}`;
  const more = damage.length > 1 ? ` (and ${String(damage.length - 1)} more places)` : '';
  return new CorruptError(
    `${folder}/${first?.file ?? ''}${place}: ${first?.what ?? ''}${more}. Nothing was changed; restore this node from its peers`,
  );
}
