/** A place for the suite: a machine with one database. */
import type { HarnessStorageOptions, Loss, StorageHarness } from '@quorate/conformance/storage';
import { type LogIndex, seededRandom } from '@quorate/core';
import { IDBKeyRange } from 'fake-indexeddb';
import { decodePublished, namedPlace, unseal } from '../../src/format.ts';
import { indexedDbStorage, type IndexedDbStorage } from '../../src/index.ts';
import { Image, type Stored } from './image.ts';
import { databaseName, Machine, type Survivors } from './machine.ts';

/** The harness of the suite. */
export class MachinePlace implements StorageHarness {
  readonly maxRecordBytes: number = 2 ** 20;
  readonly machine: Machine = new Machine();
  readonly #random;
  #last: IndexedDbStorage | undefined;
  #crashes = false;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  storage(options: HarnessStorageOptions = {}): IndexedDbStorage {
    this.#last = indexedDbStorage({
      name: databaseName,
      indexedDB: this.machine.factory,
      keyRanges: IDBKeyRange,
      // A machine that has lost power holds no lock, and Node's would still be there.
      locks: 'none',
      maxRecordBytes: this.maxRecordBytes,
      ...options,
    });
    return this.#last;
  }

  async crash(): Promise<void> {
    this.machine.losePower(this.#survivors('partly'));
  }

  operations(): number {
    return this.machine.operations;
  }

  crashAt(nth: number, loss: Loss): void {
    this.#crashes = true;
    this.machine.arm(nth, this.#survivors(loss));
  }

  crashed(): boolean {
    return this.#crashes && !this.machine.armed;
  }

  async failNextWrite(): Promise<void> {
    this.machine.failNextWrite(this.#random.pick(['at the call', 'later']));
  }

  async damageRecord(index: LogIndex): Promise<void> {
    this.#damageFirst(({ store, key }) => store === 'records' && key === index);
  }

  async damageSnapshot(): Promise<void> {
    this.#damageFirst(({ store, key }) => store === 'chunks' && Array.isArray(key));
  }

  async storedBytes(): Promise<number> {
    return this.machine.image.values.reduce((sum, { value }) => sum + value.length, 0);
  }

  async flipBit(at: number, bit: number): Promise<void> {
    let from = 0;
    this.damage((stored) => {
      const offset = at - from;
      from += stored.value.length;
      if (offset < 0 || offset >= stored.value.length) return stored;
      const value = stored.value.slice();
      value[offset] = (value[offset] ?? 0) ^ (1 << bit);
      return { ...stored, value };
    });
  }

  syncs(): number {
    return this.#last?.counters.syncs ?? 0;
  }

  async storedSnapshots(): Promise<number> {
    const { values } = this.machine.image;
    const keys = values.flatMap(({ store, key }) =>
      store === 'chunks' && Array.isArray(key) ? [JSON.stringify(key[0])] : [],
    );
    // An empty one has no chunks.
    const list = values.find(({ store, key }) => store === 'meta' && key === 'published');
    const published =
      list === undefined
        ? []
        : decodePublished(unseal(namedPlace('meta', 'published'), list.value)).value;
    return new Set([...keys, ...published.map(({ id }) => JSON.stringify(Number(id)))]).size;
  }

  async remove(): Promise<void> {
    // Nothing but memory.
  }

  /** Changes every stored value; `undefined` removes it. No storage is open. */
  damage(change: (stored: Stored) => Stored | undefined): void {
    const { stores, values } = this.machine.image;
    const image = new Image();
    image.apply(stores.map((store) => ({ type: 'create', store })));
    for (const stored of values) {
      const changed = change(stored);
      if (changed !== undefined) image.apply([{ type: 'put', ...changed }]);
    }
    this.machine.replace(image);
  }

  #damageFirst(wanted: (stored: Stored) => boolean): void {
    const found = this.machine.image.values.find(wanted);
    if (found === undefined) throw new Error('there is nothing to damage');
    const value = found.value.slice();
    const at = this.#random.below(value.length);
    value[at] = (value[at] ?? 0) ^ (1 << this.#random.below(8));
    this.damage((stored) => (stored === found ? { ...stored, value } : stored));
  }

  /** Transactions are whole or not there, so nothing is ever garbage. */
  #survivors(loss: Loss): Survivors {
    switch (loss) {
      case 'nothing':
        return (unsynced) => unsynced;
      case 'unsynced':
        return () => 0;
      case 'partly':
      case 'garbage':
        return (unsynced) => this.#random.below(unsynced + 1);
    }
  }
}
