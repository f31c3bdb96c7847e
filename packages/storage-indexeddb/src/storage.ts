/**
 * The storage port on a database of IndexedDB: how its parts work together. What lies where is in
 * `format.ts`.
 */
import {
  checkStorageOps,
  type LogIndex,
  type LogRecord,
  type Recovered,
  type SnapshotId,
  type Storage,
  StorageFailedError,
  type StorageOp,
  type StorageOwner,
} from '@quorate/core';
import { applySteps, type Contents } from './batch.ts';
import type { IdbDatabase, IdbFactory, IdbKeyRanges, WebLocks } from './browser.ts';
import { decodeHead, emptyHead, namedPlace, unseal } from './format.ts';
import { type Hold, hold } from './hold.ts';
import { Lifecycle, type LifecycleSteps } from './lifecycle.ts';
import { openDatabase, takeOver } from './open.ts';
import { WriteQueue } from './queue.ts';
import { readRecords } from './records.ts';
import { Session } from './session.ts';
import { Snapshots } from './snapshots/store.ts';
import { answer } from './transaction.ts';

/** The options of a storage, each with a value. */
export interface IndexedDbSettings {
  readonly name: string;
  readonly maxRecordBytes: number;
  readonly maxBatchBytes: number;
  readonly retainSnapshots: number;
  readonly mustExist: boolean;
  readonly factory: IdbFactory;
  readonly keyRanges: IdbKeyRanges;
  readonly locks: WebLocks | undefined;
}

/** Counts since the open. */
export type IndexedDbCounters = {
  /** Calls of `write`. */
  readonly writes: number;
  /** Transactions that made them durable. */
  readonly syncs: number;
};

/** What the browser has, and what is promised accordingly. */
export interface IndexedDbAbilities {
  /**
   * Whether the browser knows the `durability` of a transaction, and so syncs before a write resolves.
   * Without it an acknowledged write survives the end of the browser, and perhaps not a power loss.
   */
  readonly strictDurability: boolean;
  /**
   * Whether there are Web Locks, so that a second tab or worker is told `LOCKED`. Without them only a
   * second storage of this thread is; one in another tab takes the database over, and this one fails.
   */
  readonly webLocks: boolean;
}

/** A storage in a browser. */
export interface IndexedDbStorage extends Storage, AsyncDisposable {
  readonly counters: IndexedDbCounters;
  /** What the browser has; `undefined` before the open. */
  readonly abilities: IndexedDbAbilities | undefined;
}

/** Makes a storage, closed at first. */
export function makeStorage(settings: IndexedDbSettings): IndexedDbStorage {
  return new DatabaseStorage(settings);
}

class DatabaseStorage implements IndexedDbStorage {
  readonly snapshots: Snapshots;
  readonly #settings: IndexedDbSettings;
  readonly #lifecycle: Lifecycle = new Lifecycle();
  readonly #queue: WriteQueue;
  #contents: Contents = { head: emptyHead, published: [] };
  #hold: Hold | undefined;
  #database: IdbDatabase | undefined;
  #session: Session | undefined;
  #abilities: IndexedDbAbilities | undefined;
  #syncs = 0;

  constructor(settings: IndexedDbSettings) {
    this.#settings = settings;
    this.#queue = new WriteQueue((ops) => this.#commit(ops), settings.maxBatchBytes);
    this.snapshots = new Snapshots({
      retain: settings.retainSnapshots,
      check: () => {
        this.#live();
      },
    });
  }

  get counters(): IndexedDbCounters {
    return { writes: this.#queue.writes, syncs: this.#syncs };
  }

  get abilities(): IndexedDbAbilities | undefined {
    return this.#abilities;
  }

  open(owner: StorageOwner): Promise<Recovered> {
    return this.#lifecycle.open(this.#steps(owner));
  }

  async write(ops: readonly StorageOp[]): Promise<void> {
    this.#live();
    const outline = checkStorageOps(ops, this.#settings.maxRecordBytes);
    this.snapshots.claim(ops);
    await this.#queue.write(ops, outline);
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]> {
    this.#live();
    if (!(from <= to)) return [];
    const span = { first: from, last: to };
    await this.#queue.settled(span);
    // The head comes out of the same transaction: by now it may tell of later writes, and so may they.
    return this.#live().run(['meta', 'records'], 'read', async (stores) => {
      const head = unseal(namedPlace('meta', 'head'), await answer(stores('meta').get('head')));
      const { keyRanges } = this.#settings;
      return readRecords(stores('records'), keyRanges, span, decodeHead(head), maxBytes);
    });
  }

  close(): Promise<void> {
    return this.#lifecycle.close(this.#steps());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The database, while it works. */
  #live(): Session {
    this.#lifecycle.checkOpen();
    if (this.#queue.failure !== undefined) throw this.#queue.failure;
    return this.#session ?? unopened();
  }

  async #commit(ops: readonly StorageOp[]): Promise<void> {
    const published: SnapshotId[] = [];
    const session = this.#session ?? unopened();
    const after = await session.run(['meta', 'records'], 'write', (stores) =>
      applySteps(stores, session.keyRanges, ops, this.#contents, (step, before) => {
        published.push(step.id);
        return this.snapshots.publish(step, before);
      }),
    );
    this.#contents = after;
    this.#syncs++;
    if (published.length > 0) this.snapshots.published(after.published, published);
  }

  #steps(owner?: StorageOwner): LifecycleSteps {
    return {
      open: () => (owner === undefined ? unopened() : this.#open(owner)),
      close: async () => {
        await this.#queue.close();
        await this.snapshots.close();
      },
      letGo: async () => {
        if (this.#session === undefined) this.#database?.close();
        else this.#session.close();
        await this.#hold?.release();
      },
    };
  }

  async #open(owner: StorageOwner): Promise<Recovered> {
    const { name, factory, keyRanges, locks, mustExist, retainSnapshots: retain } = this.#settings;
    this.#hold = await hold(name, factory, locks, () => {
      this.#queue.fail(
        new StorageFailedError(
          `the lock on database ${name} was taken away; close this storage, and open another one if it is to go on here`,
        ),
      );
    });
    const request = { factory, keyRanges, name, owner, mustExist, retain };
    this.#database = await openDatabase(request);
    const found = await takeOver(this.#database, request);
    const session = new Session({
      name,
      database: this.#database,
      keyRanges,
      generation: found.generation,
      onLost: (failure) => this.#queue.fail(failure),
    });
    this.#session = session;
    this.#contents = found;
    this.#abilities = { strictDurability: found.strict, webLocks: locks !== undefined };
    this.snapshots.begin(session, found.snapshots);
    return found.recovered;
  }
}

function unopened(): never {
  throw new StorageFailedError('the storage has no database; open it first');
}
