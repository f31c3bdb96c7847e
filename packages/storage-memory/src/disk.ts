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
}

/** Options of {@link MemoryDisk.crash}. */
export interface CrashOptions {
  /** How many of the writes that are not durable survive, in order. @default drawn from `random`, or 0 */
  readonly keep?: number;
}

/** A disk that loses power, stalls and fails on demand. */
export interface MemoryDisk {
  /** Makes a storage on this disk. One can be open at a time. */
  storage(): MemoryStorage;
  /**
   * Power loss, at once: some prefix of the writes that are not durable survives, unfinished
   * snapshots do not. The storage that was open fails from here on; a new one can be opened.
   */
  crash(options?: CrashOptions): void;
  /** From now on no sync ends. */
  stall(): void;
  /** Ends a stall; held syncs end at once. */
  resume(): void;
  /**
   * Makes the sync that covers the nth write from now fail (1: the next). The `finish()` of a
   * snapshot counts as a write. Some prefix of what was not durable may be found there later.
   */
  failWrite(nth?: number): void;
  /** Damages the record at this index: reading it gives CORRUPT until it is put again. */
  damage(index: LogIndex): void;
  readonly counters: MemoryCounters;
}

/**
 * Makes an empty disk.
 *
 * @throws InvalidArgumentError if an option has a value that cannot work.
 */
export function memoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const { runtime = systemRuntime, latencyMs = 0, random, maxRecordBytes = 64 * 2 ** 20 } = options;
  for (const ms of typeof latencyMs === 'number' ? [latencyMs] : latencyMs) {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new InvalidArgumentError(`latencyMs must be 0 or more, got ${String(ms)}`);
    }
  }
  if (!(maxRecordBytes > 0)) {
    throw new InvalidArgumentError(`maxRecordBytes must be above 0, got ${String(maxRecordBytes)}`);
  }
  const disk: DiskState = {
    image: new Image(),
    runtime,
    latencyMs,
    random,
    stalled: false,
    failIn: undefined,
    writes: 0,
    syncs: 0,
  };
  let device: Device | undefined;
  let snapshots = 0;
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
    storage: () => makeStorage(slot, disk),
    crash: ({ keep } = {}) => {
      const lost = device;
      device = undefined;
      disk.stalled = false;
      disk.failIn = undefined;
      lost?.fail(new StorageFailedError('the disk lost power (simulated); open it again'), keep);
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
    get counters() {
      return { writes: disk.writes, syncs: disk.syncs };
    },
  };
}
