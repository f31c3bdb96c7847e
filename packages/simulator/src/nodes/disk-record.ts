/**
 * What a node's storage was given and what it has acknowledged, on record beside it: so that it can be
 * said of every message what it rests on, and of every storage that is opened whether what it holds is
 * what it has to hold.
 */
import type { LogRecord, Recovered, StorageOp, Write } from '@quorate/core';
import { Image, sameImage, type WatchedDisk } from '@quorate/core/checks';

/** What was found when a storage was opened. */
export type Finding =
  | { readonly type: 'as-written'; readonly batches: number }
  /** So many batches that were acknowledged last are missing, and nothing else but what was under way. */
  | { readonly type: 'last-batches-missing'; readonly batches: number }
  | { readonly type: 'different' };

/** How many of the batches that were acknowledged last may be found missing; more is something else. */
const rememberedBatches = 8;

/** The record of one disk; outlives the processes that use it. */
export class DiskRecord implements WatchedDisk {
  #durable = new Image();
  #written = new Image();
  /** What is durable, but for the batches that were acknowledged last, which stand beside it. */
  #before = new Image();
  #lastBatches: (readonly StorageOp[])[] = [];
  /** Batches that the storage was given and has not acknowledged. */
  #batches: (readonly StorageOp[])[] = [];
  /** For each write of the engine that is not durable, how many of its steps are not. */
  #left: number[] = [];

  get durable(): Image {
    return this.#durable;
  }

  get written(): Image {
    return this.#written;
  }

  get underWay(): number {
    return this.#left.length;
  }

  /** The engine wants this written. */
  asked({ ops }: Write): void {
    this.#written.apply(ops);
    this.#left.push(ops.length);
  }

  /** The storage was given a batch. */
  begun(ops: readonly StorageOp[]): void {
    this.#batches.push(ops);
  }

  /** The storage says that its oldest batch is durable. */
  acknowledged(): void {
    const ops = this.#batches.shift();
    if (ops === undefined) return;
    this.#lastBatches.push(ops);
    if (this.#lastBatches.length > rememberedBatches) {
      this.#before.apply(this.#lastBatches.shift() ?? []);
    }
    this.#durable.apply(ops);
    this.#count(ops.length);
  }

  /**
   * A process has opened the storage: compares what it holds with what it was given. What was under way
   * may be there or not, batch by batch, in order, each as a whole.
   */
  opened(recovered: Recovered, records: readonly LogRecord[]): Finding {
    const { state, snapshot } = recovered;
    const found = Image.of({ state, snapshot, records });
    const finding = this.#compare(found);
    this.#durable = found;
    this.#written = found.copy();
    this.#before = found.copy();
    this.#lastBatches = [];
    this.#batches = [];
    this.#left = [];
    return finding;
  }

  #compare(found: Image): Finding {
    const expected = this.#durable.copy();
    if (sameImage(found, expected)) return { type: 'as-written', batches: 0 };
    let batches = 0;
    for (const ops of this.#batches) {
      expected.apply(ops);
      batches += 1;
      if (sameImage(found, expected)) return { type: 'as-written', batches };
    }
    const missing = this.#missing(found);
    return missing === undefined
      ? { type: 'different' }
      : { type: 'last-batches-missing', batches: missing };
  }

  /** How many of the last batches are missing, as few as can be; `undefined`: it is not that. */
  #missing(found: Image): number | undefined {
    const expected = this.#before.copy();
    let missing: number | undefined;
    let left = this.#lastBatches.length;
    for (const ops of this.#lastBatches) {
      if (sameImage(found, expected)) missing = left;
      expected.apply(ops);
      left -= 1;
    }
    return missing;
  }

  #count(steps: number): void {
    let done = steps;
    for (;;) {
      const first = this.#left[0];
      if (first === undefined || first > done) {
        if (first !== undefined) this.#left[0] = first - done;
        return;
      }
      done -= first;
      this.#left.shift();
    }
  }
}
