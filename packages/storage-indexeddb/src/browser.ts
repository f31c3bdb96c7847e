/**
 * The part of IndexedDB and of Web Locks that is used here. Declared by hand: packages are compiled
 * without the types of a browser, and whoever hands in another implementation sees what it takes.
 * The objects of every browser, in pages and in workers, fit as they are.
 */

/** A key in an object store. */
export type IdbKey = number | string | number[];

/** A range of keys. */
export interface IdbKeyRange {
  readonly lower: unknown;
  readonly upper: unknown;
  readonly lowerOpen: boolean;
  readonly upperOpen: boolean;
  includes(key: unknown): boolean;
}

/** Makes ranges of keys: `IDBKeyRange`. */
export interface IdbKeyRanges {
  bound(lower: IdbKey, upper: IdbKey, lowerOpen?: boolean, upperOpen?: boolean): IdbKeyRange;
  lowerBound(lower: IdbKey, open?: boolean): IdbKeyRange;
  upperBound(upper: IdbKey, open?: boolean): IdbKeyRange;
}

/** Called with an event, which nobody looks at. */
export type IdbHandler = ((event: never) => void) | null;

/** A request under way. */
export interface IdbRequest<Result> {
  readonly result: Result;
  readonly error: Error | null;
  onsuccess: IdbHandler;
  onerror: IdbHandler;
}

/** A request for a database. */
export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  readonly transaction: IdbTransaction | null;
  onupgradeneeded: IdbHandler;
}

/** A cursor over keys. */
export interface IdbCursor {
  readonly key: unknown;
}

/** One table of a database, within a transaction. */
export interface IdbObjectStore {
  put(value: Uint8Array, key: IdbKey): IdbRequest<unknown>;
  delete(query: IdbKey | IdbKeyRange): IdbRequest<unknown>;
  get(query: IdbKey): IdbRequest<unknown>;
  getAll(query: IdbKeyRange, count: number): IdbRequest<readonly unknown[]>;
  getAllKeys(query: IdbKeyRange, count: number): IdbRequest<readonly unknown[]>;
  count(query: IdbKeyRange): IdbRequest<number>;
  openKeyCursor(query: IdbKeyRange, direction: 'next' | 'prev'): IdbRequest<IdbCursor | null>;
}

/** A transaction: all of its requests take effect, or none. */
export interface IdbTransaction {
  readonly error: Error | null;
  /** Older browsers do not have it. */
  readonly durability?: string;
  objectStore(name: string): IdbObjectStore;
  abort(): void;
  oncomplete: IdbHandler;
  onabort: IdbHandler;
}

/** An open connection to a database. */
export interface IdbDatabase {
  readonly objectStoreNames: { contains(name: string): boolean };
  createObjectStore(name: string): IdbObjectStore;
  transaction(
    names: string[],
    mode: 'readonly' | 'readwrite',
    options: { readonly durability: 'strict' | 'relaxed' },
  ): IdbTransaction;
  close(): void;
  onversionchange: IdbHandler;
  onclose: IdbHandler;
}

/** Where databases come from: `indexedDB`. */
export interface IdbFactory {
  open(name: string, version: number): IdbOpenRequest;
}

/** The locks of an origin: `navigator.locks`. */
export interface WebLocks {
  request(
    name: string,
    options: { readonly ifAvailable: boolean },
    run: (lock: unknown) => Promise<void>,
  ): Promise<unknown>;
}

// Globals of a browser; none of them need be there.
declare const indexedDB: IdbFactory | undefined;
declare const IDBKeyRange: IdbKeyRanges | undefined;
declare const navigator: { readonly locks?: WebLocks } | undefined;

/** What the surroundings offer, now. */
export function surroundings(): {
  readonly factory: IdbFactory | undefined;
  readonly keyRanges: IdbKeyRanges | undefined;
  readonly locks: WebLocks | undefined;
} {
  return {
    factory: typeof indexedDB === 'undefined' ? undefined : indexedDB,
    keyRanges: typeof IDBKeyRange === 'undefined' ? undefined : IDBKeyRange,
    locks: typeof navigator === 'undefined' ? undefined : navigator.locks,
  };
}
