/** S9: one storage at a time on a database, in one thread and across tabs and workers. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import {
  indexedDbStorage,
  type IndexedDbStorage,
  type IndexedDbStorageOptions,
  type WebLocks,
} from '../src/index.ts';
import { indexes, owner, publish, put, puts } from './harness/records.ts';

/** The databases of an origin, each time seen from another thread. */
class Origin {
  readonly #factory = new IDBFactory();

  storage(options: Partial<IndexedDbStorageOptions> = {}): IndexedDbStorage {
    return indexedDbStorage({
      name: 'shared',
      indexedDB: { open: (name, version) => this.#factory.open(name, version) },
      keyRanges: IDBKeyRange,
      locks: 'none',
      ...options,
    });
  }
}

/** The locks of an origin. */
class Locks implements WebLocks {
  readonly held = new Map<string, (reason: Error) => void>();

  async request(
    name: string,
    _options: { readonly ifAvailable: boolean },
    run: (lock: unknown) => Promise<void>,
  ): Promise<void> {
    if (this.held.has(name)) return run(null);
    const stolen = new Promise<never>((_resolve, reject) => {
      this.held.set(name, reject);
    });
    try {
      await Promise.race([run({ name }), stolen]);
    } finally {
      this.held.delete(name);
    }
  }

  steal(): void {
    for (const lose of this.held.values()) lose(new DOMException('stolen', 'AbortError'));
  }
}

describe('without Web Locks', () => {
  it('a second storage of this thread is LOCKED, one of another database is not', async () => {
    const indexedDB = new IDBFactory();
    const origin = new Origin();
    const first = origin.storage({ indexedDB });
    await first.open(owner);
    expect(first.abilities).toEqual({ strictDurability: true, webLocks: false });
    const second = origin.storage({ indexedDB });
    await expect(second.open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
    await second.close();
    const other = origin.storage({ indexedDB, name: 'other' });
    await other.open(owner);
    await Promise.all([first.close(), other.close()]);
  });

  it('one of another thread takes over: the one before is told, and has written nothing since', async () => {
    const origin = new Origin();
    const first = origin.storage();
    await first.open(owner);
    await first.write(puts(1, 3));
    const id = await publish(first, 1, 1000);
    const reader = await first.snapshots.read(id);
    const writer = await first.snapshots.stage('moving');

    const second = origin.storage();
    expect((await second.open(owner)).records).toEqual({ first: 1, last: 3 });

    await expect(first.write([put(4)])).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('another tab or worker') as string,
    });
    await expect(first.write([put(5)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(first.read(1, 3, 100)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(reader.read(0, 10)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(writer.write(new Uint8Array(10))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    await first.close();

    expect(await indexes(second)).toEqual([1, 2, 3]);
    await second.write([put(4)]);
    expect(await indexes(second)).toEqual([1, 2, 3, 4]);
    await second.close();
  });

  it.each([
    ['reads', (storage: IndexedDbStorage) => storage.read(1, 3, 100)],
    ['stages under a name', (storage: IndexedDbStorage) => storage.snapshots.stage('moving')],
    [
      'writes a chunk',
      async (storage: IndexedDbStorage) => {
        const writer = await storage.snapshots.stage();
        await writer.write(new Uint8Array(300_000));
      },
    ],
  ])('the one before is told, too, when it only %s', async (_what, act) => {
    const origin = new Origin();
    const first = origin.storage();
    await first.open(owner);
    await first.write(puts(1, 3));
    const second = origin.storage();
    await second.open(owner);
    // What it reads may not be what it wrote any more.
    await second.write([{ type: 'dropBefore', index: 3 }]);
    await expect(act(first)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(first.write([])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await first.close();
    expect(await indexes(second)).toEqual([3]);
    await second.close();
  });

  it('writes of two that take turns never mix: all that was acknowledged is there, in order', async () => {
    const origin = new Origin();
    const acknowledged: number[] = [];
    let next = 0;
    for (let round = 0; round < 20; round++) {
      const storage = origin.storage();
      const { records } = await storage.open(owner);
      expect(records?.last ?? 0).toBeGreaterThanOrEqual(acknowledged.at(-1) ?? 0);
      next = (records?.last ?? 0) + 1;
      // The last ones are still under way when the next storage opens.
      for (let count = 0; count < 5; count++) {
        const index = next++;
        const written = storage.write([put(index)]).then(() => acknowledged.push(index));
        if (count < 2) await written;
        else written.catch(() => undefined);
      }
    }
    const last = origin.storage();
    await last.open(owner);
    const found = await indexes(last);
    expect(found).toEqual(found.map((_, at) => at + 1));
    expect(found).toEqual(expect.arrayContaining(acknowledged));
    expect(acknowledged).toEqual([...acknowledged].sort((left, right) => left - right));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    await last.close();
  });
});

describe('with Web Locks', () => {
  it('a second storage is LOCKED until the first is closed', async () => {
    const [origin, locks] = [new Origin(), new Locks()];
    const first = origin.storage({ locks });
    await first.open(owner);
    expect(first.abilities?.webLocks).toBe(true);
    const second = origin.storage({ locks });
    await expect(second.open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
    await second.close();
    await first.write([put(1)]);
    await first.close();
    const third = origin.storage({ locks });
    expect((await third.open(owner)).records).toEqual({ first: 1, last: 1 });
    await third.close();
    expect(locks.held.size).toBe(0);
  });

  it('an open that fails lets go of the lock', async () => {
    const [origin, locks] = [new Origin(), new Locks()];
    const first = origin.storage({ locks });
    await first.open(owner);
    await first.close();
    const foreign = origin.storage({ locks });
    const opening = foreign.open({ ...owner, node: 'n2' });
    await expect(opening).rejects.toMatchObject({ code: 'FOREIGN_DATA' });
    expect(locks.held.size).toBe(0);
  });

  it('who lost the lock acknowledges nothing any more', async () => {
    const [origin, locks] = [new Origin(), new Locks()];
    const storage = origin.storage({ locks });
    await storage.open(owner);
    await storage.write([put(1)]);
    locks.steal();
    await expect
      .poll(() => storage.read(1, 1, 1).catch((error: unknown) => error))
      .toMatchObject({
        code: 'STORAGE_FAILED',
        message: expect.stringContaining('taken away') as string,
      });
    await expect(storage.write([put(2)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
  });

  it('locks that cannot be asked for make the open fail', async () => {
    const locks: WebLocks = {
      request: () => Promise.reject(new DOMException('no origin', 'SecurityError')),
    };
    const storage = new Origin().storage({ locks });
    await expect(storage.open(owner)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
  });
});
