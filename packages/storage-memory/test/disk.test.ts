/**
 * The simulated disk: what a test can make it do, and that a seed decides the rest.
 */
import {
  crc32,
  type LogIndex,
  type Runtime,
  seededRandom,
  type StorageOp,
  type StorageOwner,
  systemRuntime,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import {
  type Loss,
  memoryDisk,
  type MemoryDisk,
  type MemoryStorage,
  memoryStorage,
} from '../src/index.ts';

const owner: StorageOwner = { cluster: 'test', node: 'n1', algorithm: 'raft' };

function put(index: LogIndex): StorageOp {
  return { type: 'put', index, record: Uint8Array.of(index) };
}

async function open(disk: MemoryDisk): Promise<MemoryStorage> {
  const storage = disk.storage();
  await storage.open(owner);
  return storage;
}

async function indexes(storage: MemoryStorage): Promise<readonly LogIndex[]> {
  return (await storage.read(0, 1000, 1e6)).map(({ index }) => index);
}

/** Runs timers when told to. */
function manualRuntime(): Runtime & { advance(ms: number): void } {
  let now = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    ...systemRuntime,
    now: () => now,
    setTimer: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
    advance: (ms) => {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due) run();
    },
  };
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  // Several turns of the microtask queue: async functions need some to hand a result on.
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return settled;
}

describe('power loss', () => {
  it.each([0, 1, 2, 3])('keeps the first %d of the writes that were not durable', async (keep) => {
    const disk = memoryDisk({ latencyMs: 1, runtime: manualRuntime() });
    const storage = await open(disk);
    const writes = Promise.allSettled([1, 2, 3].map((index) => storage.write([put(index)])));
    disk.crash({ keep });
    for (const { status } of await writes) expect(status).toBe('rejected');
    expect(await indexes(await open(disk))).toEqual([1, 2, 3].slice(0, keep));
  });

  it('keeps none without a generator, and what the seed says with one', async () => {
    const survivors = async (seed: number | undefined): Promise<number> => {
      const disk = memoryDisk(seed === undefined ? {} : { random: seededRandom(seed) });
      const storage = await open(disk);
      const writes = Promise.allSettled([1, 2, 3].map((index) => storage.write([put(index)])));
      disk.crash();
      await writes;
      return (await indexes(await open(disk))).length;
    };
    expect(await survivors(undefined)).toBe(0);
    const drawn = await Promise.all(Array.from({ length: 40 }, (_, seed) => survivors(seed)));
    expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3]));
    const again = await Promise.all(Array.from({ length: 40 }, (_, seed) => survivors(seed)));
    expect(again).toEqual(drawn);
  });

  it('a lost storage stays lost when a new one works on the disk', async () => {
    const disk = memoryDisk();
    const lost = await open(disk);
    disk.crash();
    const storage = await open(disk);
    await expect(lost.write([put(1)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await lost.close();
    await storage.write([put(2)]);
    expect(await indexes(storage)).toEqual([2]);
    await expect(disk.storage().open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
  });
});

describe('power loss at an operation', () => {
  const losses: readonly Loss[] = ['nothing', 'unsynced', 'partly', 'garbage'];

  /** Two writes, one after the other: four operations. */
  async function lose(nth: number, loss: Loss, seed?: number): Promise<readonly LogIndex[]> {
    const disk = memoryDisk(seed === undefined ? {} : { random: seededRandom(seed) });
    const storage = await open(disk);
    disk.crashAt(nth, loss);
    const acknowledged: LogIndex[] = [];
    for (const index of [1, 2]) {
      await storage.write([put(index)]).then(
        () => acknowledged.push(index),
        () => undefined,
      );
    }
    expect(disk.crashed).toBe(nth <= 4);
    expect(acknowledged).toEqual([1, 2].slice(0, Math.floor((nth - 1) / 2)));
    if (!disk.crashed) await storage.close();
    return indexes(await open(disk));
  }

  it.each(losses)('%s: it comes before the submission or the sync that was named', async (loss) => {
    const kept = loss === 'nothing' ? 1 : 0;
    expect(await lose(1, loss)).toEqual([]);
    expect(await lose(2, loss)).toEqual([1].slice(0, kept));
    expect(await lose(3, loss)).toEqual([1]);
    expect(await lose(4, loss)).toEqual([1, 2].slice(0, 1 + kept));
    expect(await lose(5, loss)).toEqual([1, 2]);
  });

  it('a seed draws what is partly lost', async () => {
    const found = await Promise.all(
      Array.from({ length: 20 }, (_, seed) => lose(2, 'partly', seed)),
    );
    expect(new Set(found.map(({ length }) => length))).toEqual(new Set([0, 1]));
  });

  it('counts submissions and syncs, and a crash takes back what was armed', async () => {
    const disk = memoryDisk();
    const storage = await open(disk);
    await Promise.all([storage.write([put(1)]), storage.write([put(2)])]);
    expect(disk.operations).toBe(3);
    disk.crashAt(1, 'nothing');
    disk.crash();
    const again = await open(disk);
    await again.write([put(3)]);
    expect(disk.crashed).toBe(false);
    expect(disk.operations).toBe(5);
  });
});

describe('snapshots that are staged under a name', () => {
  it.each([0, 1, 2, 3])('of three pieces the first %d survive a power loss', async (keep) => {
    const disk = memoryDisk({ latencyMs: 1, runtime: manualRuntime() });
    const writer = await (await open(disk)).snapshots.stage('transfer');
    for (const piece of [1, 2, 3]) await writer.write(new Uint8Array(10).fill(piece));
    // That something is staged is a write of its own.
    disk.crash({ keep: 1 + keep });
    const again = await open(disk);
    expect((await again.snapshots.stage('transfer')).bytes).toBe(10 * keep);
  });

  it('pieces are copied, and nobody waits for them', async () => {
    const disk = memoryDisk();
    const storage = await open(disk);
    disk.stall();
    const writer = await storage.snapshots.stage('transfer');
    const piece = Uint8Array.of(1, 2, 3);
    await writer.write(piece);
    piece.fill(9);
    expect(writer.checksum).toBe(crc32(Uint8Array.of(1, 2, 3)));
    disk.resume();
    await storage.close();
    const again = await (await open(disk)).snapshots.stage('transfer');
    expect(again.checksum).toBe(crc32(Uint8Array.of(1, 2, 3)));
    expect(disk.storedSnapshots).toBe(1);
  });
});

describe('time', () => {
  it('a sync takes its latency, and writes called meanwhile share the next one', async () => {
    const runtime = manualRuntime();
    const disk = memoryDisk({ latencyMs: 5, runtime });
    const storage = await open(disk);
    const first = storage.write([put(1)]);
    runtime.advance(4);
    const second = storage.write([put(2)]);
    const third = storage.write([put(3)]);
    expect(await isSettled(first)).toBe(false);
    runtime.advance(1);
    expect(await isSettled(first)).toBe(true);
    expect(await isSettled(second)).toBe(false);
    runtime.advance(5);
    await Promise.all([second, third]);
    expect(disk.counters).toEqual({ writes: 3, syncs: 2 });
  });

  it('a stalled disk ends no sync until it resumes', async () => {
    const disk = memoryDisk();
    const storage = await open(disk);
    disk.stall();
    const write = storage.write([put(1)]);
    const reading = storage.read(1, 1, 100);
    const closing = storage.close();
    expect(await isSettled(Promise.race([write, reading, closing]))).toBe(false);
    disk.resume();
    await Promise.all([write, reading, closing]);
  });

  it('a stalled disk can lose power, and works again after it', async () => {
    const disk = memoryDisk();
    const storage = await open(disk);
    disk.stall();
    const write = storage.write([put(1)]);
    disk.crash();
    await expect(write).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    const again = await open(disk);
    await again.write([put(2)]);
    expect(await indexes(again)).toEqual([2]);
  });
});

describe('failures', () => {
  it('the nth write fails, and every one after it', async () => {
    const disk = memoryDisk();
    const storage = await open(disk);
    disk.failWrite(3);
    await storage.write([put(1)]);
    await storage.write([put(2)]);
    await expect(storage.write([put(3)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(storage.write([put(4)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
    expect(await indexes(await open(disk))).toEqual([1, 2]);
  });

  it('a damaged record is whole again once it is put again', async () => {
    const disk = memoryDisk();
    const storage = await open(disk);
    await storage.write([put(1), put(2)]);
    disk.damage(2);
    await expect(storage.read(1, 2, 100)).rejects.toMatchObject({ code: 'CORRUPT' });
    await storage.write([put(2)]);
    expect(await indexes(storage)).toEqual([1, 2]);
  });
});

it('never hands out the bytes that it keeps', async () => {
  const storage = memoryStorage();
  await storage.open(owner);
  await storage.write([{ type: 'put', index: 1, record: Uint8Array.of(1, 2, 3) }]);
  const [found] = await storage.read(1, 1, 100);
  expect(found?.record).toEqual(Uint8Array.of(1, 2, 3));
  found?.record.fill(0);
  expect((await storage.read(1, 1, 100))[0]?.record).toEqual(Uint8Array.of(1, 2, 3));
  await storage.close();
});

it.each([
  { latencyMs: -1 },
  { latencyMs: [0, Number.NaN] as const },
  { maxRecordBytes: 0 },
  { retainSnapshots: 0 },
  { retainSnapshots: 1.5 },
])('the options %j are INVALID_ARGUMENT', (options) => {
  expect(() => memoryDisk(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

it('a storage may retain more snapshots than its disk says', async () => {
  expect(() => memoryDisk().storage({ retainSnapshots: 0 })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
  const storage = memoryDisk({ retainSnapshots: 1 }).storage({ retainSnapshots: 2 });
  await storage.open(owner);
  for (const index of [1, 2, 3]) {
    const writer = await storage.snapshots.stage();
    await writer.finish();
    await storage.write([{ type: 'snapshot', id: writer.id, index, context: new Uint8Array() }]);
  }
  expect(storage.snapshots.list().map(({ index }) => index)).toEqual([3, 2]);
});
