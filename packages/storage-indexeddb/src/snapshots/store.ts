/**
 * The snapshots of a storage. Their contents are complete and durable before they can be published;
 * publishing is a step of the storage's own transaction. What nobody needs any more is removed
 * afterwards, and what that misses at the next open.
 */
import {
  checkStageName,
  ClosedError,
  CompactedError,
  crc32,
  InvalidArgumentError,
  type SnapshotId,
  type SnapshotInfo,
  type SnapshotReader,
  type SnapshotStore,
  type SnapshotWriter,
  type StorageOp,
} from '@quorate/core';
import { chunkBytes, type Staged } from '../format.ts';
import { Chunks } from './chunks.ts';
import { ChunkReader } from './reader.ts';
import type { Session } from '../session.ts';
import { ChunkWriter, type WriterStart } from './writer.ts';

/** What a store works on. */
export interface SnapshotsSetup {
  /** How many published ones are kept, the current one included; at least 1. */
  readonly retain: number;
  /** @throws ClosedError or StorageFailedError unless the storage is open and well. */
  check(): void;
}

/** What was found at an open. */
export interface FoundSnapshots {
  /** Newest first. */
  readonly published: readonly SnapshotInfo[];
  readonly staged: Staged | undefined;
  /** No snapshot has a higher number. */
  readonly lastNumber: number;
}

/** The snapshots of one storage. */
export class Snapshots implements SnapshotStore {
  readonly #setup: SnapshotsSetup;
  /** Finished and neither published nor forgotten. */
  readonly #finished: Map<SnapshotId, ChunkWriter> = new Map<SnapshotId, ChunkWriter>();
  /** About to be published by a write that is waiting. */
  readonly #claimed: Map<SnapshotId, ChunkWriter> = new Map<SnapshotId, ChunkWriter>();
  /** Those that may still have something under way. */
  readonly #writers: Set<ChunkWriter> = new Set<ChunkWriter>();
  readonly #readers: Set<ChunkReader> = new Set<ChunkReader>();
  readonly #removals: Set<Promise<void>> = new Set<Promise<void>>();
  #opened: Chunks | undefined;
  #published: readonly SnapshotInfo[] = [];
  #staged: Staged | undefined;
  #stagedWriter: ChunkWriter | undefined;
  /** Stagings under a name, one after the other. */
  #staging: Promise<unknown> = Promise.resolve();
  #lastNumber = 0;

  constructor(setup: SnapshotsSetup) {
    this.#setup = setup;
  }

  /** Takes over what was found at an open. */
  begin(session: Session, found: FoundSnapshots): void {
    this.#opened = new Chunks(session);
    this.#published = found.published;
    this.#staged = found.staged;
    this.#lastNumber = found.lastNumber;
  }

  current(): SnapshotInfo | undefined {
    return this.#published[0];
  }

  list(): readonly SnapshotInfo[] {
    return this.#published;
  }

  async stage(name?: string): Promise<SnapshotWriter> {
    this.check();
    if (name === undefined) {
      const number = ++this.#lastNumber;
      return this.#startWriter({ number, name, chunks: 0, checksum: 0 });
    }
    checkStageName(name);
    const staging = this.#staging.then(() => this.#stageNamed(name));
    this.#staging = staging.catch(() => undefined);
    return staging;
  }

  async read(id: SnapshotId): Promise<SnapshotReader> {
    this.check();
    const info = this.#published.find((published) => published.id === id);
    if (info === undefined) {
      throw new CompactedError(
        `snapshot ${id} is gone or was never published; read the current one`,
      );
    }
    const reader = new ChunkReader(this, this.#chunks(), info);
    this.#readers.add(reader);
    return reader;
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
        `snapshot ${JSON.stringify(wrong)} is not staged and finished, or was published before; stage it first`,
      );
    }
    for (const id of ids) {
      const writer = this.#finished.get(id);
      if (writer === undefined) continue;
      this.#claimed.set(id, writer);
      this.#finished.delete(id);
    }
  }

  /** The published ones, newest first, once a step has published another one. */
  publish(
    { id, index, context }: StorageOp & { readonly type: 'snapshot' },
    before: readonly SnapshotInfo[],
  ): readonly SnapshotInfo[] {
    const { bytes, checksum } = this.#claimed.get(id) ?? { bytes: 0, checksum: 0 };
    const info = { id, index, context: context.slice(), bytes, checksum };
    return [info, ...before].slice(0, this.#setup.retain);
  }

  /**
   * It is durable that these are the published ones.
   *
   * @param ids those that were published just now, some of which may be replaced already.
   */
  published(now: readonly SnapshotInfo[], ids: readonly SnapshotId[]): void {
    const candidates = [...this.#published.map(({ id }) => id), ...ids];
    this.#published = now;
    for (const id of ids) this.#claimed.delete(id);
    for (const id of candidates) if (!this.#isNeeded(id)) void this.#remove(id);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#staging;
    await Promise.all([...this.#writers].map((writer) => writer.release()));
    await Promise.all(this.#removals);
  }

  // What readers and writers ask.

  check(): void {
    this.#setup.check();
  }

  /** Whether this is the writer of what is staged under a name. */
  isStaged(writer: ChunkWriter): boolean {
    return writer === this.#stagedWriter && writer.number === this.#staged?.number;
  }

  /** The content of a writer is durable. */
  finished(writer: ChunkWriter): void {
    if (this.isStaged(writer)) this.#staged = undefined;
    this.#writers.delete(writer);
    this.#finished.set(writer.id, writer);
  }

  /** Forgets a staged snapshot, unless it is claimed or published. */
  async forget(writer: ChunkWriter): Promise<void> {
    const { id, number } = writer;
    this.#writers.delete(writer);
    // Somebody else has taken it up under its name.
    if (this.#stagedWriter?.number === number && this.#stagedWriter !== writer) return;
    this.#finished.delete(id);
    if (this.#claimed.has(id) || this.#published.some((info) => info.id === id)) return;
    const staged = this.#staged?.number === number;
    if (staged) this.#staged = undefined;
    await this.#remove(id, staged ? 'unstage' : undefined);
  }

  /** A reader was closed. */
  async released(reader: ChunkReader): Promise<void> {
    this.#readers.delete(reader);
    const { id } = reader.info;
    if (!this.#isNeeded(id)) await this.#remove(id);
  }

  async #stageNamed(name: string): Promise<SnapshotWriter> {
    this.check();
    await this.#stagedWriter?.release();
    const chunks = this.#chunks();
    const found = this.#staged;
    if (found?.name === name) {
      const taken = await takeUp(chunks, found.number);
      this.#stagedWriter = this.#startWriter({ ...taken, number: found.number, name });
    } else {
      const number = ++this.#lastNumber;
      await chunks.stage({ number, name }, found);
      this.#staged = { number, name };
      this.#stagedWriter = this.#startWriter({ number, name, chunks: 0, checksum: 0 });
    }
    return this.#stagedWriter;
  }

  #startWriter(start: WriterStart): ChunkWriter {
    const writer = new ChunkWriter(this, this.#chunks(), start);
    this.#writers.add(writer);
    return writer;
  }

  #isNeeded(id: SnapshotId): boolean {
    return (
      this.#published.some((info) => info.id === id) ||
      [...this.#readers].some(({ info }) => info.id === id)
    );
  }

  /** Removes a content. What fails to go now goes at the next open. */
  #remove(id: SnapshotId, last?: 'unstage'): Promise<void> {
    const removal = this.#chunks()
      .remove(Number(id), last)
      .catch(() => undefined)
      .finally(() => {
        this.#removals.delete(removal);
      });
    this.#removals.add(removal);
    return removal;
  }

  #chunks(): Chunks {
    if (this.#opened === undefined) throw new ClosedError('the storage is not open yet; open it');
    return this.#opened;
  }
}

/** The whole chunks that are intact; what follows them goes. */
async function takeUp(
  chunks: Chunks,
  snapshot: number,
): Promise<{ readonly chunks: number; readonly checksum: number }> {
  let checksum = 0;
  for (let at = 0; ; at++) {
    // Whatever keeps it from being read: if the database is to blame, the cut fails as well.
    const content = await chunks.read(snapshot, at).catch(() => undefined);
    if (content?.length !== chunkBytes) {
      await chunks.cut(snapshot, at);
      return { chunks: at, checksum };
    }
    checksum = crc32(content, checksum);
  }
}
