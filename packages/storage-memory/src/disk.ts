/**
 * A simulated disk. It outlives the storages on it, as a disk outlives processes: crash it, open a
 * new storage, and find what was durable.
 */
import {
  InvalidArgumentError,
  type LogIndex,
  type Random,
  type Runtime,
  StorageFailedError,
  systemRuntime,
} from '@quorate/core';
import { Device, type DiskState, type Latency } from './device.ts';
import { Image } from './image.ts';
import { type Loss, Power } from './power.ts';
import { type DiskSlot, type MemoryCounters, type MemoryStorage, makeStorage } from './storage.ts';

/** Options of {@link memoryDisk}. */
export interface MemoryDiskOptions {
  /** Timers for the latency. @default systemRuntime */
  readonly runtime?: Runtime;
  /**
   * How long a sync takes, in ms: a number, or a range to draw from. 0: durable in a microtask.
   *
   * @default 0
   */
  readonly latencyMs?: Latency;
  /**
   * Draws latencies, and how much of what was not durable survives a crash or a failed sync.
   * Without it latencies are the middle of their range, and nothing survives.
   */
  readonly random?: Random;
  /** Largest record, state or context. @default 64 MiB */
  readonly maxRecordBytes?: number;
  /** How many published snapshots are kept, the current one included; at least 1. @default 1 */
  readonly retainSnapshots?: number;
}

/** Options of {@link MemoryDisk.storage}. */
export interface MemoryStorageOptions {
  /** As that of the disk. @default that of the disk */
  readonly retainSnapshots?: number;
}

/** Options of {@link MemoryDisk.crash}. */
export interface CrashOptions {
  /** How many of the writes that are not durable survive, in order. @default drawn from `random`, or 0 */
  readonly keep?: number;
}

/** A disk that loses power, stalls and fails on demand. */
export interface MemoryDisk {
  /**
   * Makes a storage on this disk. One can be open at a time.
   *
   * @throws InvalidArgumentError if an option has a value that cannot work.
   */
  storage(options?: MemoryStorageOptions): MemoryStorage;
  /**
   * Power loss, at once: some prefix of the writes that are not durable survives; of unfinished
   * snapshots only what was staged under a name does, as a write for each piece. The storage that
   * was open fails from here on; a new one can be opened.
   */
  crash(options?: CrashOptions): void;
  /**
   * Power loss as by {@link crash}, right before the nth operation from now (1: the next). An
   * operation is a write that is submitted, or a sync; that one and what comes later fails.
   */
  crashAt(nth: number, loss: Loss): void;
  /** Whether the last {@link crashAt} has come true. */
  readonly crashed: boolean;
  /** Operations so far. */
  readonly operations: number;
  /** From now on no sync ends. */
  stall(): void;
  /** Ends a stall; held syncs end at once. */
  resume(): void;
  /**
   * Makes the sync that covers the nth write from now fail (1: the next). The `finish()` of a
   * snapshot counts as a write, and so does each piece of one that is staged under a name. Some
   * prefix of what was not durable may be found there later.
   */
  failWrite(nth?: number): void;
  /** Damages the record at this index: reading it gives CORRUPT until it is put again. */
  damage(index: LogIndex): void;
  /** How many snapshots it holds: published, finished, and the one staged under a name. */
  readonly storedSnapshots: number;
  readonly counters: MemoryCounters;
}

/**
 * Makes an empty disk.
 *
 * @throws InvalidArgumentError if an option has a value that cannot work.
 */
export function memoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const { runtime = systemRuntime, latencyMs = 0, random, maxRecordBytes = 64 * 2 ** 20 } = options;
  const retainOnDisk = checkRetain(options.retainSnapshots ?? 1);
  for (const ms of typeof latencyMs === 'number' ? [latencyMs] : latencyMs) {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new InvalidArgumentError(`latencyMs must be 0 or more, got ${String(ms)}`);
    }
  }
  if (!(maxRecordBytes > 0)) {
    throw new InvalidArgumentError(`maxRecordBytes must be above 0, got ${String(maxRecordBytes)}`);
  }
  let device: Device | undefined;
  let snapshots = 0;
  const cutPower = (keep: number | undefined): void => {
    const lost = device;
    device = undefined;
    disk.stalled = false;
    disk.failIn = undefined;
    lost?.fail(new StorageFailedError('the disk lost power (simulated); open it again'), keep);
  };
  const disk: DiskState = {
    image: new Image(),
    runtime,
    latencyMs,
    random,
    power: new Power(cutPower),
    stalled: false,
    failIn: undefined,
    writes: 0,
    syncs: 0,
  };
  const slot: DiskSlot = {
    image: disk.image,
    maxRecordBytes,
    claim: () => {
      if (device !== undefined) return undefined;
      device = new Device(disk);
      return device;
    },
    release: (claimed) => {
      if (device === claimed) device = undefined;
    },
    nextSnapshotId: () => `snapshot-${String(++snapshots)}`,
  };

  return {
    storage: ({ retainSnapshots = retainOnDisk } = {}) =>
      makeStorage(slot, disk, checkRetain(retainSnapshots)),
    crash: ({ keep } = {}) => {
      disk.power.disarm();
      cutPower(keep);
    },
    crashAt: (nth, loss) => {
      disk.power.cutAt(nth, loss);
    },
    stall: () => {
      disk.stalled = true;
    },
    resume: () => {
      disk.stalled = false;
      device?.resume();
    },
    failWrite: (nth = 1) => {
      disk.failIn = nth;
    },
    damage: (index) => {
      disk.image.damaged.add(index);
    },
    get crashed() {
      return disk.power.lost;
    },
    get operations() {
      return disk.power.operations;
    },
    get storedSnapshots() {
      return disk.image.contents.size + (disk.image.partial === undefined ? 0 : 1);
    },
    get counters() {
      return { writes: disk.writes, syncs: disk.syncs };
    },
  };
}

function checkRetain(retainSnapshots: number): number {
  if (Number.isInteger(retainSnapshots) && retainSnapshots >= 1) return retainSnapshots;
  throw new InvalidArgumentError(
    `retainSnapshots must be an integer of 1 or more, got ${String(retainSnapshots)}`,
  );
}
