/** What is particular to IndexedDB: what a browser may do to a database, and how it is used. */
import {
  IDBDatabase,
  IDBFactory,
  IDBKeyRange,
  IDBObjectStore,
  forceCloseDatabase,
} from 'fake-indexeddb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  indexedDbStorage,
  type IndexedDbStorage,
  type IndexedDbStorageOptions,
} from '../src/index.ts';
import { indexes, owner, publish, put, puts, state } from './harness/records.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function make(
  indexedDB: IDBFactory,
  options: Partial<IndexedDbStorageOptions> = {},
): IndexedDbStorage {
  return indexedDbStorage({
    name: 'node-1',
    indexedDB,
    keyRanges: IDBKeyRange,
    locks: 'none',
    ...options,
  });
}

function settle<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('failed'));
  });
}

/** Makes a database of somebody else. */
async function makeDatabase(factory: IDBFactory, version: number): Promise<void> {
  const request = factory.open('node-1', version);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('things');
  };
  (await settle(request)).close();
}

describe('what the browser may do', () => {
  it('a database that is deleted is not held on to, and nothing is acknowledged any more', async () => {
    const factory = new IDBFactory();
    const storage = make(factory);
    await storage.open(owner);
    await storage.write(puts(1, 3));
    await settle(factory.deleteDatabase('node-1'));
    const expected = {
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('deleted') as string,
    };
    await expect(storage.write([put(4)])).rejects.toMatchObject(expected);
    await expect(storage.read(1, 3, 100)).rejects.toMatchObject(expected);
    await expect(storage.snapshots.stage()).rejects.toMatchObject(expected);
    await storage.close();
    const again = make(factory);
    expect((await again.open(owner)).records).toBeUndefined();
    await again.close();
  });

  it('a connection that the browser closes is told, and data that is left can be opened again', async () => {
    const factory = new IDBFactory();
    const connections: IDBDatabase[] = [];
    const begin = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const storage = make(factory);
    await storage.open(owner);
    connections.push(...(begin.mock.contexts as IDBDatabase[]));
    await storage.write([put(1)]);
    const [connection] = connections;
    if (connection === undefined) throw new Error('no connection');
    forceCloseDatabase(connection as never);
    await expect
      .poll(() => storage.write([put(2)]).catch((error: unknown) => error))
      .toMatchObject({
        code: 'STORAGE_FAILED',
        message: expect.stringContaining('browser closed') as string,
      });
    await storage.close();
    const again = make(factory);
    expect((await again.open(owner)).records).toEqual({ first: 1, last: 1 });
    await again.close();
  });

  it('when the space is used up the message says so, and only what did not fit is lost', async () => {
    const factory = new IDBFactory();
    const storage = make(factory);
    await storage.open(owner);
    await storage.write([put(1), state(1)]);
    const real = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no more', 'QuotaExceededError');
    });
    // A snapshot that does not fit is given up, and the log goes on.
    const writer = await storage.snapshots.stage();
    await expect(writer.write(new Uint8Array(300_000))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(/space .* is used up; free some/) as string,
    });
    real.mockRestore();
    await storage.write([put(2)]);
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no more', 'QuotaExceededError');
    });
    await expect(storage.write([put(3)])).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(/space .* is used up; free some/) as string,
    });
    vi.restoreAllMocks();
    await expect(storage.write([put(3)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
    const again = make(factory);
    expect((await again.open(owner)).records).toEqual({ first: 1, last: 2 });
    await again.close();
  });

  it('a write that fails half way leaves nothing behind', async () => {
    const factory = new IDBFactory();
    const storage = make(factory);
    await storage.open(owner);
    await storage.write([put(1), state(1)]);
    const real = Reflect.get(IDBObjectStore.prototype, 'put') as (
      this: IDBObjectStore,
      value: unknown,
      key: unknown,
    ) => IDBRequest<IDBValidKey>;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value: unknown,
      key,
    ) {
      if (key === 4) throw new DOMException('no more', 'QuotaExceededError');
      return real.call(this, value, key);
    });
    await expect(
      storage.write([put(2), { type: 'dropBefore', index: 2 }, put(3), put(4)]),
    ).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    vi.restoreAllMocks();
    await storage.close();
    const again = make(factory);
    expect((await again.open(owner)).records).toEqual({ first: 1, last: 1 });
    expect(await indexes(again)).toEqual([1]);
    await again.close();
  });

  it('what the browser itself cannot read any more is CORRUPT', async () => {
    const factory = new IDBFactory();
    const storage = make(factory);
    await storage.open(owner);
    await storage.write(puts(1, 3));
    const get = vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(() => {
      throw new DOMException('a file is missing', 'NotReadableError');
    });
    await expect(storage.read(1, 3, 100)).rejects.toMatchObject({ code: 'CORRUPT' });
    get.mockRestore();
    expect(await indexes(storage)).toEqual([1, 2, 3]);
    await storage.close();
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(() => {
      throw new DOMException('a file is missing', 'NotReadableError');
    });
    const again = make(factory);
    await expect(again.open(owner)).rejects.toMatchObject({ code: 'CORRUPT' });
    await again.close();
  });

  it('a chunk that the browser cannot read any more is not taken up, and the transfer goes on', async () => {
    const storage = make(new IDBFactory());
    await storage.open(owner);
    const first = await storage.snapshots.stage('moving');
    await first.write(new Uint8Array(600_000));
    await first.close();
    const real = Reflect.get(IDBObjectStore.prototype, 'get') as (
      this: IDBObjectStore,
      key: unknown,
    ) => IDBRequest<unknown>;
    const get = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (
      this: IDBObjectStore,
      key,
    ) {
      if (Array.isArray(key) && key[1] === 1) {
        throw new DOMException('a file is missing', 'NotReadableError');
      }
      return real.call(this, key);
    });
    const second = await storage.snapshots.stage('moving');
    expect(second.bytes).toBe(256 * 1024);
    get.mockRestore();
    await second.write(new Uint8Array(600_000 - second.bytes));
    await second.finish();
    await storage.write([{ type: 'snapshot', id: second.id, index: 1, context: new Uint8Array() }]);
    const reader = await storage.snapshots.read(second.id);
    expect((await reader.read(256 * 1024, 1000)).length).toBe(1000);
    await storage.close();
  });

  it('a node that must have a database is not given a new one', async () => {
    const factory = new IDBFactory();
    const member = make(factory, { mustExist: true });
    await expect(member.open(owner)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('is gone') as string,
    });
    await member.close();
    const fresh = make(factory);
    await fresh.open(owner);
    await fresh.close();
    const again = make(factory, { mustExist: true });
    await again.open(owner);
    await again.close();
  });

  it.each([
    [1, 'something else'],
    [2, 'newer format'],
  ])('a database of somebody else in version %d is FOREIGN_DATA', async (version, message) => {
    const factory = new IDBFactory();
    await makeDatabase(factory, version);
    const storage = make(factory);
    await expect(storage.open(owner)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
      message: expect.stringContaining(message) as string,
    });
    await storage.close();
    // It was let go of, too.
    await settle(factory.deleteDatabase('node-1'));
  });

  it('a browser that refuses to open a database makes the open fail', async () => {
    const factory = new IDBFactory();
    vi.spyOn(factory, 'open').mockImplementation(() => {
      throw new DOMException('not in this mode', 'SecurityError');
    });
    const storage = make(factory);
    await expect(storage.open(owner)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
  });
});

describe('how it uses the database', () => {
  it('every transaction that writes what must stay is strict', async () => {
    const begin = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const values = vi.spyOn(IDBObjectStore.prototype, 'put');
    const storage = make(new IDBFactory());
    await storage.open(owner);
    await storage.write(puts(1, 3));
    await publish(storage, 1, 600_000);
    const writer = await storage.snapshots.stage('moving');
    await writer.write(new Uint8Array(300_000));
    await publish(storage, 2, 10);
    await storage.close();
    const durabilities = begin.mock.calls.map(([scope, mode, options]) => {
      const { durability } = options ?? {};
      return `${Array.from(scope).join('+')} ${String(mode)} ${String(durability)}`;
    });
    const writing = durabilities.filter((each) => each.includes('readwrite'));
    // The last one removes the snapshot that was replaced.
    expect(new Set(writing.slice(0, -1))).toEqual(
      new Set([
        'meta+records+chunks readwrite strict',
        'meta+records readwrite strict',
        'chunks readwrite strict',
      ]),
    );
    expect(writing.at(-1)).toBe('chunks readwrite relaxed');
    // A view would be stored with all of the buffer behind it.
    for (const [value] of values.mock.calls as [Uint8Array][]) {
      expect(value.buffer.byteLength).toBe(value.byteLength);
    }
  });

  it('a page of records is as large as the largest record allows', async () => {
    const storage = make(new IDBFactory());
    await storage.open(owner);
    await storage.write([put(1, 2_000_000)]);
    await storage.write(puts(2, 50));
    const pages = vi.spyOn(IDBObjectStore.prototype, 'getAll');
    await storage.read(2, 50, 2 ** 30);
    expect(Math.max(...pages.mock.calls.map(([, count]) => Number(count)))).toBe(2);
    // Once everything was dropped it is forgotten.
    await storage.write([{ type: 'dropAfter', index: 0 }]);
    await storage.write(puts(1, 2000));
    pages.mockClear();
    expect(await storage.read(1, 2000, 2 ** 30)).toHaveLength(2000);
    expect(pages.mock.calls.length).toBeLessThan(5);
    pages.mockClear();
    expect(await storage.read(1, 2000, 800)).toHaveLength(100);
    const fetched = pages.mock.calls.reduce((sum, [, count]) => sum + Number(count), 0);
    expect(fetched).toBeLessThan(150);
    await storage.close();
  });

  it('waiting writes are joined up to maxBatchBytes', async () => {
    const storage = make(new IDBFactory(), { maxBatchBytes: 1000 });
    await storage.open(owner);
    await Promise.all(Array.from({ length: 20 }, (_, at) => storage.write([put(at + 1, 100)])));
    expect(storage.counters).toEqual({ writes: 20, syncs: 2 });
    await storage.write([put(21, 5000)]);
    expect(storage.counters).toEqual({ writes: 21, syncs: 3 });
    await storage.close();
  });

  it('a log with more gaps than it can remember is still read, and heals when it is trimmed', async () => {
    const factory = new IDBFactory();
    const storage = make(factory);
    await storage.open(owner);
    const sparse = Array.from({ length: 1500 }, (_, at) => put(2 * at + 2));
    await storage.write(sparse);
    await storage.close();
    const again = make(factory);
    expect((await again.open(owner)).records).toEqual({ first: 2, last: 3000 });
    expect(await indexes(again)).toHaveLength(1500);
    await again.write([{ type: 'dropBefore', index: 2000 }]);
    expect((await again.read(0, 3000, 1))[0]?.index).toBe(2000);
    await again.write([{ type: 'dropAfter', index: 500 }]);
    expect(await indexes(again)).toEqual([]);
    await again.close();
  });

  it('is disposed of like anything that is opened', async () => {
    const factory = new IDBFactory();
    {
      await using storage = make(factory);
      await storage.open(owner);
      await storage.write([put(1)]);
    }
    await using again = make(factory);
    expect((await again.open(owner)).records).toEqual({ first: 1, last: 1 });
  });

  it('knows nothing of its browser before it is open', () => {
    expect(make(new IDBFactory()).abilities).toBeUndefined();
  });
});

describe('options', () => {
  it.each<Partial<IndexedDbStorageOptions>>([
    { name: '' },
    { maxRecordBytes: 0 },
    { maxBatchBytes: 1.5 },
    { retainSnapshots: 0 },
  ])('%j is INVALID_ARGUMENT', (options) => {
    expect(() => make(new IDBFactory(), options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('where there is no IndexedDB one has to be handed in', () => {
    vi.stubGlobal('indexedDB', undefined);
    try {
      expect(() => indexedDbStorage({ name: 'node-1' })).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('no IndexedDB') as string,
        }),
      );
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
