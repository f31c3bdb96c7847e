/**
 * What a storage hands to its suite, and the place that each test works on.
 */
import type {
  LogIndex,
  LogRecord,
  Recovered,
  SnapshotId,
  Storage,
  StorageOp,
  StorageOwner,
} from '@quorate/core';
import { check } from '../check.ts';
import type { TestFramework } from '../framework.ts';

/** What a harness can do besides opening storages. */
export type StorageFeature =
  | 'crash'
  | 'failNextWrite'
  | 'damageRecord'
  | 'damageSnapshot'
  | 'syncs'
  | 'storedSnapshots'
  | 'maxRecordBytes';

/** One place (a directory, a simulated disk, …) that outlives the storages on it. Empty at first. */
export interface StorageHarness {
  /** Makes a storage, not open yet, on the place: always the same place. */
  storage(): Storage;
  /**
   * Power loss, now: the storage that is open is abandoned, and what it had not made durable is
   * lost, or any suffix of it. Its promises may reject or stay open.
   */
  crash?(): Promise<void>;
  /** Makes the next write or sync of the open storage fail. */
  failNextWrite?(): Promise<void>;
  /** Damages the stored record at this index. Called while no storage is open. */
  damageRecord?(index: LogIndex): Promise<void>;
  /** Damages the content of the published snapshot. Called while no storage is open. */
  damageSnapshot?(): Promise<void>;
  /** How many syncs the open storage has done. */
  syncs?(): number;
  /** How many snapshots, staged ones included, take up space. */
  storedSnapshots?(): Promise<number>;
  /** The largest record that the storage takes. */
  readonly maxRecordBytes?: number;
  /** Removes the place. Every storage that the test opened is closed by then. */
  remove(): Promise<void>;
}

/** What {@link storageSuite} needs. */
export interface StorageSuiteOptions {
  readonly framework: TestFramework;
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes a new, empty place. */
  create(): Promise<StorageHarness>;
  /**
   * What the harness cannot do: tests that need it are not registered. Every other feature must be
   * there, so that no test is left out by an oversight. @default none
   */
  readonly without?: readonly StorageFeature[];
  /** Random histories that are compared with a model. @default 100 */
  readonly runs?: number;
  /** Draws these histories. @default another one each time; a failure prints it */
  readonly seed?: number;
}

/** How a group registers its tests. */
export interface StorageTests {
  readonly options: StorageSuiteOptions;
  /** Whether the harness has the feature. */
  readonly has: (feature: StorageFeature) => boolean;
  /** Registers a test, unless the harness lacks a feature that it needs. */
  readonly test: (
    name: string,
    body: (place: Place) => Promise<void>,
    needs?: readonly StorageFeature[],
  ) => void;
}

/** Whose data the tests write. */
export const owner: StorageOwner = { cluster: 'conformance', node: 'n1', algorithm: 'raft' };

/** A harness, and the storage that is open on it. */
export class Place {
  readonly harness: StorageHarness;
  readonly #made: Storage[] = [];
  #open: Storage | undefined;

  constructor(harness: StorageHarness) {
    this.harness = harness;
  }

  /** A storage that is not open, and will be closed with the place. */
  storage(): Storage {
    const storage = this.harness.storage();
    this.#made.push(storage);
    return storage;
  }

  /** Opens a storage, after the one before was closed or lost. */
  async open(): Promise<{ readonly storage: Storage; readonly recovered: Recovered }> {
    const storage = this.storage();
    const recovered = await storage.open(owner);
    this.#open = storage;
    return { storage, recovered };
  }

  /** Closes what is open, and opens again. */
  async reopen(): Promise<{ readonly storage: Storage; readonly recovered: Recovered }> {
    await this.#open?.close();
    return this.open();
  }

  /** A feature of the harness. */
  feature<F extends StorageFeature>(feature: F): NonNullable<StorageHarness[F]> {
    const value = this.harness[feature];
    check(
      value !== undefined,
      `the harness lacks ${feature}: implement it, or list it in \`without\``,
    );
    return value;
  }

  /** Loses power, and opens what is left. */
  async crash(): Promise<{ readonly storage: Storage; readonly recovered: Recovered }> {
    await this.feature('crash').call(this.harness);
    return this.open();
  }

  /** Closes every storage and removes the place. */
  async remove(): Promise<void> {
    try {
      for (const storage of this.#made) await storage.close();
    } finally {
      await this.harness.remove();
    }
  }
}

/** Bytes that tell which number they were made from; of any length. */
export function sample(seed: number, length: number = 16): Uint8Array {
  const bytes = new Uint8Array(length);
  let word = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  for (let at = 0; at < length; at++) {
    word = (Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + at) >>> 0;
    bytes[at] = word >>> 24;
  }
  return bytes;
}

export function put(index: LogIndex, record: Uint8Array = sample(index)): StorageOp {
  return { type: 'put', index, record };
}

/** Puts of samples from `from` to `to`, both included. */
export function puts(from: LogIndex, to: LogIndex): StorageOp[] {
  return range(from, to).map((index) => put(index));
}

export function dropAfter(index: LogIndex): StorageOp {
  return { type: 'dropAfter', index };
}

export function dropBefore(index: LogIndex): StorageOp {
  return { type: 'dropBefore', index };
}

export function state(seed: number): StorageOp {
  return { type: 'state', bytes: sample(seed) };
}

export function publish(id: SnapshotId, index: LogIndex): StorageOp {
  return { type: 'snapshot', id, index, context: sample(index, 5) };
}

/** The integers from `from` to `to`, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, at) => from + at);
}

/** Every record that a storage has, read in several pieces. */
export async function readAll(storage: Storage): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = [];
  const end = 2 ** 48 - 1;
  for (let from = 0; ; ) {
    const records = await storage.read(from, end, 200);
    const last = records.at(-1);
    if (last === undefined) return all;
    all.push(...records);
    from = last.index + 1;
  }
}

/** Indexes of every record that a storage has. */
export async function indexes(storage: Storage): Promise<readonly LogIndex[]> {
  return (await readAll(storage)).map(({ index }) => index);
}

/** Stages and finishes a snapshot. */
export async function stage(storage: Storage, content: Uint8Array): Promise<SnapshotId> {
  const writer = await storage.snapshots.stage();
  await writer.write(content);
  await writer.finish();
  return writer.id;
}

/** The whole content of a snapshot. */
export async function readSnapshot(
  storage: Storage,
  id: SnapshotId,
  pieceBytes: number = 10_000,
): Promise<Uint8Array> {
  const reader = await storage.snapshots.read(id);
  try {
    const content = new Uint8Array(reader.info.bytes);
    for (let at = 0; ; ) {
      const piece = await reader.read(at, pieceBytes);
      if (piece.length === 0) return content.subarray(0, at);
      content.set(piece, at);
      at += piece.length;
    }
  } finally {
    await reader.close();
  }
}
