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
  /** Only the last batch that was acknowledged is missing, and what was under way behind it. */
  | { readonly type: 'last-batch-missing' }
  | { readonly type: 'different' };

/** The record of one disk; outlives the processes that use it. */
export class DiskRecord implements WatchedDisk {
  #durable = new Image();
  #written = new Image();
  /** What is durable, but for the last batch that was acknowledged, which stands beside it. */
  #before = new Image();
  #lastBatch: readonly StorageOp[] = [];
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
    this.#before.apply(this.#lastBatch);
    this.#lastBatch = ops;
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
    this.#lastBatch = [];
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
    return { type: sameImage(found, this.#before) ? 'last-batch-missing' : 'different' };
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
