/**
 * The moving part of a simulated disk: changes wait in a queue, and those that wait together become
 * durable together, with one sync. Until then a power loss may take any suffix of them.
 *
 * A device serves one storage from its open to its end. It dies with the first failure and is never
 * revived: the next storage gets a device of its own on the same image, so a completion of a former
 * life has nothing left to touch.
 */
import { type Random, type Runtime, StorageFailedError, type Timer } from '@quorate/core';
import type { Image } from './image.ts';
import type { Power } from './power.ts';

/** How long a sync takes: so many ms, or anything between the two. */
export type Latency = number | readonly [from: number, to: number];

/** What all devices of one disk share. */
export interface DiskState {
  readonly image: Image;
  readonly runtime: Runtime;
  readonly latencyMs: Latency;
  readonly random: Random | undefined;
  readonly power: Power;
  /** No sync ends while this is set. */
  stalled: boolean;
  /** Changes to go until one fails; `undefined`: none will. */
  failIn: number | undefined;
  writes: number;
  syncs: number;
}

interface Pending {
  readonly change: (image: Image) => void;
  readonly resolve: () => void;
  readonly reject: (error: StorageFailedError) => void;
}

/** The queue between one storage and its disk. */
export class Device {
  readonly #disk: DiskState;
  #pending: Pending[] = [];
  /** Settles with the change that was submitted last. */
  #last: Promise<void> = Promise.resolve();
  /** How many of the pending changes the sync under way covers; 0: none is under way. */
  #syncing = 0;
  #timer: Timer | undefined;
  /** A sync that would have ended while the disk was stalled. */
  #held = false;
  #failure: StorageFailedError | undefined;

  constructor(disk: DiskState) {
    this.#disk = disk;
  }

  /** Why it is dead, if it is. */
  get failure(): StorageFailedError | undefined {
    return this.#failure;
  }

  /** Queues one atomic change and waits until it is durable. */
  submit(change: (image: Image) => void): Promise<void> {
    if (this.#failure === undefined) this.#disk.power.begin();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#disk.writes++;
    this.#last = new Promise<void>((resolve, reject) => {
      this.#pending.push({ change, resolve, reject });
    });
    if (this.#syncing === 0) this.#startSync();
    return this.#last;
  }

  /** Waits until every change submitted so far is durable. */
  drained(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#pending.length === 0 ? Promise.resolve() : this.#last;
  }

  /** The disk is no longer stalled. */
  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#finishSync();
  }

  /**
   * Ends it. After a power loss as after a failed sync nobody knows what reached the disk: some
   * prefix of what was not durable yet, `keep` of them where the caller decides.
   */
  fail(failure: StorageFailedError, keep: number | undefined): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#timer?.cancel();
    this.#held = false;
    const lost = this.#pending;
    this.#pending = [];
    const survivors = keep ?? this.#disk.random?.below(lost.length + 1) ?? 0;
    for (const { change } of lost.slice(0, survivors)) change(this.#disk.image);
    for (const { reject } of lost) reject(failure);
  }

  #startSync(): void {
    const { latencyMs, random, runtime } = this.#disk;
    const [from, to] = typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs;
    this.#syncing = this.#pending.length;
    if (to > 0) {
      this.#timer = runtime.setTimer(random?.between(from, to) ?? (from + to) / 2, () => {
        this.#finishSync();
      });
      return;
    }
    void Promise.resolve().then(() => {
      // Whatever was submitted in the same breath shares the sync.
      this.#syncing = this.#pending.length;
      this.#finishSync();
    });
  }

  #finishSync(): void {
    if (this.#failure !== undefined) return;
    const disk = this.#disk;
    if (disk.stalled) {
      this.#held = true;
      return;
    }
    if (!disk.power.begin()) return;
    const group = this.#pending.slice(0, this.#syncing);
    if (disk.failIn !== undefined) {
      if (disk.failIn <= group.length) {
        disk.failIn = undefined;
        this.fail(
          new StorageFailedError('a sync failed (injected); mend the disk and open it again'),
          undefined,
        );
        return;
      }
      disk.failIn -= group.length;
    }
    disk.syncs++;
    this.#pending = this.#pending.slice(group.length);
    this.#syncing = 0;
    for (const { change } of group) change(disk.image);
    for (const { resolve } of group) resolve();
    if (this.#pending.length > 0) this.#startSync();
  }
}
