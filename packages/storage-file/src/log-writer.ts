/**
 * Writes the log: batch after batch into the segment in use, on to the next one when it is full, and
 * takes away segments in which nothing counts any more.
 *
 * Before a segment is full the next one is made ready in the background: zeros, head, name and the
 * line in the manifest are durable before it is needed. A new segment begins with a checkpoint, so
 * that none before it is needed for anything but its records.
 */
import type { Runtime, SnapshotInfo } from '@quorate/core';
import { type File, type FileSystem, writeAllDurably } from '@quorate/files';
import { BatchEncoder, bytesOf, type Draft } from './batch.ts';
import { decodeSnapshotInfo, encodeCheckpoint } from './checkpoint.ts';
import type { LogMap } from './log-map.ts';
import type { LogPosition, ManifestKeeper } from './manifest.ts';
import { recordHeaderBytes, segmentSeed } from './record.ts';
import type { Segment } from './recovery.ts';
import { makeSegment, segmentHeadBytes, segmentName } from './segment-file.ts';

/** Bytes encoded before the event loop gets a turn: about half a millisecond of work. */
const sliceBytes = 512 * 1024;

/** What a writer goes on from. */
export interface LogWriterSetup {
  readonly files: FileSystem;
  readonly folder: string;
  readonly runtime: Runtime;
  readonly manifest: ManifestKeeper;
  readonly map: LogMap<Segment>;
  /** In ascending order; those that were written to. */
  readonly segments: readonly Segment[];
  /** Up to where the log is durable for sure. */
  readonly durable: LogPosition;
  readonly state: Uint8Array | undefined;
  /** Published snapshots, newest first. */
  readonly snapshots: readonly SnapshotInfo[];
  /** A segment that is ready and was never written to. */
  readonly ready: Segment | undefined;
  /** Files of segments that can be used again. */
  readonly spares: readonly string[];
  readonly segmentBytes: number;
  readonly maxSpares: number;
  /** The published snapshots once there is this one more. */
  readonly listWith: (
    info: SnapshotInfo,
    before: readonly SnapshotInfo[],
  ) => readonly SnapshotInfo[];
  /** Waits until nobody reads what was located so far. */
  readonly readsSettled: () => Promise<void>;
  /** Something in the background failed: nothing may be acknowledged any more. */
  readonly failed: (cause: unknown) => void;
}

/** A segment that is written to, or will be. */
interface OpenSegment {
  readonly segment: Segment;
  readonly file: File;
  readonly seed: number;
}

/** The only one who writes to the log. */
export class LogWriter {
  syncs = 0;
  bytesWritten = 0;
  segmentsMade = 0;
  segmentsReused = 0;

  readonly #setup: LogWriterSetup;
  readonly #encoder: BatchEncoder = new BatchEncoder();
  readonly #segments: Segment[];
  readonly #spares: string[];
  #active: OpenSegment | undefined;
  /** The segment after the active one: ready, or being made so. */
  #next: Promise<OpenSegment> | undefined;
  /** How far the log is known to be durable. */
  #durable: LogPosition;
  #state: Uint8Array | undefined;
  #snapshots: readonly SnapshotInfo[];
  /** Work in the background, one after the other. */
  #upkeep: Promise<void> = Promise.resolve();
  #trimming = false;
  #unsliced = 0;

  constructor(setup: LogWriterSetup) {
    this.#setup = setup;
    this.#segments = [...setup.segments];
    this.#durable = setup.durable;
    this.#state = setup.state;
    this.#snapshots = setup.snapshots;
    this.#spares = [...setup.spares];
    const { ready } = setup;
    if (ready !== undefined) {
      this.#next = this.#openReady(ready);
      // Whoever begins it hears of a failure, which may come before anybody does.
      this.#next.catch(() => undefined);
    }
  }

  /** Segments that hold something. */
  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Makes a batch durable, and then lets it count. */
  async append(drafts: readonly Draft[]): Promise<void> {
    if (drafts.length === 0) return;
    // With room for the mark that no batch follows.
    const bytes = bytesOf(drafts) + recordHeaderBytes;
    const active = this.#active;
    if (active === undefined || active.segment.end + bytes > active.segment.bytes) {
      await this.begin(drafts);
    } else await this.#write(active, drafts);
    this.#prepareInTime();
    this.#trimSoon();
  }

  /**
   * Goes on to the next segment, with a checkpoint in front of the batch.
   *
   * @param repeats whether the batch is the last one that was found, once more.
   */
  async begin(drafts: readonly Draft[], repeats: boolean = false): Promise<void> {
    const { manifest } = this.#setup;
    const before = this.#active;
    const next = await (this.#next ?? this.#make());
    this.#next = undefined;
    const { id } = next.segment;
    // Before anything is written to it: a write that is cut short is read with this in mind.
    if (before === undefined && manifest.current.resumed !== id) {
      await manifest.change({ resumed: id });
    }
    const payload = encodeCheckpoint({
      previous: this.#durable,
      repeats,
      state: this.#state,
      snapshots: this.#snapshots,
    });
    this.#active = next;
    this.#segments.push(next.segment);
    await before?.file.close();
    await this.#write(next, [{ kind: 'checkpoint', index: 0, payload }, ...drafts]);
  }

  /**
   * Closes the files. After a life without failure it also notes how far the log reaches; where that
   * does not work, the next open finds what it would find after a sudden end.
   */
  async close(inGoodOrder: boolean): Promise<void> {
    await this.#upkeep;
    const { manifest } = this.#setup;
    const active = this.#active;
    const next = await this.#next?.catch(() => undefined);
    try {
      if (inGoodOrder && active !== undefined) {
        // What was filled in advance is given back.
        await active.file.truncate(active.segment.end);
        await active.file.sync();
        await manifest.change({ durable: this.#durable });
      }
    } catch {
      // Every batch that was acknowledged is durable all the same.
    }
    await manifest.settled();
    await Promise.allSettled([active?.file.close(), next?.file.close()]);
  }

  async #write({ file, seed, segment }: OpenSegment, drafts: readonly Draft[]): Promise<void> {
    const start = segment.end;
    const end = start + bytesOf(drafts);
    const parts = await this.#encoder.encode(drafts, seed, start, (bytes) => this.#pause(bytes));
    await writeAllDurably(file, parts, start);
    this.syncs++;
    this.bytesWritten += end - start;
    segment.end = end;
    this.#durable = { segment: segment.id, end };
    segment.bytes = Math.max(segment.bytes, end + recordHeaderBytes);
    this.#apply(segment, start, drafts);
  }

  #apply(segment: Segment, start: number, drafts: readonly Draft[]): void {
    const { listWith, map } = this.#setup;
    let position = start;
    for (const { kind, index, payload } of drafts) {
      switch (kind) {
        case 'put':
          map.put(index, segment, position);
          break;
        case 'dropAfter':
          map.dropAfter(index);
          break;
        case 'dropBefore':
          map.dropBefore(index);
          break;
        case 'state':
          this.#state = payload.slice();
          break;
        case 'snapshot':
          this.#snapshots = listWith(decodeSnapshotInfo(payload), this.#snapshots);
          break;
        case 'checkpoint':
          break;
      }
      position += recordHeaderBytes + payload.length;
    }
  }

  #pause(bytes: number): Promise<void> | undefined {
    this.#unsliced += bytes;
    if (this.#unsliced < sliceBytes) return undefined;
    this.#unsliced = 0;
    return new Promise((resolve) => {
      this.#setup.runtime.nextTurn(resolve);
    });
  }

  /** Half a segment is time enough to make the next one ready. */
  #prepareInTime(): void {
    const active = this.#active?.segment;
    if (this.#next !== undefined || active === undefined || active.end < active.bytes / 2) return;
    const next = this.#make();
    this.#next = next;
    this.#inBackground(async () => {
      await next;
    });
  }

  async #make(): Promise<OpenSegment> {
    const { files, folder, manifest, segmentBytes } = this.#setup;
    const id = manifest.current.last + 1;
    const spare = this.#spares.shift();
    const { log } = manifest.current;
    const file = await makeSegment(files, folder, log, id, { bytes: segmentBytes, spare });
    if (spare === undefined) this.segmentsMade++;
    else this.segmentsReused++;
    const resumed = this.#active === undefined ? id : manifest.current.resumed;
    await manifest.change({ last: id, durable: this.#durable, resumed });
    const bytes = await file.size();
    return {
      segment: { id, live: 0, end: segmentHeadBytes, bytes },
      file,
      seed: segmentSeed(log, id),
    };
  }

  async #openReady(segment: Segment): Promise<OpenSegment> {
    const { files, folder, manifest } = this.#setup;
    const file = await files.open(`${folder}/${segmentName(segment.id)}`, 'write');
    return { segment, file, seed: segmentSeed(manifest.current.log, segment.id) };
  }

  #trimSoon(): void {
    if (this.#trimming || this.#trimmable() === 0) return;
    this.#trimming = true;
    this.#inBackground(async () => {
      this.#trimming = false;
      await this.#trim();
    });
  }

  /** How many of the first segments hold nothing that counts, and are not the one in use. */
  #trimmable(): number {
    let count = 0;
    for (const segment of this.#segments) {
      if (segment.live > 0 || segment === this.#active?.segment) break;
      count++;
    }
    return this.#active === undefined ? 0 : count;
  }

  async #trim(): Promise<void> {
    const { files, folder, manifest, maxSpares, readsSettled, segmentBytes } = this.#setup;
    const gone = this.#segments.splice(0, this.#trimmable());
    const next = this.#segments[0];
    if (gone.length === 0 || next === undefined) return;
    const from = manifest.current.first;
    await readsSettled();
    await manifest.change({ first: next.id });
    for (let id = from; id < next.id; id++) {
      const name = segmentName(id);
      const bytes = gone.find((segment) => segment.id === id)?.bytes;
      if (bytes === segmentBytes && this.#spares.length < maxSpares) this.#spares.push(name);
      else await files.remove(`${folder}/${name}`);
    }
  }

  #inBackground(work: () => Promise<void>): void {
    this.#upkeep = this.#upkeep.then(work).catch((cause: unknown) => {
      this.#setup.failed(cause);
    });
  }
}
