/** What a test can do with a simulated disk. */
import type { Random, Runtime } from '@quorate/core';
import type { FileSystem } from '../file-system.ts';
import type { DiskOperation, Failure } from './faults.ts';
import type { DiskImage } from './image.ts';
import type { GarbageReach, Loss } from './loss.ts';

/** Options of {@link simulatedDisk}. */
export interface SimulatedDiskOptions {
  /** Decides whatever is left to chance. @default a generator with a fixed seed */
  readonly random?: Random;
  /** Timers for the latency. @default systemRuntime */
  readonly runtime?: Runtime;
  /**
   * How long an operation takes, in ms: a number, or a range to draw from. 0: some turns of the
   * microtask queue. @default 0
   */
  readonly latencyMs?: number | readonly [from: number, to: number];
  /** What is written as a whole or not at all. @default 512 */
  readonly sectorBytes?: number;
  /** A write beyond fails with ENOSPC. Counted in sectors that were written. @default Infinity */
  readonly capacityBytes?: number;
  /** Probability that a write takes only a part of its bytes. @default 0 */
  readonly shortWrites?: number;
  /**
   * How far the loss `garbage` reaches: all of a sector that was being written, also bytes in it that
   * were durable, or only the bytes that were being changed. @default 'sectors'
   */
  readonly garbage?: GarbageReach;
  /** What is on the disk. @default nothing */
  readonly image?: DiskImage;
}

/** Where a write is to end up instead. */
export interface Misdirection {
  /** @default the file that is written */
  readonly path?: string;
  /** @default the position that was asked for */
  readonly position?: number;
}

/** A byte on the disk. */
export interface BytePlace {
  readonly path: string;
  readonly at: number;
}

/** A disk that fails on demand. Everything happens out of one generator: the same calls, the same run. */
export interface SimulatedDisk {
  /**
   * The file system, for the process that runs now: the same one until a power loss or `kill`
   * ends it. Then everything that this process has under way or calls later rejects with EIO; only
   * `close` of a file and the end of a lock, which there is no failing at, resolve.
   */
  files(): FileSystem;

  /** How many operations have changed the disk so far: writes, syncs, creates, renames, … */
  readonly operations: number;
  /** Calls so far, by operation; also of those that change nothing. */
  readonly counts: Readonly<Record<DiskOperation, number>>;
  /** Power loss right before the nth changing operation from now takes effect (1: the next). */
  crashAt(nth: number, loss: Loss): void;
  /** Power loss now; a new process finds what is left. @default 'unsynced' */
  crash(loss?: Loss): void;
  /** Whether there was a power loss since the disk was made, or since `crashAt` was called last. */
  readonly crashed: boolean;
  /**
   * The process dies, the system lives: the next process sees everything, and what was not synced
   * can still be lost.
   */
  kill(): void;

  /** How many handles the process that runs now has open: what it forgot to close shows here. */
  readonly openFiles: number;

  /** Makes an operation to come fail. @returns what takes that back, as far as it has not happened. */
  fail(failure: Failure): () => void;
  /** Takes back every failure, misdirection and power loss that has not happened yet. */
  heal(): void;
  /**
   * The next write goes to another position or into another file, on the disk itself. Nothing
   * happens where it should have gone, and it resolves as if it had.
   */
  misdirectNextWrite(to: Misdirection): void;
  /** From now on no operation of these kinds ends. @default all kinds */
  stall(...operations: readonly DiskOperation[]): void;
  /** Ends a stall; what was held ends at once. */
  resume(): void;

  /** Bytes of all files that a power loss now would leave for sure (those under durable names). */
  readonly storedBytes: number;
  /**
   * Flips a bit (0 to 7) of one of these bytes, counted through all files in the order of their
   * paths. Calling it again mends it.
   *
   * @throws InvalidArgumentError if there is no such byte.
   */
  flipBit(at: number | BytePlace, bit: number): void;
  /** What a power loss now would leave for sure. */
  image(): DiskImage;
  /** Puts an image in the place of everything, as if by a power loss. */
  restore(image: DiskImage): void;
}
