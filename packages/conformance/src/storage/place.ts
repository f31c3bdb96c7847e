/**
 * The place that a test works on: a harness, the storages that were made on it, and the one that is
 * open.
 */
import type { Recovered, Storage } from '@quorate/core';
import { check } from '../check.ts';
import type { HarnessStorageOptions, Loss, StorageFeature, StorageHarness } from './harness.ts';
import { owner } from './samples.ts';
import { forAMoment, unless } from './waiting.ts';

/** A storage that is open, and what it found. */
export interface Opened {
  readonly storage: Storage;
  readonly recovered: Recovered;
}

/** A harness, and the storage that is open on it. */
export class Place {
  readonly harness: StorageHarness;
  #options: HarnessStorageOptions;
  #made: Storage[] = [];
  /** Those that the power left in the middle of something: their promises may stay open. */
  readonly #lost: Storage[] = [];
  #lostPatienceMs = 0;
  #open: Storage | undefined;

  constructor(harness: StorageHarness, options: HarnessStorageOptions = {}) {
    this.harness = harness;
    this.#options = options;
  }

  /** A storage that is not open, and will be closed with the place. */
  storage(): Storage {
    const storage = this.harness.storage(this.#options);
    this.#made.push(storage);
    return storage;
  }

  /** Opens a storage, after the one before was closed or lost. Options last until others come. */
  async open(options: HarnessStorageOptions = this.#options): Promise<Opened> {
    this.#options = options;
    const storage = this.storage();
    const recovered = await storage.open(owner);
    this.#open = storage;
    return { storage, recovered };
  }

  /** Closes what is open, if anything is. */
  async close(): Promise<void> {
    await this.#open?.close();
  }

  /** Closes what is open, and opens again. */
  async reopen(options?: HarnessStorageOptions): Promise<Opened> {
    await this.close();
    return this.open(options);
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
  async crash(): Promise<Opened> {
    await this.feature('crash').call(this.harness);
    // A real storage needs some time to let go of a place that is about to be removed.
    this.#lostPatienceMs = 100;
    this.lose();
    return this.open();
  }

  /** The process ends; the system lives on. */
  async kill(): Promise<void> {
    await this.feature('kill').call(this.harness);
    this.lose();
  }

  /** How many operations the disk has done. */
  operations(): number {
    return this.feature('operations').call(this.harness);
  }

  /** Arms a power loss. */
  crashAt(nth: number, loss: Loss): void {
    this.feature('crashAt').call(this.harness, nth, loss);
  }

  /** Whether the armed power loss has come. */
  crashed(): boolean {
    return this.feature('crashed').call(this.harness);
  }

  /** Waits for work, or for the armed power loss. @returns whether the work was done before it. */
  async survives(work: Promise<unknown>): Promise<boolean> {
    const survived = await unless(() => this.crashed(), work);
    if (!survived) this.lose();
    return survived;
  }

  /** Expects nothing any more of the storages that were made so far. */
  lose(): void {
    this.#lost.push(...this.#made);
    this.#made = [];
    this.#open = undefined;
  }

  /** How many bytes are stored. Nothing is open. */
  storedBytes(): Promise<number> {
    return this.feature('storedBytes').call(this.harness);
  }

  /** Flips one bit of a stored byte; once more, and it is as before. */
  flipBit(at: number, bit: number): Promise<void> {
    return this.feature('flipBit').call(this.harness, at, bit);
  }

  /** How many snapshots take up space. */
  storedSnapshots(): Promise<number> {
    return this.feature('storedSnapshots').call(this.harness);
  }

  /** Closes every storage and removes the place. */
  async remove(): Promise<void> {
    try {
      await forAMoment(
        this.#lost.map((storage) => storage.close()),
        this.#lostPatienceMs,
      );
      for (const storage of this.#made) await storage.close();
    } finally {
      await this.harness.remove();
    }
  }
}
