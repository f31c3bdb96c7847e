/**
 * The storage port on a simulated disk.
 */
import {
  checkStorageOps,
  ClosedError,
  CorruptError,
  ForeignDataError,
  InvalidArgumentError,
  LockedError,
  type LogIndex,
  type LogRecord,
  type Recovered,
  type SnapshotId,
  type Storage,
  type StorageOp,
  type StorageOwner,
} from '@quorate/core';
import type { Device } from './device.ts';
import type { Image } from './image.ts';
import { Snapshots } from './snapshots.ts';

/** Counts over the life of a disk: writes submitted, and syncs that made them durable. */
export type MemoryCounters = { readonly writes: number; readonly syncs: number };

/** A storage in memory. */
export interface MemoryStorage extends Storage, AsyncDisposable {
  readonly counters: MemoryCounters;
}

/** A disk as its storages see it. */
export interface DiskSlot {
  readonly image: Image;
  readonly maxRecordBytes: number;
  /** The device for a storage that opens; `undefined` while another one has it. */
  claim(): Device | undefined;
  release(device: Device): void;
  nextSnapshotId(): SnapshotId;
}

/** Makes a storage, closed at first, on a disk. */
export function makeStorage(
  slot: DiskSlot,
  counts: MemoryCounters,
  retainSnapshots: number,
): MemoryStorage {
  return new DiskStorage(slot, counts, retainSnapshots);
}

class DiskStorage implements MemoryStorage {
  readonly snapshots: Snapshots;
  readonly #slot: DiskSlot;
  readonly #counts: MemoryCounters;
  readonly #retain: number;
  #phase: 'new' | 'open' | 'closed' = 'new';
  #device: Device | undefined;

  constructor(slot: DiskSlot, counts: MemoryCounters, retain: number) {
    this.#slot = slot;
    this.#counts = counts;
    this.#retain = retain;
    this.snapshots = new Snapshots(slot, () => this.#live());
  }

  get counters(): MemoryCounters {
    return { writes: this.#counts.writes, syncs: this.#counts.syncs };
  }

  async open(owner: StorageOwner): Promise<Recovered> {
    if (this.#phase === 'open') throw new InvalidArgumentError('open() was called before');
    if (this.#phase === 'closed') throw new ClosedError('the storage was closed; make a new one');
    this.#phase = 'closed';
    const { image } = this.#slot;
    const found = image.owner;
    if (found !== undefined && !sameOwner(found, owner)) {
      throw new ForeignDataError(
        `the disk belongs to ${describeOwner(found)}, not to ${describeOwner(owner)}; use another one`,
      );
    }
    if (image.records.last !== undefined) this.#checkDamage(image.records.last.index);
    const device = this.#slot.claim();
    if (device === undefined) {
      throw new LockedError('another storage has this disk open; close it first');
    }
    this.#device = device;
    this.#phase = 'open';
    image.owner = { ...owner };
    image.keepOnlyPublished(this.#retain);
    this.snapshots.recover();
    const { first, last } = image.records;
    return {
      state: image.state?.slice(),
      records:
        first === undefined || last === undefined
          ? undefined
          : { first: first.index, last: last.index },
      snapshot: image.published[0],
      lastRecord: last?.record.slice(),
    };
  }

  async write(ops: readonly StorageOp[]): Promise<void> {
    const device = this.#live();
    checkStorageOps(ops, this.#slot.maxRecordBytes);
    this.snapshots.claim(ops);
    await device.submit((image) => {
      image.apply(ops, this.#retain);
    });
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]> {
    const device = this.#live();
    await device.drained();
    return this.#slot.image.records.read(from, to, maxBytes).map(({ index, record }) => {
      this.#checkDamage(index);
      return { index, record: record.slice() };
    });
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    const device = this.#device;
    if (device === undefined) return;
    try {
      await device.drained();
    } catch {
      // Whoever wrote was told.
    }
    this.#slot.release(device);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The device, while it works. */
  #live(): Device {
    if (this.#phase !== 'open' || this.#device === undefined) {
      throw new ClosedError(
        this.#phase === 'new' ? 'the storage is not open yet' : 'the storage is closed',
      );
    }
    if (this.#device.failure !== undefined) throw this.#device.failure;
    return this.#device;
  }

  #checkDamage(index: LogIndex): void {
    if (!this.#slot.image.damaged.has(index)) return;
    throw new CorruptError(
      `the record at index ${String(index)} fails its check; restore this node from its peers`,
    );
  }
}

function sameOwner(left: StorageOwner, right: StorageOwner): boolean {
  return (
    left.cluster === right.cluster && left.node === right.node && left.algorithm === right.algorithm
  );
}

function describeOwner({ cluster, node, algorithm }: StorageOwner): string {
  return `node ${node} of cluster ${cluster} (${algorithm})`;
}
