/**
 * What a storage hands to its suite.
 */
import type { LogIndex, Storage } from '@quorate/core';
import type { TestFramework } from '../framework.ts';
import type { Place } from './place.ts';

/**
 * What a power loss takes.
 *
 * - `nothing`: all that the system was given reached the disk, as when only the process is killed.
 * - `unsynced`: everything that was not synced is lost: content, sizes, names, renames, removals.
 * - `partly`: some of it is lost, chosen at random: sectors of writes, in any order; a suffix of the
 *   changes of names.
 * - `garbage`: like `partly`, and sectors that were being written may hold anything.
 */
export type Loss = 'nothing' | 'unsynced' | 'partly' | 'garbage';

/** What a harness can do besides opening storages. */
export type StorageFeature =
  | 'crash'
  | 'operations'
  | 'crashAt'
  | 'crashed'
  | 'failNextWrite'
  | 'failNextSync'
  | 'kill'
  | 'damageRecord'
  | 'damageSnapshot'
  | 'storedBytes'
  | 'flipBit'
  | 'syncs'
  | 'storedSnapshots'
  | 'maxRecordBytes';

/** What a test asks of a storage. */
export interface HarnessStorageOptions {
  /** How many published snapshots it keeps, the current one included. @default 1 */
  readonly retainSnapshots?: number;
}

/** One place (a directory, a simulated disk, …) that outlives the storages on it. Empty at first. */
export interface StorageHarness {
  /** Makes a storage, not open yet, on the place: always the same place. */
  storage(options?: HarnessStorageOptions): Storage;
  /**
   * Power loss, now: the storage that is open is abandoned, and what it had not made durable is
   * lost, or any suffix of it. Its promises may reject or stay open.
   */
  crash?(): Promise<void>;
  /**
   * How many operations the storages have asked of the disk: writes, syncs, creations, renames, …,
   * whatever a power loss may come before. Reads need not count.
   */
  operations?(): number;
  /**
   * Arms a power loss right before the nth operation from now (1: the next) takes effect. That
   * operation and all later ones of the storages that exist then reject or never settle. A storage
   * that is made afterwards finds what is left. Arming again forgets what was armed before.
   */
  crashAt?(nth: number, loss: Loss): void;
  /** Whether the power loss that was armed last has happened. */
  crashed?(): boolean;
  /** Makes the next write or sync of the open storage fail. */
  failNextWrite?(): Promise<void>;
  /**
   * Makes the sync of the next write of the open storage fail, behind its write, which goes well. What
   * it should have made durable is seen from then on, no later sync makes it durable, and a power
   * loss takes it.
   */
  failNextSync?(): Promise<void>;
  /**
   * The process ends, the system lives on: the storage that is open is abandoned, and what is made
   * afterwards sees all that the system was given, also what is not durable.
   */
  kill?(): Promise<void>;
  /** Damages the stored record at this index. Called while no storage is open. */
  damageRecord?(index: LogIndex): Promise<void>;
  /** Damages the content of the published snapshot. Called while no storage is open. */
  damageSnapshot?(): Promise<void>;
  /** How many bytes the place holds. Called while no storage is open. */
  storedBytes?(): Promise<number>;
  /**
   * Flips one bit (0 to 7) of a stored byte, counted from 0 in any order that does not change while
   * nothing is written; the same call again mends it. Called while no storage is open.
   */
  flipBit?(at: number, bit: number): Promise<void>;
  /** How many syncs the open storage has done. */
  syncs?(): number;
  /** How many snapshots, staged ones included, take up space. */
  storedSnapshots?(): Promise<number>;
  /** The largest record that the storage takes. */
  readonly maxRecordBytes?: number;
  /** Removes the place. Every storage that the test opened is closed by then, or was lost. */
  remove(): Promise<void>;
}

/** How many of all cases run: every one, or so many of them, spread over all. */
export type Coverage = 'every' | { readonly sample: number };

/** A power loss, as a failing test prints it. */
export interface CrashCase {
  /** It comes right before this operation, counted from 1. */
  readonly operation: number;
  readonly loss: Loss;
  /** Of the place. */
  readonly seed: number;
  /** Another one, before this operation of the open that follows. */
  readonly again?: { readonly operation: number; readonly loss: Loss };
}

/** What {@link storageSuite} needs. */
export interface StorageSuiteOptions {
  readonly framework: TestFramework;
  /** What the tests are listed under. */
  readonly name: string;
  /**
   * Makes a new, empty place.
   *
   * @param seed draws whatever the place draws, so that a failure can be repeated.
   */
  create(seed: number): Promise<StorageHarness>;
  /**
   * What the harness cannot do: tests that need it are not registered. Every other feature must be
   * there, so that no test is left out by an oversight. @default none
   */
  readonly without?: readonly StorageFeature[];
  /** Random histories that are compared with a model. @default 100 */
  readonly runs?: number;
  /** Draws everything that is drawn. @default another one each time; a failure prints it */
  readonly seed?: number;
  /** Before how many operations of a history the power is lost, each time on a new place. @default 'every' */
  readonly crashPoints?: Coverage;
  /** Runs this power loss alone, in the place of all others. @default all */
  readonly crashCase?: CrashCase;
  /** In how many bytes of a small log a bit is flipped. @default 'every' */
  readonly flips?: Coverage;
}

/** How a group registers its tests. */
export interface StorageTests {
  readonly options: StorageSuiteOptions;
  /** Draws what `options.seed` draws. */
  readonly seed: number;
  /** Whether the harness has the feature. */
  readonly has: (feature: StorageFeature) => boolean;
  /** Registers a test, unless the harness lacks a feature that it needs. */
  readonly test: (
    name: string,
    body: (place: Place) => Promise<void>,
    needs?: readonly StorageFeature[],
    timeoutMs?: number,
  ) => void;
}

/** For tests that have many cases: more than they take on a busy machine. */
export const manyCasesMs: number = 180_000;

/** The points of a range from 1 that are covered, in order. */
export function covered(total: number, coverage: Coverage, seed: number): readonly number[] {
  const count = coverage === 'every' ? total : Math.min(coverage.sample, total);
  const step = total / count;
  const offset = (Math.abs(seed) % 1000) / 1000;
  return Array.from({ length: count }, (_, at) => 1 + Math.floor((at + offset) * step));
}
