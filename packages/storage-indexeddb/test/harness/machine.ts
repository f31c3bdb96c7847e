/**
 * A machine with IndexedDB that can lose power.
 *
 * The database itself is fake-indexeddb, which forgets everything; the disk is a list of what every
 * transaction changed. When the power goes, a new database is made from those that had reached the
 * disk. A transaction with strict durability brings everything before it to the disk as well; of those
 * after the last strict one any suffix may be lost.
 *
 * Operations are counted where the power may go: before a transaction changes anything, before it
 * commits, and between the commit and the event that tells of it.
 */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { type Change, Image } from './image.ts';

/** How much is lost of what came after the last strict transaction. */
export type Survivors = (unsynced: number) => number;

interface Commit {
  readonly changes: readonly Change[];
  readonly strict: boolean;
}

/** How the next write is made to fail. */
export type Failure = 'at the call' | 'later';

/** The database of this name is the only one. */
export const databaseName = 'place';

/** The machine, from one power loss to the next. */
export class Machine {
  /** Operations so far. */
  operations = 0;
  #running: { readonly factory: IDBFactory; on: boolean };
  /** What is on the disk for good. */
  #durable = new Image();
  /** What was committed since, in order. */
  #journal: Commit[] = [];
  #armed: { readonly at: number; readonly survivors: Survivors } | undefined;
  #failure: Failure | undefined;

  constructor() {
    this.#running = this.#start();
  }

  /** The database factory of the machine as it runs now. */
  get factory(): IDBFactory {
    return this.#running.factory;
  }

  /** Whether the power loss that was armed last is still to come. */
  get armed(): boolean {
    return this.#armed !== undefined;
  }

  /** What is stored now. */
  get image(): Image {
    const image = this.#durable.copy();
    for (const { changes } of this.#journal) image.apply(changes);
    return image;
  }

  /** Replaces what is stored, while nothing is open. */
  replace(image: Image): void {
    this.#durable = image;
    this.#journal = [];
    this.#running.on = false;
    this.#running = this.#start();
  }

  /** Loses power right before the nth operation from now. */
  arm(nth: number, survivors: Survivors): void {
    this.#armed = { at: this.operations + nth, survivors };
  }

  /** Loses power, and starts again. */
  losePower(survivors: Survivors): void {
    const synced = this.#journal.findLastIndex(({ strict }) => strict) + 1;
    const kept = synced + survivors(this.#journal.length - synced);
    for (const { changes } of this.#journal.slice(0, kept)) this.#durable.apply(changes);
    this.replace(this.#durable);
    this.#armed = undefined;
  }

  /** Makes the next write fail. */
  failNextWrite(failure: Failure): void {
    this.#failure = failure;
  }

  #start(): { readonly factory: IDBFactory; on: boolean } {
    const factory = new IDBFactory();
    const running = { factory, on: true };
    if (!this.#durable.empty) restore(factory, this.#durable);
    const open = factory.open.bind(factory);
    factory.open = (name, version) => {
      if (!running.on) throw powerIsGone();
      const request = open(name, version);
      request.addEventListener('upgradeneeded', () => {
        const { transaction } = request;
        if (transaction === null) throw new Error('an upgrade has a transaction');
        this.#watchUpgrade(running, request.result, transaction);
      });
      request.addEventListener('success', () => {
        this.#watchDatabase(running, request.result);
      });
      return request;
    };
    return running;
  }

  #watchUpgrade(running: { on: boolean }, database: IDBDatabase, upgrade: IDBTransaction): void {
    const changes = this.#watchTransaction(running, upgrade);
    const create = database.createObjectStore.bind(database);
    database.createObjectStore = (store) => {
      changes.push({ type: 'create', store });
      return this.#watchStore(running, create(store), changes);
    };
  }

  #watchDatabase(running: { on: boolean }, database: IDBDatabase): void {
    const begin = database.transaction.bind(database);
    database.transaction = (names, mode, options) => {
      if (!running.on) throw powerIsGone();
      const transaction = begin(names, mode, options);
      if (mode !== 'readwrite') return transaction;
      const changes = this.#watchTransaction(running, transaction);
      const objectStore = transaction.objectStore.bind(transaction);
      const watched = new Map<string, IDBObjectStore>();
      transaction.objectStore = (name) => {
        const store =
          watched.get(name) ??
          this.#watchStore(running, objectStore(name), changes, transaction.durability);
        watched.set(name, store);
        return store;
      };
      return transaction;
    };
  }

  /** Keeps what a transaction changes once it has committed. */
  #watchTransaction(running: { on: boolean }, transaction: IDBTransaction): Change[] {
    const changes: Change[] = [];
    transaction.addEventListener('complete', (event) => {
      if (running.on && this.#operate()) {
        this.#journal.push({ changes, strict: transaction.durability === 'strict' });
        // The commit is on the disk, or on its way there, and nobody has heard of it.
        if (this.#operate()) return;
      }
      transaction.oncomplete = null;
      transaction.onabort?.(event);
    });
    return changes;
  }

  #watchStore(
    running: { on: boolean },
    store: IDBObjectStore,
    changes: Change[],
    durability?: string,
  ): IDBObjectStore {
    const put = store.put.bind(store);
    const remove = store.delete.bind(store);
    const operate = (): void => {
      // What happens between the first change and the commit leaves nothing behind.
      if (!running.on || (changes.length === 0 && !this.#operate())) throw powerIsGone();
    };
    store.put = (value: Uint8Array, key: IDBValidKey) => {
      if (durability === 'relaxed') throw new Error('what is put must be durable');
      operate();
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure === 'at the call') throw new DOMException('no space', 'QuotaExceededError');
      changes.push({ type: 'put', store: store.name, key, value: value.slice() });
      const request = put(value, key);
      if (failure === 'later') store.add(value, key);
      return request;
    };
    store.delete = (query) => {
      operate();
      const keys = query instanceof IDBKeyRange ? query : IDBKeyRange.only(query);
      changes.push({ type: 'delete', store: store.name, keys });
      return remove(query);
    };
    return store;
  }

  /** Counts an operation. @returns false if the power went before it. */
  #operate(): boolean {
    this.operations++;
    const armed = this.#armed;
    if (armed === undefined || this.operations < armed.at) return true;
    this.losePower(armed.survivors);
    return false;
  }
}

/** Fills a new factory; whoever opens the database afterwards waits for it. */
function restore(factory: IDBFactory, image: Image): void {
  const request = factory.open(databaseName, 1);
  request.onupgradeneeded = () => {
    const stores = new Map(
      image.stores.map((name) => [name, request.result.createObjectStore(name)]),
    );
    for (const { store, key, value } of image.values) stores.get(store)?.put(value, key);
  };
  request.onsuccess = () => {
    request.result.close();
  };
}

function powerIsGone(): Error {
  return new Error('the power is gone');
}
