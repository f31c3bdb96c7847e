/**
 * Durable storage of one node: log records, the engine's state, snapshots.
 *
 * Records and state are opaque bytes of the engine. Sparse puts and puts over an index that is
 * already there are legal (an acceptor needs them).
 */
import type { LogIndex, NodeId } from './ids.ts';

/** Names a snapshot within one storage. */
export type SnapshotId = string;

/** One step of an atomic write. Steps take effect in order. */
export type StorageOp =
  | { readonly type: 'put'; readonly index: LogIndex; readonly record: Uint8Array }
  /** Puts the engine's state in the place of the one before. */
  | { readonly type: 'state'; readonly bytes: Uint8Array }
  /** Removes every record with an index above this one. */
  | { readonly type: 'dropAfter'; readonly index: LogIndex }
  /** Removes every record with an index below this one. */
  | { readonly type: 'dropBefore'; readonly index: LogIndex }
  /** Makes a staged snapshot the current one; the one before may go. */
  | {
      readonly type: 'snapshot';
      readonly id: SnapshotId;
      readonly index: LogIndex;
      /** The engine's bytes to be kept with it (last term, membership, …). */
      readonly context: Uint8Array;
    };

/** A record with its place. */
export interface LogRecord {
  readonly index: LogIndex;
  readonly record: Uint8Array;
}

/** Whose data it is. A storage remembers it at the first open and refuses anybody else later. */
export interface StorageOwner {
  readonly cluster: string;
  readonly node: NodeId;
  readonly algorithm: string;
}

/** What a storage held when it was opened. */
export interface Recovered {
  readonly state: Uint8Array | undefined;
  /** Lowest and highest index present; `undefined` where there is no record. */
  readonly records: { readonly first: LogIndex; readonly last: LogIndex } | undefined;
  readonly snapshot: SnapshotInfo | undefined;
  /** The record at `records.last`, which most engines need before anything else. */
  readonly lastRecord: Uint8Array | undefined;
}

/** What is known of a snapshot without reading it. */
export interface SnapshotInfo {
  readonly id: SnapshotId;
  readonly index: LogIndex;
  readonly context: Uint8Array;
  /** Size of the content. */
  readonly bytes: number;
  /** CRC-32 of the whole content, so that a copy of it can be told from another one. */
  readonly checksum: number;
}

/** Storage of one node. Not shared: one process, one log. */
export interface Storage {
  /**
   * Opens, repairs what may be repaired (a torn tail), and says what is there. Leftovers of
   * snapshots that were never published are removed, but for the one staged under a name.
   *
   * @throws ForeignDataError if the data belongs to somebody else.
   * @throws CorruptError if durable data is damaged; nothing is changed then.
   * @throws LockedError if another process has it open.
   */
  open(owner: StorageOwner): Promise<Recovered>;
  /**
   * Writes the steps atomically and resolves only when they are durable. Calls take effect in the
   * order in which they were made, also when the caller does not wait in between. The bytes must not
   * change any more: a storage may refer to them for as long as it likes.
   *
   * @throws StorageFailedError if a write or sync failed; then every later call fails too, and
   * nothing is retried.
   */
  write(ops: readonly StorageOp[]): Promise<void>;
  /**
   * Records from `from` to `to`, both included, in ascending order, those that are present. Stops
   * before `maxBytes` is passed, but gives at least one where there is one. Sees every write that
   * was called before it.
   *
   * @throws CorruptError if a record fails its check.
   */
  read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]>;
  readonly snapshots: SnapshotStore;
  /** Waits for writes under way, then lets go of everything. Idempotent, also after a failed open. */
  close(): Promise<void>;
}

/**
 * The snapshots of a storage. One is current; some before it may be retained, others are being
 * written or being read.
 */
export interface SnapshotStore {
  /** The one that was published last. */
  current(): SnapshotInfo | undefined;
  /** Every one that `read` opens, newest first: the current one, then those that are retained. */
  list(): readonly SnapshotInfo[];
  /**
   * Starts to write a new one, invisible until a {@link StorageOp} `snapshot` publishes it.
   *
   * With a name, what was staged under it before is taken up again as far as it is intact, also
   * after a restart or a power loss; `bytes` of the writer says where to go on. The storage
   * remembers one name: staging under another forgets what was there, and a writer that is still at
   * work under the old or the same name is closed.
   *
   * @param name 1 to {@link maxStageNameLength} letters, digits and `-`.
   * @throws InvalidArgumentError if the name is not of this form.
   */
  stage(name?: string): Promise<SnapshotWriter>;
  /**
   * Opens a published one for reading. It stays readable until the reader is closed, also when
   * newer ones are published meanwhile.
   *
   * @throws CompactedError if it is gone.
   */
  read(id: SnapshotId): Promise<SnapshotReader>;
}

/** Longest name of a staged snapshot. */
export const maxStageNameLength = 100;

/** Writes a snapshot. */
export interface SnapshotWriter {
  readonly id: SnapshotId;
  /** Bytes of content so far, those taken up again included. */
  readonly bytes: number;
  /** CRC-32 of these bytes. */
  readonly checksum: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the content durable, so that it may be published. */
  finish(): Promise<void>;
  /**
   * Lets go of it. What was staged under a name and not finished can be taken up again, perhaps
   * without its last bytes; anything else is forgotten as by `abort`. Does nothing after it was published.
   */
  close(): Promise<void>;
  /** Forgets it. Does nothing after it was published. */
  abort(): Promise<void>;
}

/** Reads a snapshot in pieces, so that memory stays bounded and a transfer can resume anywhere. */
export interface SnapshotReader {
  readonly info: SnapshotInfo;
  /** Up to `maxBytes` from `offset`; empty at the end. */
  read(offset: number, maxBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
