/**
 * Finds out which storage a folder is of, and looks into it.
 *
 * A folder of `storage-file` is read as it lies there. A folder of another storage is opened through
 * the port, as a node would open it, and shows what the port tells; repairs that an open makes are
 * made then, too.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Algorithm,
  CorruptError,
  ForeignDataError,
  type LogIndex,
  type PlainFields,
  type Storage,
  type StorageOwner,
} from '@quorate/core';
import { anyMark, nodeFileSystem, ownerIn } from '@quorate/files';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';
import {
  type Damage,
  inspectFolder,
  type RecordReport,
  type SegmentReport,
  type SnapshotReport,
} from '@quorate/storage-file/inspect';
import { levelStorage } from '@quorate/storage-level';

/** Which puts of a listing are wanted. */
export interface RecordRange {
  readonly from: LogIndex;
  readonly to: LogIndex;
}

/** A record of the listing, and what its engine says of it. */
export interface ListedRecord extends RecordReport {
  readonly explained: PlainFields | undefined;
}

/** What a folder holds. */
export interface Inspection {
  readonly directory: string;
  readonly storage: string;
  readonly format: number;
  readonly owner: StorageOwner;
  /** Of `storage-file` alone. */
  readonly segments: readonly SegmentReport[] | undefined;
  readonly durable: { readonly segment: number; readonly end: number } | undefined;
  readonly records:
    | { readonly first: LogIndex; readonly last: LogIndex; readonly count?: number }
    | undefined;
  readonly state:
    | { readonly bytes: Uint8Array; readonly explained: PlainFields | undefined }
    | undefined;
  readonly snapshots: readonly (SnapshotReport & { readonly explained: PlainFields | undefined })[];
  readonly staged: readonly string[];
  readonly savedTorn: readonly string[];
  readonly damage: readonly Damage[];
}

const owners: Readonly<Record<string, Pick<Algorithm<never>, 'explain'>>> = {
  raft: raft(),
  paxos: paxos(),
};

const openers: Readonly<Record<string, (directory: string) => Storage>> = {
  level: (directory) => levelStorage({ directory }),
};

/**
 * Looks into a folder.
 *
 * @param verify reads the contents of snapshots, too.
 * @param range which puts `onRecord` is told of; `undefined`: none.
 * @throws ForeignDataError if it is no folder of a storage that is known here.
 * @throws CorruptError if not even its mark can be read.
 * @throws LockedError if a node has it open.
 */
export async function inspect(
  directory: string,
  verify: boolean,
  range: RecordRange | undefined,
  onRecord: (record: ListedRecord) => void,
): Promise<Inspection> {
  const path = await storageFolder(directory);
  const mark = (await anyMark(nodeFileSystem, path)) ?? {};
  const owner = ownerIn(path, mark);
  const { explain } = owners[owner.algorithm] ?? {};
  const explained = (
    kind: 'state' | 'record' | 'context',
    bytes: Uint8Array,
  ): PlainFields | undefined => {
    try {
      return explain?.[kind](bytes);
    } catch {
      // Of a later version, perhaps: the bytes are shown all the same.
      return undefined;
    }
  };
  const storage = String(mark['storage']);
  if (storage === 'file') {
    const report = await inspectFolder(path, {
      verify,
      ...(range !== undefined && {
        onRecord: (record) => {
          const { index, kind, payload } = record;
          if (kind === 'put' && (index < range.from || index > range.to)) return;
          const text = kind === 'put' ? explained('record', payload) : undefined;
          onRecord({ ...record, explained: text });
        },
      }),
    });
    const { snapshots, state, ...rest } = report;
    return {
      ...rest,
      state: state && { bytes: state, explained: explained('state', state) },
      snapshots: snapshots.map((each) => ({
        ...each,
        explained: explained('context', each.context),
      })),
    };
  }
  const open = openers[storage];
  if (open === undefined) {
    throw new ForeignDataError(
      `${path} holds storage ${JSON.stringify(storage)}, which this program does not know; use the one that made it`,
    );
  }
  const seen = await throughPort(open(path), owner, { verify, range, explained, onRecord });
  return { directory: path, storage, format: Number(mark['format']), owner, ...seen };
}

interface Wishes {
  readonly verify: boolean;
  readonly range: RecordRange | undefined;
  readonly explained: (
    kind: 'state' | 'record' | 'context',
    bytes: Uint8Array,
  ) => PlainFields | undefined;
  readonly onRecord: (record: ListedRecord) => void;
}

async function throughPort(
  storage: Storage,
  owner: StorageOwner,
  { verify, range, explained, onRecord }: Wishes,
): Promise<Omit<Inspection, 'directory' | 'storage' | 'format' | 'owner'>> {
  const damage: Damage[] = [];
  const told = (file: string, error: unknown): void => {
    if (!(error instanceof CorruptError)) throw error;
    damage.push({ file, position: undefined, what: error.message });
  };
  const nothing = {
    segments: undefined,
    durable: undefined,
    records: undefined,
    state: undefined,
    snapshots: [],
    staged: [],
    savedTorn: [],
    damage,
  };
  try {
    const { records, state } = await storage.open(owner);
    const last = records?.last ?? 0;
    for (let from = records?.first ?? 1; from <= last && (verify || range !== undefined); ) {
      const page = await storage.read(from, last, 1024 * 1024);
      for (const { index, record } of page) {
        if (range === undefined || index < range.from || index > range.to) continue;
        const place = { segment: 0, position: 0, batch: 0, last: true };
        const text = explained('record', record);
        onRecord({ ...place, kind: 'put', index, payload: record, explained: text });
      }
      const end = page.at(-1);
      if (end === undefined) break;
      from = end.index + 1;
    }
    const snapshots: Inspection['snapshots'][number][] = [];
    for (const info of storage.snapshots.list()) {
      const intact = verify ? await readThrough(storage, info.id, told) : undefined;
      snapshots.push({ ...info, intact, explained: explained('context', info.context) });
    }
    return {
      ...nothing,
      records,
      state: state && { bytes: state, explained: explained('state', state) },
      snapshots,
    };
  } catch (error) {
    told('.', error);
    return nothing;
  } finally {
    await storage.close();
  }
}

async function readThrough(
  storage: Storage,
  id: string,
  told: (file: string, error: unknown) => void,
): Promise<boolean> {
  const reader = await storage.snapshots.read(id);
  try {
    for (let at = 0; at < reader.info.bytes; ) {
      at += (await reader.read(at, 1024 * 1024)).length;
    }
    return true;
  } catch (error) {
    told(`snapshot ${id}`, error);
    return false;
  } finally {
    await reader.close();
  }
}

/** The folder itself, or `log` in the folder of a node. */
async function storageFolder(directory: string): Promise<string> {
  for (const path of [directory, join(directory, 'log')]) {
    const found = await stat(join(path, 'quorate.json')).catch(() => undefined);
    if (found?.isFile() === true) return path;
  }
  throw new ForeignDataError(
    `${directory} has no quorate.json, neither itself nor in log/: it is not the folder of a storage; name the folder of one node`,
  );
}
