/**
 * A short history with everything in it that a storage does, during which the power may go at any
 * moment; and what must hold afterwards.
 */
import type { SnapshotWriter, Storage, StorageOp } from '@quorate/core';
import { check, equal } from '../check.ts';
import { Expectation } from './model.ts';
import type { Place } from './place.ts';
import { dropAfter, dropBefore, publish, put, puts, range, sample, state } from './samples.ts';
import { carryOn, contentOf, takeUp } from './transfers.ts';

/** Published snapshots that the storages of the history keep. */
export const retain = 2;

const name = 'moving';
/** More than one block of a storage that takes up whole blocks only. */
const movingBytes = 270_000;

/** One history on one place. */
export class History {
  /** What it does, or did when the power went. */
  doing = 'nothing yet';
  readonly #place: Place;
  readonly #expectation: Expectation = new Expectation(retain);
  #stopped = false;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Plays it from the first open to the last close. */
  async play(): Promise<void> {
    let storage = await this.#open('the first open');
    await this.#writing(storage, 'a batch of one', [put(1)]);
    await this.#writing(storage, 'a batch of many', [...puts(2, 9), state(1)]);
    await this.#step('writes that wait together', () =>
      this.#together(storage, [
        [put(10)],
        [put(11), state(2)],
        [put(5, sample(500))],
        [dropAfter(8), put(9, sample(900)), put(9, sample(901, 100))],
      ]),
    );
    await this.#writing(storage, 'a big batch', puts(10, 40, 300));
    const moving = await this.#step('staging under a name', () => takeUp(storage, name, 0));
    await this.#step('a first part of the transfer', () => carryOn(moving, name, 100_000, 30_000));
    const first = await this.#step('a snapshot', () => this.#snapshot(storage, 700));
    await this.#step('publishing, trimming and a put at once', () =>
      this.#together(storage, [[publish(first, 12), dropBefore(13), state(3)], [put(41)]]),
    );
    await this.#step('a second part of the transfer', () => carryOn(moving, name, movingBytes));
    for (const round of range(1, 6)) {
      const from = 34 + round * 8;
      await this.#writing(storage, 'appends', puts(from, from + 7, 250));
    }
    await this.#step('a clean close', () => this.#close());
    storage = await this.#open('an open after a clean close');
    await this.#writing(storage, 'cutting the end off', [dropAfter(60), ...puts(61, 63), state(4)]);
    const again = await this.#step('taking the transfer up', () =>
      takeUp(storage, name, movingBytes),
    );
    await this.#step('the end of the transfer', () => this.#finish(again, movingBytes + 1000));
    await this.#writing(storage, 'publishing the transfer', [
      publish(again.id, 30),
      dropBefore(31),
    ]);
    await this.#writing(storage, 'a put far away', [put(500), state(5)]);
    const second = await this.#step('another snapshot', () => this.#snapshot(storage, 0));
    await this.#step('publishing it among other writes', () =>
      this.#together(storage, [
        [put(501)],
        [publish(second, 500), dropBefore(501)],
        [put(502, sample(502, 5000))],
        [],
        [state(6), put(503)],
      ]),
    );
    await this.#step('the last close', () => this.#close());
  }

  /** The power went: whatever is not done yet is never done. */
  stop(): void {
    this.#stopped = true;
  }

  /** Nothing was lost: everything must be there. */
  async checkWhole(): Promise<void> {
    await this.#expectation.match(await this.#place.open());
    await this.#place.close();
  }

  /**
   * Opens what is left after a power loss, and demands that it is a prefix of what was written, that
   * the storage takes new writes, and that all of it is there after a clean close, and nothing else.
   *
   * @param countsSnapshots whether the harness can say how many snapshots take up space.
   * @returns how many operations the open took.
   */
  async checkRest(countsSnapshots: boolean): Promise<number> {
    const before = this.#place.operations();
    const opened = await this.#place.open();
    const operations = this.#place.operations() - before;
    await this.#expectation.match(opened);
    const { storage } = opened;
    const next = (opened.recovered.records?.last ?? 0) + 1;
    await Promise.all([
      this.#expectation.write(storage, [put(next), state(100)]),
      this.#expectation.write(storage, puts(next + 1, next + 4)),
    ]);
    const writer = await takeUp(storage, name, movingBytes + 1000);
    await this.#finish(writer, Math.max(writer.bytes, 1000));
    await this.#expectation.write(storage, [publish(writer.id, next), dropBefore(next)]);
    await this.#place.close();
    const again = await this.#place.open();
    await this.#expectation.match(again, 'after a clean close');
    const listed = again.storage.snapshots.list().length;
    await this.#place.close();
    if (countsSnapshots) {
      equal(await this.#place.storedSnapshots(), listed, 'snapshots that take up space in the end');
    }
    return operations;
  }

  /** Does the next thing, unless the power went: what is asked for afterwards never was. */
  async #step<T>(what: string, run: () => Promise<T>): Promise<T> {
    check(!this.#isOver(), 'the power is gone');
    this.doing = what;
    return run();
  }

  async #open(what: string): Promise<Storage> {
    const opened = await this.#step(what, () => this.#place.open());
    if (!this.#isOver()) await this.#expectation.match(opened, `after ${what}`);
    return opened.storage;
  }

  async #close(): Promise<void> {
    await this.#place.close();
    // A close that the power cut short may end well, too.
    if (!this.#isOver()) this.#expectation.closed();
  }

  async #writing(storage: Storage, what: string, ops: readonly StorageOp[]): Promise<void> {
    await this.#step(what, () => this.#expectation.write(storage, ops));
  }

  async #together(storage: Storage, writes: readonly (readonly StorageOp[])[]): Promise<void> {
    await Promise.all(writes.map((ops) => this.#expectation.write(storage, ops)));
  }

  async #snapshot(storage: Storage, bytes: number): Promise<string> {
    const writer = await storage.snapshots.stage();
    const content = sample(bytes, bytes);
    await writer.write(content.subarray(0, 500));
    await writer.write(content.subarray(500));
    await writer.finish();
    this.#expectation.staged(writer.id, content);
    return writer.id;
  }

  async #finish(writer: SnapshotWriter, upTo: number): Promise<void> {
    await carryOn(writer, name, upTo);
    await writer.finish();
    this.#expectation.staged(writer.id, contentOf(name).subarray(0, upTo));
  }

  #isOver(): boolean {
    return this.#stopped || this.#place.crashed();
  }
}
