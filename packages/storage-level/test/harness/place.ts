/**
 * A place for the suite of all storages: a simulated disk for snapshots and the mark, and next to it
 * a real folder for LevelDB, which knows no other. Both lose power at the same moment.
 *
 * Of the database the operations are: the write and the sync of each batch, and what the storage asks
 * of its folder, the last of which comes right behind LevelDB's own open. What LevelDB does inside of
 * that open cannot be stopped in the middle; what a power loss may leave of it is put together from
 * the files before and after.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HarnessStorageOptions, StorageHarness } from '@quorate/conformance/storage';
import { type LogIndex, type Random, seededRandom } from '@quorate/core';
import { type FileSystem, nodeFileSystem } from '@quorate/files';
import {
  type DiskImage,
  type Loss,
  type SimulatedDisk,
  simulatedDisk,
} from '@quorate/files/simulated';
import { type Batch, commitSynced } from '../../src/database.ts';
import { type LevelStorage, makeStorage } from '../../src/storage.ts';
import { damageValue } from './database.ts';
import { defaults, makeDirectory } from './folder.ts';
import { copyAtOnce, type LogSizes, logSizes, loseUnsynced } from './power.ts';

const noSizes: LogSizes = new Map<string, number>();
/** Where the folder stands on the simulated disk. */
const simulatedFolder = '/node';
const losses: readonly Loss[] = ['unsynced', 'partly', 'garbage'];

/** What is on both disks. */
interface Stored {
  readonly image: DiskImage;
  readonly database: string;
}

/** A disk of which the database is real. */
export class LevelPlace implements StorageHarness {
  readonly maxRecordBytes: number = defaults.maxRecordBytes;

  readonly #random: Random;
  readonly #disk: SimulatedDisk;
  readonly #directories: string[] = [];
  #directory: string;
  /** What of the logs is durable for sure. */
  #durable: LogSizes = noSizes;
  /** The database before LevelDB opened it, as long as the names that this changes are not durable. */
  #beforeOpen: string | undefined;
  #databaseOperations = 0;
  #armed: { readonly at: number; readonly loss: Loss } | undefined;
  #last: LevelStorage | undefined;
  /** What is to fail of the next batch: only its sync, behind the write, or as it is drawn. */
  #failing: 'write or sync' | 'sync' | undefined;
  /** What was stored before a bit was flipped, and which one. */
  #whole: { readonly stored: Stored; readonly flip: string } | undefined;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#disk = simulatedDisk({ random: this.#random.fork() });
    this.#directory = this.#newDirectory();
  }

  storage({ retainSnapshots = 1 }: HarnessStorageOptions = {}): LevelStorage {
    this.#salvage();
    const process = this.#disk.files();
    const directory = this.#directory;
    this.#last = makeStorage(
      { ...defaults, directory, retainSnapshots },
      {
        files: this.#route(process, directory),
        commit: (batch) => this.#commit(process, batch),
      },
    );
    return this.#last;
  }

  async crash(): Promise<void> {
    this.#lose(this.#random.pick(losses));
    this.#salvage();
  }

  operations(): number {
    return this.#disk.operations + this.#databaseOperations;
  }

  crashAt(nth: number, loss: Loss): void {
    this.#salvage();
    this.#armed = { at: this.operations() + nth, loss };
    this.#disk.crashAt(nth, loss);
  }

  crashed(): boolean {
    return this.#disk.crashed;
  }

  async failNextWrite(): Promise<void> {
    this.#failing = 'write or sync';
  }

  async failNextSync(): Promise<void> {
    this.#failing = 'sync';
  }

  /** Goes on with a copy, where the old storage cannot reach; what of it is durable stays as it was. */
  async kill(): Promise<void> {
    this.#disk.kill();
    const before = this.#database;
    this.#directory = this.#newDirectory();
    if (existsSync(before)) copyAtOnce(before, this.#database);
  }

  damageRecord(index: LogIndex): Promise<void> {
    return damageValue(this.#database, index);
  }

  async damageSnapshot(): Promise<void> {
    const image = this.#disk.image();
    for (const path of image.paths()) {
      const bytes = image.read(path)?.length ?? 0;
      if (path.endsWith('.snapshot')) this.#disk.flipBit({ path, at: Math.floor(bytes * 0.6) }, 4);
    }
  }

  async storedBytes(): Promise<number> {
    return this.#databaseFiles().reduce((sum, { bytes }) => sum + bytes, this.#disk.storedBytes);
  }

  /** LevelDB changes its files at every open: what is mended is put back as it was. */
  async flipBit(at: number, bit: number): Promise<void> {
    const flip = `${String(at)} ${String(bit)}`;
    const whole = this.#whole;
    this.#whole = undefined;
    if (whole?.flip === flip) {
      this.#restore(whole.stored);
      return;
    }
    this.#whole = { stored: this.#store(), flip };
    let left = at;
    for (const { path, bytes } of this.#databaseFiles()) {
      if (left < bytes) {
        const content = readFileSync(path);
        content[left] = (content[left] ?? 0) ^ (1 << bit);
        writeFileSync(path, content);
        return;
      }
      left -= bytes;
    }
    this.#disk.flipBit(left, bit);
  }

  syncs(): number {
    return this.#last?.counters.syncs ?? 0;
  }

  async storedSnapshots(): Promise<number> {
    return (await this.#disk.files().list(`${simulatedFolder}/snapshots`)).length;
  }

  async remove(): Promise<void> {
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  }

  get #database(): string {
    return join(this.#directory, 'db');
  }

  #newDirectory(): string {
    const directory = makeDirectory();
    this.#directories.push(directory);
    return directory;
  }

  /** Everything in `db` is on the real disk, everything else on the simulated one. */
  #route(process: FileSystem, directory: string): FileSystem {
    const database = join(directory, 'db');
    const isReal = (path: string): boolean => path === database || path.startsWith(`${database}/`);
    const moved = (path: string): string => simulatedFolder + path.slice(directory.length);
    return {
      open: (path, mode) =>
        isReal(path) ? nodeFileSystem.open(path, mode) : process.open(moved(path), mode),
      list: (folder) =>
        isReal(folder) ? nodeFileSystem.list(folder) : process.list(moved(folder)),
      rename: (from, to) => process.rename(moved(from), moved(to)),
      remove: (path) => process.remove(moved(path)),
      lock: (path) => process.lock(moved(path)),
      makeFolder: async (folder) => {
        if (!isReal(folder)) return process.makeFolder(moved(folder));
        this.#begin(process);
        await nodeFileSystem.makeFolder(folder);
        // Only the second power loss needs it, but nobody knows whether there will be one.
        if (this.#armed !== undefined) this.#beforeOpen = this.#copyOf(folder);
      },
      syncFolder: async (folder) => {
        if (!isReal(folder)) return process.syncFolder(moved(folder));
        this.#begin(process);
        await nodeFileSystem.syncFolder(folder);
        this.#durable = logSizes(folder);
        this.#beforeOpen = undefined;
      },
    };
  }

  async #commit(process: FileSystem, batch: Batch): Promise<void> {
    // The write: nothing of it has happened yet.
    this.#begin(process);
    const fails = this.#failing;
    this.#failing = undefined;
    // Half of the time the bytes arrive and only the answer is bad.
    if (fails !== 'write or sync' || this.#random.chance(0.5)) await commitSynced(batch);
    if (fails !== undefined) throw new Error('input/output error (injected)');
    // The sync: what was written lies in the log, and is not safe.
    this.#begin(process);
    this.#durable = logSizes(this.#database);
  }

  /** Right before an operation on the database, by a process, takes effect. */
  #begin(process: FileSystem): void {
    this.#checkAlive(process);
    if (this.#armed !== undefined) {
      const { at, loss } = this.#armed;
      const left = at - this.operations();
      if (left <= 1) this.#lose(loss);
      else this.#disk.crashAt(left - 1, loss);
    }
    this.#checkAlive(process);
    this.#databaseOperations++;
  }

  #checkAlive(process: FileSystem): void {
    if (this.#disk.files() !== process) throw new Error('the power is gone');
  }

  #lose(loss: Loss): void {
    this.#armed = { at: 0, loss };
    this.#disk.crash(loss);
  }

  /** After a power loss: goes on with a copy of what is left, where the old storage cannot reach. */
  #salvage(): void {
    const armed = this.#armed;
    if (armed === undefined || !this.#disk.crashed) return;
    this.#armed = undefined;
    const { loss } = armed;
    const before = this.#database;
    const durable = this.#durable;
    this.#directory = this.#newDirectory();
    if (existsSync(before)) copyAtOnce(before, this.#database);
    const beforeOpen = this.#beforeOpen;
    this.#beforeOpen = undefined;
    if (beforeOpen !== undefined && loss !== 'nothing') this.#loseNames(beforeOpen, loss);
    if (!existsSync(this.#database)) return;
    loseUnsynced(this.#database, durable, loss, this.#random);
    this.#durable = logSizes(this.#database);
  }

  /**
   * LevelDB syncs what it writes when it opens, but not the names: CURRENT may be the one from
   * before, and what was removed may be back.
   */
  #loseNames(beforeOpen: string, loss: Loss): void {
    const current = join(this.#database, 'CURRENT');
    const after = existsSync(current) ? readFileSync(current) : undefined;
    const back = loss === 'unsynced' || this.#random.chance(0.5);
    // Names change in their order: where CURRENT is the new one, its removals may have come or not.
    if (!back && this.#random.chance(0.5)) return;
    copyAtOnce(beforeOpen, this.#database);
    if (back && !existsSync(join(beforeOpen, 'CURRENT'))) rmSync(current, { force: true });
    if (!back && after !== undefined) writeFileSync(current, after);
  }

  #copyOf(folder: string): string {
    const copy = join(this.#newDirectory(), 'db');
    copyAtOnce(folder, copy);
    return copy;
  }

  #store(): Stored {
    return { image: this.#disk.image(), database: this.#copyOf(this.#database) };
  }

  #restore({ image, database }: Stored): void {
    this.#disk.restore(image);
    this.#directory = this.#newDirectory();
    copyAtOnce(database, this.#database);
    this.#durable = logSizes(this.#database);
  }

  /** In an order that does not change. What LevelDB writes for people alone does not count. */
  #databaseFiles(): readonly { readonly path: string; readonly bytes: number }[] {
    return readdirSync(this.#database)
      .filter((name) => !['LOG', 'LOG.old', 'LOCK'].includes(name))
      .sort()
      .map((name) => join(this.#database, name))
      .map((path) => ({ path, bytes: statSync(path).size }));
  }
}
