/**
 * Dropping many records is one small batch; their keys go a few at a time, behind the scenes.
 */
import { seededRandom, type StorageOp } from '@quorate/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Layout } from '../src/layout.ts';
import type { LevelStorage } from '../src/storage.ts';
import { owner, TestFolder } from './harness/folder.ts';

const total = 20_000;
let folder: TestFolder;

beforeEach(() => {
  folder = new TestFolder(seededRandom(1));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await folder.remove();
});

async function fill(storage: LevelStorage): Promise<void> {
  for (let from = 1; from <= total; from += 1000) {
    const ops = Array.from({ length: 1000 }, (_, at): StorageOp => {
      return { type: 'put', index: from + at, record: Uint8Array.of(1) };
    });
    await storage.write(ops);
  }
}

it('no batch deletes many keys, and in the end all stale ones are gone', async () => {
  const storage = folder.storage();
  await storage.open(owner);
  await fill(storage);
  const largest: number[] = [];
  const commit = folder.commit;
  folder.commit = async (batch) => {
    largest.push(batch.length);
    await commit(batch);
  };
  await storage.write([
    { type: 'dropBefore', index: 8001 },
    { type: 'dropAfter', index: 12_000 },
    { type: 'put', index: 12_001, record: Uint8Array.of(2) },
  ]);
  // Writing goes on while the keys are swept up.
  for (let index = 12_002; index <= 12_050; index++) {
    await storage.write([{ type: 'put', index, record: Uint8Array.of(2) }]);
  }
  // 50 batches of 512 keys were enough; an append may have been faster than the sweep.
  expect(storage.counters.keysSwept).toBeGreaterThanOrEqual(8000 + 8000 - 50);
  expect(storage.counters.keysSwept).toBeLessThan(8000 + 8000);
  expect(Math.max(...largest)).toBeLessThan(600);
  const records = await storage.read(1, total, 2 ** 20);
  expect(records.length).toBe(4050);
  await storage.close();
  expect(await folder.countKeys()).toBe(4050);
});

it('sweeping that was interrupted goes on after an open, and stale keys stay absent', async () => {
  vi.spyOn(Layout.prototype, 'stale').mockReturnValue(undefined);
  const storage = folder.storage();
  await storage.open(owner);
  await fill(storage);
  await storage.write([{ type: 'dropAfter', index: 5 }]);
  folder.crash();
  await storage.close();
  expect(await folder.countKeys()).toBe(total);

  // Still nothing is swept: a put across the gap must deal with it alone.
  const second = folder.storage();
  expect((await second.open(owner)).records).toEqual({ first: 1, last: 5 });
  await second.write([{ type: 'put', index: 9000, record: Uint8Array.of(2) }]);
  expect((await second.read(1, total, 2 ** 20)).map(({ index }) => index)).toEqual([
    1, 2, 3, 4, 5, 9000,
  ]);
  folder.crash();
  await second.close();
  expect(await folder.countKeys()).toBe(total - 9000 + 6);

  vi.restoreAllMocks();
  const third = folder.storage();
  expect((await third.open(owner)).records).toEqual({ first: 1, last: 9000 });
  await vi.waitFor(() => expect(third.counters.keysSwept).toBe(total - 9000), 10_000);
  expect((await third.read(1, total, 2 ** 20)).length).toBe(6);
  await third.close();
  expect(await folder.countKeys()).toBe(6);
});

it('an open reads no record but the last: damage in the middle shows when it is read', async () => {
  const storage = folder.storage();
  await storage.open(owner);
  await fill(storage);
  await storage.close();
  await folder.damageRecord(10_000);
  const again = folder.storage();
  expect((await again.open(owner)).records).toEqual({ first: 1, last: total });
  expect((await again.read(9990, 9999, 2 ** 20)).length).toBe(10);
  await expect(again.read(9990, 10_010, 2 ** 20)).rejects.toMatchObject({ code: 'CORRUPT' });
  await again.close();
});
