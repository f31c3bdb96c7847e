/**
 * Looks into the folder of a node that does not run, and changes nothing: segments, records, state,
 * snapshots, and every place that cannot be believed.
 *
 * @packageDocumentation
 */
import { resolve } from 'node:path';
import {
  CorruptError,
  ForeignDataError,
  type LogIndex,
  type SnapshotInfo,
  type StorageOwner,
} from '@quorate/core';
import {
  anyMark,
  checkKind,
  type FileSystem,
  nodeFileSystem,
  ownerIn,
  snapshotFileName,
  snapshotFlaw,
} from '@quorate/files';
import { folderKind, type LogPosition, manifestIn } from './manifest.ts';
import { recordHeaderBytes, type RecordKind } from './record.ts';
import { type Damage, recoverLog } from './recovery.ts';
import { segmentName } from './segment-file.ts';

export type { Damage } from './recovery.ts';
export type { RecordKind } from './record.ts';

/** What stands in one segment. */
export interface SegmentReport {
  readonly id: number;
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Where the last batch that counts ends. */
  readonly end: number;
  readonly batches: number;
  readonly records: number;
  /** Records that a read would give. */
  readonly live: number;
  /** Lowest and highest index that was put. */
  readonly puts: { readonly first: LogIndex; readonly last: LogIndex } | undefined;
  /** Whether something stands behind the last batch: what is left of a write that was cut short, or lost. */
  readonly torn: boolean;
}

/** One record, as it is told to whoever wants to see all of them. */
export interface RecordReport {
  readonly segment: number;
  /** Of its header, in the segment. */
  readonly position: number;
  readonly kind: RecordKind;
  readonly index: LogIndex;
  /** Where its batch begins, and whether it is the last one of it. */
  readonly batch: number;
  readonly last: boolean;
  readonly payload: Uint8Array;
}

/** A published snapshot, and whether its content is what was published. */
export interface SnapshotReport extends SnapshotInfo {
  /** `undefined`: its content was not read. */
  readonly intact: boolean | undefined;
}

/** What a folder holds. */
export interface FolderReport {
  readonly directory: string;
  readonly storage: 'file';
  readonly format: number;
  readonly owner: StorageOwner;
  /** The log must reach at least that far. */
  readonly durable: LogPosition;
  /** The segment in which the node began to write after it was opened last; 0: not known. */
  readonly resumed: number;
  readonly segments: readonly SegmentReport[];
  /** Lowest and highest index of the log, and how many records it has. */
  readonly records:
    | { readonly first: LogIndex; readonly last: LogIndex; readonly count: number }
    | undefined;
  readonly state: Uint8Array | undefined;
  /** Newest first. */
  readonly snapshots: readonly SnapshotReport[];
  /** Files of snapshots that are not published. */
  readonly staged: readonly string[];
  /** Ends of writes that were cut short, saved aside by earlier repairs. */
  readonly savedTorn: readonly string[];
  /** Empty: everything that was acknowledged is there, as far as that can be known. */
  readonly damage: readonly Damage[];
}

/** How to look. */
export interface InspectOptions {
  /** Reads the contents of snapshots, too. @default false */
  readonly verify?: boolean;
  /** Called for every record, in the order on disk. */
  readonly onRecord?: (record: RecordReport) => void;
  /** @default nodeFileSystem */
  readonly files?: FileSystem;
}

interface Tally {
  batches: number;
  records: number;
  first: LogIndex;
  last: LogIndex;
}

/**
 * Looks into a folder.
 *
 * @throws ForeignDataError if it is not a folder of this storage.
 * @throws CorruptError if its mark cannot be read; all other damage is told in the report.
 * @throws LockedError if a node has it open.
 */
export async function inspectFolder(
  directory: string,
  { files = nodeFileSystem, onRecord, verify = false }: InspectOptions = {},
): Promise<FolderReport> {
  const path = resolve(directory);
  const mark = await anyMark(files, path);
  if (mark === undefined) {
    throw new ForeignDataError(
      `${path} has no quorate.json: it is not the folder of a storage; name the folder that holds one`,
    );
  }
  checkKind(path, folderKind, mark);
  const manifest = manifestIn(path, mark);
  // A node that runs changes the files while they are read. No lock file: none has ever run here.
  const locked = (await files.list(path)).includes('lock');
  const unlock = locked ? await files.lock(`${path}/lock`) : undefined;
  try {
    const tallies = new Map<number, Tally>();
    const ends = new Map<number, boolean>();
    const log = await recoverLog(files, `${path}/segments`, manifest, {
      payloads: onRecord !== undefined,
      segment: ({ id }, { torn }) => ends.set(id, torn),
      batch: ({ id }, { records }) => {
        const tally = tallies.get(id) ?? { batches: 0, records: 0, first: Infinity, last: 0 };
        tallies.set(id, tally);
        tally.batches++;
        for (const { header, payload, position } of records) {
          const { batch, index, kind, last } = header;
          tally.records++;
          if (kind === 'put') {
            tally.first = Math.min(tally.first, index);
            tally.last = Math.max(tally.last, index);
          }
          onRecord?.({ segment: id, position, kind, index, batch, last, payload });
        }
      },
    });
    const { map, segments, state, unused } = log;
    const known = unused === undefined ? segments : [...segments, unused];
    const count = segments.reduce((sum, { live }) => sum + live, 0);
    const snapshots = await lookAtSnapshots(files, path, log.snapshots, verify);
    return {
      directory: path,
      storage: 'file',
      format: folderKind.format,
      owner: ownerIn(path, mark),
      durable: manifest.durable,
      resumed: manifest.resumed,
      segments: known.map(({ bytes, end, id, live }): SegmentReport => {
        const { batches = 0, first = Infinity, last = 0, records = 0 } = tallies.get(id) ?? {};
        const puts = first <= last ? { first, last } : undefined;
        const torn = ends.get(id) === true;
        return { id, file: segmentName(id), bytes, end, batches, records, live, puts, torn };
      }),
      records: map.span === undefined ? undefined : { ...map.span, count },
      state,
      snapshots: snapshots.published,
      staged: snapshots.staged,
      savedTorn: (await files.list(`${path}/torn`)).toSorted(),
      damage: [...log.damage, ...snapshots.damage],
    };
  } finally {
    await unlock?.();
  }
}

/** Bytes that a record takes in its segment. */
export function recordBytes({ payload }: RecordReport): number {
  return recordHeaderBytes + payload.length;
}

async function lookAtSnapshots(
  files: FileSystem,
  path: string,
  infos: readonly SnapshotInfo[],
  verify: boolean,
): Promise<{
  readonly published: readonly SnapshotReport[];
  readonly staged: readonly string[];
  readonly damage: readonly Damage[];
}> {
  const folder = `${path}/snapshots`;
  const names = (await files.list(folder)).toSorted();
  const published: SnapshotReport[] = [];
  const damage: Damage[] = [];
  for (const [age, info] of infos.entries()) {
    const file = snapshotFileName(info.id);
    const there = names.includes(file);
    // Older ones are kept or not, as the node was told.
    if (!there && age > 0) continue;
    const what = await snapshotFlaw(files, folder, info, verify);
    const intact = what === undefined ? (verify ? true : undefined) : false;
    published.push({ ...info, intact });
    if (what === undefined) continue;
    damage.push({ file: `snapshots/${file}`, position: undefined, what });
  }
  const known = new Set(published.map(({ id }) => snapshotFileName(id)));
  return { published, staged: names.filter((name) => !known.has(name)), damage };
}

/** Turns a report's damage into the error that an open would give. */
export function damageError({ damage, directory }: FolderReport): CorruptError | undefined {
  const [first] = damage;
  return first === undefined
    ? undefined
    : new CorruptError(
        `${directory}: ${String(damage.length)} damaged places, the first in ${first.file}: ${first.what}; restore this node from its peers`,
      );
}
