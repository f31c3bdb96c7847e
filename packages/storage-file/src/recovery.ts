/**
 * Reads the whole log: what it holds, how it ends, and what is damaged in it. Changes nothing.
 *
 * Every segment begins with a checkpoint that says where the log before it ends, and the manifest
 * says which segments there are and up to where the log must reach. So each end but the last one is
 * known, and so is the last one after a clean close. Damage is never cut off: only what stands behind
 * the last batch of all, with nothing behind it that proves it was acknowledged, is the torn end of
 * a write that nobody was told about.
 */
import type { SnapshotInfo } from '@quorate/core';
import { type File, type FileSystem, hasCode } from '@quorate/files';
import { type Checkpoint, decodeCheckpoint, decodeSnapshotInfo } from './checkpoint.ts';
import { type Begun, certainEnd, endsAsTold, type Filled, provenTorn } from './ends.ts';
import { LogMap, type SegmentUse } from './log-map.ts';
import type { LogPosition, Manifest } from './manifest.ts';
import { segmentSeed } from './record.ts';
import { type ScanEnd, type ScannedBatch, scanSegment } from './scan.ts';
import { hasSegmentHead, segmentHeadBytes, segmentName } from './segment-file.ts';

/** A segment as far as it is known. */
export interface Segment extends SegmentUse {
  /** Where its last batch ends. */
  end: number;
  /** Size of its file. */
  bytes: number;
}

/** A place of the log that cannot be believed. */
export interface Damage {
  /** Name of the file. */
  readonly file: string;
  /** Where in it; `undefined`: all of it. */
  readonly position: number | undefined;
  readonly what: string;
}

/** What the log holds. */
export interface RecoveredLog {
  /** In ascending order, without those that were never written to. */
  readonly segments: readonly Segment[];
  /** The last one, where nothing was written to it yet. */
  readonly unused: Segment | undefined;
  readonly map: LogMap<Segment>;
  readonly state: Uint8Array | undefined;
  /** Newest first; more than are to be kept. */
  readonly snapshots: readonly SnapshotInfo[];
  /** The last batch of all. */
  readonly lastBatch: { readonly segment: Segment; readonly batch: ScannedBatch } | undefined;
  /** Up to where the log is durable for sure: to the end of the last batch, or to its beginning. */
  readonly certain: LogPosition;
  /** The segments that end in a write that was cut short; from that of the last batch on. */
  readonly torn: readonly Segment[];
  readonly damage: readonly Damage[];
}

/** Whoever wants to see everything, such as a tool. */
export interface RecoveryObserver {
  /** Whether batches are handed out with the payloads of puts as well. */
  readonly payloads?: boolean;
  segment?(segment: Segment, end: ScanEnd): void;
  batch?(segment: Segment, batch: ScannedBatch): void;
}

/** Reads the log. */
export async function recoverLog(
  files: FileSystem,
  folder: string,
  manifest: Manifest,
  observer: RecoveryObserver = {},
): Promise<RecoveredLog> {
  const recovery = new Recovery(files, folder, manifest, observer);
  for (let id = manifest.first; id <= manifest.last; id++) await recovery.read(id);
  return recovery.finish();
}

class Recovery {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #manifest: Manifest;
  readonly #observer: RecoveryObserver;
  readonly #segments: Segment[] = [];
  readonly #map: LogMap<Segment> = new LogMap<Segment>();
  readonly #damage: Damage[] = [];
  #state: Uint8Array | undefined;
  #snapshots: readonly SnapshotInfo[] = [];
  #lastBatch: { readonly segment: Segment; readonly batch: ScannedBatch } | undefined;
  /** The segments with batches that count. */
  readonly #filled: Filled[] = [];
  /** The last one of these, and those behind it to which a write was begun. */
  #begun: readonly Begun[] = [];
  #unused: Segment | undefined;

  constructor(files: FileSystem, folder: string, manifest: Manifest, observer: RecoveryObserver) {
    this.#files = files;
    this.#folder = folder;
    this.#manifest = manifest;
    this.#observer = observer;
  }

  async read(id: number): Promise<void> {
    const file = await this.#open(id);
    if (file === undefined) {
      this.#damaged(id, undefined, 'the file is gone');
      return;
    }
    try {
      const { log } = this.#manifest;
      if (!(await hasSegmentHead(file, log, id))) {
        this.#damaged(id, 0, 'the head of the segment fails its check');
        return;
      }
      await this.#scan(id, file, segmentSeed(log, id));
    } finally {
      await file.close();
    }
  }

  finish(): RecoveredLog {
    for (const { follower, torn } of provenTorn(this.#begun, this.#manifest)) {
      this.#damagedBefore(torn, follower);
    }
    this.#checkReach();
    return {
      segments: this.#segments,
      unused: this.#unused,
      map: this.#map,
      state: this.#state,
      snapshots: this.#snapshots,
      lastBatch: this.#lastBatch,
      certain: certainEnd(this.#filled.at(-1), this.#begun, this.#manifest),
      torn: this.#begun.filter(({ end }) => end.torn).map(({ segment }) => segment),
      damage: this.#damage,
    };
  }

  /** The log must reach as far as the manifest knows it to. */
  #checkReach(): void {
    const { durable } = this.#manifest;
    const { id, end } = this.#lastBatch?.segment ?? { id: 0, end: 0 };
    if (id > durable.segment || (id === durable.segment && end >= durable.end)) return;
    this.#damaged(
      durable.segment,
      id === durable.segment ? end : segmentHeadBytes,
      `acknowledged batches up to byte ${String(durable.end)} are damaged or gone`,
    );
  }

  async #open(id: number): Promise<File | undefined> {
    try {
      return await this.#files.open(`${this.#folder}/${segmentName(id)}`, 'read');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #scan(id: number, file: File, seed: number): Promise<void> {
    const segment: Segment = { id, live: 0, end: segmentHeadBytes, bytes: await file.size() };
    const end = await scanSegment({
      file,
      seed,
      wanted: ({ kind }) => kind !== 'put' || this.#observer.payloads === true,
      onBatch: (batch) => {
        this.#take(segment, batch);
      },
    });
    this.#observer.segment?.(segment, end);
    if (segment.end === segmentHeadBytes && !end.torn && end.laterAt === undefined) {
      this.#unused = segment;
      return;
    }
    this.#unused = undefined;
    if (segment.end === segmentHeadBytes) {
      // The first write to it was cut short, so no checkpoint vouches for what is before it.
      this.#segments.push(segment);
      this.#begun = [...this.#begun, { segment, end }];
    } else this.#begun = [{ segment, end }];
  }

  #take(segment: Segment, batch: ScannedBatch): void {
    const [first] = batch.records;
    if (segment.end === segmentHeadBytes) {
      const checkpoint =
        first?.header.kind === 'checkpoint' ? decodeCheckpoint(first.payload) : undefined;
      this.#begin(segment, checkpoint);
    }
    for (const { header, position, payload } of batch.records) {
      switch (header.kind) {
        case 'put':
          this.#map.put(header.index, segment, position);
          break;
        case 'state':
          this.#state = payload;
          break;
        case 'dropAfter':
          this.#map.dropAfter(header.index);
          break;
        case 'dropBefore':
          this.#map.dropBefore(header.index);
          break;
        case 'snapshot':
          this.#snapshots = [decodeSnapshotInfo(payload), ...this.#snapshots];
          break;
        case 'checkpoint':
          break;
      }
    }
    segment.end = batch.end;
    const filled = this.#filled.at(-1);
    if (filled?.segment === segment) {
      this.#filled.splice(-1, 1, {
        ...filled,
        batches: filled.batches + 1,
        lastStart: batch.start,
      });
    }
    this.#lastBatch = { segment, batch };
    this.#observer.batch?.(segment, batch);
  }

  /** A segment that has been written to: whatever precedes it is known to be complete. */
  #begin(segment: Segment, checkpoint: Checkpoint | undefined): void {
    const before = this.#filled.at(-1)?.segment;
    this.#segments.push(segment);
    const previous = checkpoint?.previous ?? { segment: 0, end: 0 };
    if (checkpoint === undefined) {
      this.#damaged(segment.id, segmentHeadBytes, 'the segment does not begin with a checkpoint');
    } else {
      if (!endsAsTold(this.#filled, checkpoint, this.#manifest.first)) {
        this.#damaged(
          previous.segment,
          previous.segment === before?.id ? Math.min(previous.end, before.end) : segmentHeadBytes,
          `acknowledged batches are damaged: they reach to byte ${String(previous.end)}`,
        );
      }
      // The batch that it repeats may be gone from where it stood first, and its state with it.
      this.#state = checkpoint.state;
      this.#snapshots = checkpoint.snapshots;
    }
    this.#filled.push({ segment, batches: 0, lastStart: segmentHeadBytes, previous });
  }

  #damagedBefore({ segment }: Begun, follower: string): void {
    const last = this.#map.span?.last;
    this.#damaged(
      segment.id,
      segment.end,
      `an acknowledged batch is damaged: another one follows in ${follower}` +
        (last === undefined ? '' : `; what stands before it reaches to index ${String(last)}`),
    );
  }

  #damaged(id: number, position: number | undefined, what: string): void {
    this.#damage.push({ file: segmentName(id), position, what });
  }
}
