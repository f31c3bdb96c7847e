/**
 * What a database says when it is opened: whose it is, and whether everything that its head names
 * is there.
 */
import {
  CorruptError,
  equalBytes,
  ForeignDataError,
  type IndexSpan,
  maxU48,
  type SnapshotInfo,
  type StorageOwner,
} from '@quorate/core';
import { checkOwner } from '@quorate/files';
import { type Commit, type Database, load } from './database.ts';
import type { Durable, Folder } from './folder.ts';
import {
  decodeFormat,
  decodeHead,
  decodeOwner,
  decodeSnapshots,
  decodeState,
  emptyHead,
  encodeFormat,
  encodeHead,
  encodeOwner,
  formatVersion,
  type Head,
  keys,
  seal,
  type Versioned,
} from './format.ts';
import { Layout } from './layout.ts';
import { endsWithin, readRecords } from './records.ts';

/** What was found. */
export interface Found {
  readonly head: Head;
  readonly layout: Layout;
  readonly state: Uint8Array | undefined;
  /** Published, newest first. */
  readonly snapshots: readonly SnapshotInfo[];
  readonly records: IndexSpan | undefined;
  readonly lastRecord: Uint8Array | undefined;
}

/** Makes a new database somebody's, unless it is already. */
export async function initialise(
  database: Database,
  owner: StorageOwner,
  commit: Commit,
): Promise<void> {
  if ((await load(database, keys.owner)) !== undefined) return;
  const batch = database.batch();
  batch.put(keys.format, seal(keys.format, encodeFormat()));
  batch.put(keys.owner, seal(keys.owner, encodeOwner(owner)));
  for (const key of [keys.head, keys.headAgain]) batch.put(key, seal(key, encodeHead(emptyHead)));
  await commit(batch);
}

/**
 * Looks whose database it is.
 *
 * @throws ForeignDataError if it is somebody else's.
 */
export async function checkIdentity(
  database: Database,
  folder: Folder,
  owner: StorageOwner,
): Promise<void> {
  const found = await load(database, keys.owner);
  const format = await load(database, keys.format);
  if (found === undefined || format === undefined) throw lost(folder, 'its identity');
  const version = decodeFormat(format);
  if (version !== formatVersion) {
    throw new ForeignDataError(
      `${folder.path} is in format ${String(version)}, this is format ${String(formatVersion)}; use the version that wrote it`,
    );
  }
  checkOwner(folder.path, decodeOwner(found), owner);
}

/**
 * Finds what is there, and whether it is all that was durable.
 *
 * @throws CorruptError if it is not.
 */
export async function recover(
  database: Database,
  folder: Folder,
  durable: Durable | undefined,
): Promise<Found> {
  const content = await load(database, keys.head);
  const again = await load(database, keys.headAgain);
  if (content === undefined || again === undefined || !equalBytes(content, again)) {
    throw lost(folder, 'its head');
  }
  const head = decodeHead(content);
  if (durable !== undefined && head.batch < durable.batch) {
    throw lost(
      folder,
      `batches ${String(head.batch + 1)} to ${String(durable.batch)}, which were durable`,
    );
  }
  const { live } = head;
  const state = await loadVersion(database, keys.state, decodeState);
  if ((state?.version ?? 0) !== head.stateVersion) throw lost(folder, 'the state written last');
  const snapshots = await loadVersion(database, keys.snapshot, decodeSnapshots);
  if ((snapshots?.version ?? 0) !== head.snapshotVersion) throw lost(folder, 'the last snapshot');
  const everything = await endsWithin(database, { first: 0, last: maxU48 });
  const records = live && (await endsWithin(database, live));
  if (live !== undefined && live.denseFrom <= live.last && records?.last !== live.last) {
    throw lost(folder, `the record at index ${String(live.last)}`);
  }
  const [last] =
    records === undefined
      ? []
      : await readRecords(database, { ...records, first: records.last }, records.last, 0);
  return {
    head,
    layout: new Layout(live, everything),
    state: state?.value,
    snapshots: snapshots?.value ?? [],
    records,
    lastRecord: last?.record,
  };
}

function lost({ database }: Folder, what: string): CorruptError {
  return new CorruptError(
    `the database at ${database} lost ${what}; restore this node from its peers`,
  );
}

async function loadVersion<T>(
  database: Database,
  key: Uint8Array,
  decode: (content: Uint8Array) => Versioned<T>,
): Promise<Versioned<T> | undefined> {
  const content = await load(database, key);
  return content === undefined ? undefined : decode(content);
}
