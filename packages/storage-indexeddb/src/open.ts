/**
 * Opening a database: making it where there is none, and taking it over where there is one. Taking it
 * over is one transaction: what is damaged is seen before anything is changed.
 */
import {
  CorruptError,
  ForeignDataError,
  type LogIndex,
  type Recovered,
  type SnapshotInfo,
  type StorageOwner,
} from '@quorate/core';
import type { IdbDatabase, IdbFactory, IdbKeyRanges, IdbObjectStore } from './browser.ts';
import type { Contents } from './batch.ts';
import {
  chunkCount,
  damaged,
  decodeGeneration,
  decodeHead,
  decodeOwner,
  decodePublished,
  decodeStaged,
  decodeState,
  emptyHead,
  encodeGeneration,
  encodeHead,
  encodeOwner,
  encodePublished,
  formatNumber,
  type Head,
  type NamedKey,
  namedPlace,
  recordPlace,
  seal,
  type Staged,
  type StoreName,
  storeNames,
  unseal,
  type Versioned,
} from './format.ts';
import { checkIndex } from './records.ts';
import { chunkRange } from './snapshots/chunks.ts';
import type { FoundSnapshots } from './snapshots/store.ts';
import { answer, type Stores, transact } from './transaction.ts';

/** What is asked of an open. */
export interface OpenRequest {
  readonly factory: IdbFactory;
  readonly keyRanges: IdbKeyRanges;
  readonly name: string;
  readonly owner: StorageOwner;
  /** Whether a database that is not there is not made. */
  readonly mustExist: boolean;
  /** Published snapshots that are kept. */
  readonly retain: number;
}

/** What was found. */
export interface Found extends Contents {
  readonly recovered: Recovered;
  readonly snapshots: FoundSnapshots;
  /** Number of this open. */
  readonly generation: number;
  /** Whether the browser promises to sync. */
  readonly strict: boolean;
}

/**
 * Opens the database, and makes it where there is none.
 *
 * @throws ForeignDataError if it holds something else, or another format.
 * @throws CorruptError if it must be there and is not.
 */
export async function openDatabase(request: OpenRequest): Promise<IdbDatabase> {
  const { factory, name, owner, mustExist } = request;
  const opening = factory.open(name, formatNumber);
  let missing = false as boolean;
  opening.onupgradeneeded = () => {
    if (mustExist) {
      missing = true;
      opening.transaction?.abort();
    } else {
      create(opening.result, owner);
    }
  };
  let database: IdbDatabase;
  try {
    database = await answer(opening);
  } catch (error) {
    if (missing) {
      throw new CorruptError(
        `database ${name} is gone: it was deleted, or the browser made room; restore this node from its peers`,
      );
    }
    if (error instanceof Error && error.name === 'VersionError') {
      throw new ForeignDataError(
        `database ${name} is in a newer format than ${String(formatNumber)}; use the version that wrote it`,
      );
    }
    throw error;
  }
  // Whoever wants to delete it need not wait for this open; what is done next fails then.
  database.onversionchange = () => {
    database.close();
  };
  if (storeNames.every((store) => database.objectStoreNames.contains(store))) return database;
  database.close();
  throw new ForeignDataError(`database ${name} holds something else; use another name`);
}

/** Fills a new database. What makes it ours is there from the first moment, so it is never missing. */
function create(database: IdbDatabase, owner: StorageOwner): void {
  const [meta, , chunks] = storeNames.map((store) => database.createObjectStore(store));
  const fence = encodeGeneration(0);
  meta?.put(seal(namedPlace('meta', 'fence'), fence), 'fence');
  chunks?.put(seal(namedPlace('chunks', 'fence'), fence), 'fence');
  meta?.put(seal(namedPlace('meta', 'owner'), encodeOwner(owner)), 'owner');
  meta?.put(seal(namedPlace('meta', 'head'), encodeHead(emptyHead)), 'head');
}

/**
 * Takes a database over, durably.
 *
 * @throws ForeignDataError if it belongs to somebody else.
 * @throws CorruptError if something is damaged or missing.
 */
export function takeOver(database: IdbDatabase, request: OpenRequest): Promise<Found> {
  const { keyRanges, name, owner, retain } = request;
  return transact(database, storeNames, 'write', async (stores, { durability }) => {
    checkOwner(name, decodeOwner(await need(stores, 'meta', 'owner')), owner);
    const generation = await nextGeneration(stores);
    const found = decodeHead(await need(stores, 'meta', 'head'));
    const state = await loadVersion(stores, 'state', decodeState, found.stateVersion);
    const listed = await loadVersion(stores, 'published', decodePublished, found.publishedVersion);
    const { records, lastRecord } = await lookAtRecords(stores('records'), keyRanges, found);
    const chunks = stores('chunks');
    const published = await wholeOnes(chunks, keyRanges, (listed ?? []).slice(0, retain));
    const staged = await loadStaged(chunks);

    const fence = encodeGeneration(generation);
    stores('meta').put(seal(namedPlace('meta', 'fence'), fence), 'fence');
    chunks.put(seal(namedPlace('chunks', 'fence'), fence), 'fence');
    const shrunk = published.length < (listed ?? []).length;
    const head = shrunk ? rewritePublished(stores('meta'), published, found) : found;
    if (staged === undefined) chunks.delete('staged');
    const lastNumber = await removeLeftovers(chunks, keyRanges, published, staged);

    const recovered = { state, records, snapshot: published[0], lastRecord };
    const snapshots = { published, staged, lastNumber };
    return { head, published, recovered, snapshots, generation, strict: durability === 'strict' };
  });
}

function checkOwner(name: string, found: StorageOwner, wanted: StorageOwner): void {
  const fields = ['cluster', 'node', 'algorithm'] as const;
  const other = fields.find((field) => found[field] !== wanted[field]);
  if (other === undefined) return;
  throw new ForeignDataError(
    `database ${name} belongs to ${other} ${JSON.stringify(found[other])}, not ${JSON.stringify(wanted[other])}; use another name`,
  );
}

async function nextGeneration(stores: Stores): Promise<number> {
  const meta = decodeGeneration('meta', await need(stores, 'meta', 'fence'));
  const chunks = decodeGeneration('chunks', await need(stores, 'chunks', 'fence'));
  if (meta === chunks) return meta + 1;
  throw damaged(namedPlace('chunks', 'fence'), `is ${String(chunks)}, not ${String(meta)}`);
}

/** A value that must be there. */
async function need(stores: Stores, store: StoreName, key: NamedKey): Promise<Uint8Array> {
  const place = namedPlace(store, key);
  const value = await answer(stores(store).get(key));
  if (value === undefined) throw damaged(place, 'is gone');
  return unseal(place, value);
}

/** A value that must be there in this version; 0: it must not. */
async function loadVersion<T>(
  stores: Stores,
  key: 'state' | 'published',
  decode: (content: Uint8Array) => Versioned<T>,
  version: number,
): Promise<T | undefined> {
  const place = namedPlace('meta', key);
  const value = await answer(stores('meta').get(key));
  const found = value === undefined ? undefined : decode(unseal(place, value));
  if ((found?.version ?? 0) === version) return found?.value;
  throw damaged(
    place,
    found === undefined
      ? 'is gone'
      : `is there in version ${String(found.version)}, not ${String(version)}`,
  );
}

async function lookAtRecords(
  store: IdbObjectStore,
  keyRanges: IdbKeyRanges,
  { presence }: Head,
): Promise<Pick<Recovered, 'records' | 'lastRecord'>> {
  const first = await end(store, keyRanges, 'next');
  const last = await end(store, keyRanges, 'prev');
  for (const index of [first, last]) {
    if (index === undefined || presence.allows(index)) continue;
    throw damaged(recordPlace(index), 'is there, although it was dropped or never written');
  }
  const due = presence.next(0);
  if (due !== Infinity && (first === undefined || first > due)) {
    throw damaged(recordPlace(due), 'is gone');
  }
  const highest = presence.last;
  if (highest !== undefined && (last === undefined || last < highest)) {
    throw damaged(recordPlace(highest), 'is gone');
  }
  if (first === undefined || last === undefined)
    return { records: undefined, lastRecord: undefined };
  const lastRecord = unseal(recordPlace(last), await answer(store.get(last)));
  return { records: { first, last }, lastRecord };
}

/** The lowest or highest index in the store. */
async function end(
  store: IdbObjectStore,
  keyRanges: IdbKeyRanges,
  direction: 'next' | 'prev',
): Promise<LogIndex | undefined> {
  const cursor = await answer(store.openKeyCursor(keyRanges.lowerBound(0), direction));
  return cursor === null ? undefined : checkIndex(cursor.key);
}

/**
 * The published snapshots whose contents are there.
 *
 * @throws CorruptError if that of the current one is not.
 */
async function wholeOnes(
  store: IdbObjectStore,
  keyRanges: IdbKeyRanges,
  listed: readonly SnapshotInfo[],
): Promise<readonly SnapshotInfo[]> {
  const whole: SnapshotInfo[] = [];
  for (const [at, info] of listed.entries()) {
    const count = await answer(store.count(chunkRange(keyRanges, Number(info.id))));
    if (count === chunkCount(info.bytes)) whole.push(info);
    else if (at === 0) {
      throw new CorruptError(
        `the content of snapshot ${info.id} is not there as a whole; restore this node from its peers`,
      );
    }
    // An older one is not needed any more, and may be gone without harm.
  }
  return whole;
}

/**
 * Those that are not kept any more must not come back when more are kept again: by then another
 * content may have their number.
 */
function rewritePublished(
  meta: IdbObjectStore,
  published: readonly SnapshotInfo[],
  before: Head,
): Head {
  const head = { ...before, publishedVersion: before.publishedVersion + 1 };
  const list = encodePublished(head.publishedVersion, published);
  meta.put(seal(namedPlace('meta', 'published'), list), 'published');
  meta.put(seal(namedPlace('meta', 'head'), encodeHead(head)), 'head');
  return head;
}

/** What is staged under a name; a value that is damaged is as good as none. */
async function loadStaged(store: IdbObjectStore): Promise<Staged | undefined> {
  const value = await answer(store.get('staged'));
  if (value === undefined) return undefined;
  try {
    return decodeStaged(unseal(namedPlace('chunks', 'staged'), value));
  } catch (error) {
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}

/** Removes the contents that nobody names any more. Gives the highest number of any. */
async function removeLeftovers(
  store: IdbObjectStore,
  keyRanges: IdbKeyRanges,
  published: readonly SnapshotInfo[],
  staged: Staged | undefined,
): Promise<number> {
  const needed = new Set(published.map(({ id }) => Number(id)));
  if (staged !== undefined) needed.add(staged.number);
  let highest = Math.max(0, ...needed);
  for (let from = 0; ; ) {
    const [key] = await answer(store.getAllKeys(keyRanges.lowerBound([from]), 1));
    const number: unknown = Array.isArray(key) ? key[0] : undefined;
    if (typeof number !== 'number') return highest;
    if (!needed.has(number)) store.delete(chunkRange(keyRanges, number));
    highest = Math.max(highest, number);
    from = number + 1;
  }
}
