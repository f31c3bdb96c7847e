/** A disk that fails, fills up, lies or is slow: nothing is acknowledged that could be lost. */
import { StorageFailedError, type StorageOp, utf8 } from '@quorate/core';
import type { DiskOperation } from '@quorate/files/simulated';
import { describe, expect, it } from 'vitest';
import { owner, readAll, SimulatedPlace, sized } from './harness.ts';

const put = (index: number, bytes = 100): StorageOp => ({
  type: 'put',
  index,
  record: sized(index, bytes),
});

describe('a sync that failed', () => {
  it('S5: is not tried again, nor is anything acknowledged after it', async () => {
    const place = new SimulatedPlace(1);
    const storage = place.storage();
    await storage.open(owner);
    await storage.write([put(1)]);
    place.disk.fail({ operation: 'sync' });
    const before = place.disk.counts.sync;
    await expect(storage.write([put(2)])).rejects.toBeInstanceOf(StorageFailedError);
    await expect(storage.write([put(3)])).rejects.toBeInstanceOf(StorageFailedError);
    await expect(storage.read(1, 1, 100)).rejects.toBeInstanceOf(StorageFailedError);
    await storage.close();
    expect(place.disk.counts.sync - before).toBe(1);
  });

  // Where a batch ends in the sector that it begins in, cutting behind it writes all of it again.
  it.each([
    [100, 4096],
    [700, 4096],
    [3000, 4096],
    [3000, 65_536],
  ])(
    'S5: what the kernel still shows after it is durable before anybody builds on it (%i bytes, segments of %i)',
    async (bytes, segmentBytes) => {
      // The pages of the failed sync are clean in the kernel's memory: a sync of the same file would
      // succeed without writing them. Whoever opens the folder then sees the record – and may count on
      // it, so from the open on it must survive a power loss.
      for (const operations of [0, 1, 2]) {
        const place = new SimulatedPlace(2, { segmentBytes });
        const storage = place.storage();
        await storage.open(owner);
        await storage.write([put(1)]);
        place.disk.fail({ operation: 'sync', path: '.segment' });
        await expect(
          storage.write([put(2, bytes), { type: 'state', bytes: utf8('vote') }]),
        ).rejects.toThrow();
        place.disk.kill();
        for (let round = 0; round < operations; round++) {
          await place.storage().open(owner);
          place.disk.kill();
        }
        const seen = await place.storage().open(owner);
        expect(seen.records).toEqual({ first: 1, last: 2 });
        place.disk.crash('unsynced');
        const again = place.storage();
        const found = await again.open(owner);
        expect(found.records).toEqual(seen.records);
        expect(found.state).toEqual(utf8('vote'));
        expect(await readAll(again)).toEqual([
          { index: 1, record: sized(1, 100) },
          { index: 2, record: sized(2, bytes) },
        ]);
      }
    },
  );
});

describe('a snapshot that was replaced', () => {
  it('is there as long as the batch that replaced it may still be lost', async () => {
    // The batch is written, its sync fails, the process is killed; the next one sees the batch in the
    // kernel's memory, and the power goes at any moment of that open.
    for (let nth = 1; nth <= 40; nth++) {
      for (const loss of ['unsynced', 'partly', 'garbage'] as const) {
        const place = new SimulatedPlace(nth * 7);
        const storage = place.storage();
        await storage.open(owner);
        await storage.write([put(1), put(2)]);
        const ids: string[] = [];
        for (const index of [1, 2]) {
          const writer = await storage.snapshots.stage();
          await writer.write(sized(index, 1000));
          await writer.finish();
          ids.push(writer.id);
          if (index === 2) place.disk.fail({ operation: 'sync', path: '.segment' });
          await storage
            .write([{ type: 'snapshot', id: writer.id, index, context: utf8('context') }])
            .catch(() => undefined);
        }
        place.disk.kill();
        place.disk.crashAt(nth, loss);
        await place
          .storage()
          .open(owner)
          .catch(() => undefined);
        place.disk.kill();
        place.disk.heal();
        const again = place.storage();
        const { snapshot } = await again.open(owner);
        expect(ids).toContain(snapshot?.id);
        const reader = await again.snapshots.read(snapshot?.id ?? '');
        expect(await reader.read(0, 2000)).toEqual(sized(snapshot?.index ?? 0, 1000));
        await reader.close();
        await again.close();
      }
    }
  });
});

describe('every failure of every operation', () => {
  const operations: readonly DiskOperation[] = [
    'open',
    'create',
    'write',
    'sync',
    'rename',
    'remove',
    'truncate',
    'syncFolder',
    'size',
    'list',
    'makeFolder',
    'read',
  ];

  it.each(operations)(
    '%s: what was acknowledged is there when the fault is gone',
    async (operation) => {
      let failures = 0;
      for (let nth = 1; nth <= 20; nth++) {
        for (const code of ['EIO', 'ENOSPC'] as const) {
          const place = new SimulatedPlace(nth, { maxSpareSegments: 1 });
          let acknowledged = 0;
          let failed = false;
          // Two lives, so that an open that repairs is among what fails.
          for (const life of [1, 2]) {
            const storage = place.storage();
            if (life === 2) place.disk.fail({ operation, nth, code });
            try {
              await storage.open(owner);
              for (let round = 0; round < 30; round++) {
                const next = acknowledged + 1;
                await storage.write([
                  put(next),
                  put(next + 1, 300),
                  { type: 'dropBefore', index: Math.max(1, next - 20) },
                ]);
                acknowledged = next + 1;
              }
            } catch (error) {
              failed = true;
              expect(error).toBeInstanceOf(StorageFailedError);
              expect((error as Error).message).toMatch(/mend|restart/);
              await expect(storage.write([put(9999)])).rejects.toThrow();
            }
            // The first one ends suddenly, so that the second has something to repair.
            if (life === 2) await storage.close();
            place.disk.kill();
          }
          if (failed) failures++;
          place.disk.heal();
          const storage = place.storage();
          const { records } = await storage.open(owner);
          expect(records?.last).toBeGreaterThanOrEqual(acknowledged);
          expect(records?.last).toBeLessThanOrEqual(acknowledged + 2);
          const last = records?.last ?? 0;
          const all = await readAll(storage);
          expect(all.at(-1)?.index).toBe(last);
          expect(all.map(({ index }) => index)).toEqual(
            all.map((_, at) => last - all.length + 1 + at),
          );
          for (const { index, record } of all) expect(record).toEqual(sized(index, record.length));
          await storage.write([put(last + 1)]);
          await storage.close();
        }
      }
      // A failure that never came would prove nothing. Reads and looks happen while opening only.
      expect(failures).toBeGreaterThan(0);
    },
  );

  it('a disk that is full says so, and goes on when there is room again', async () => {
    const place = new SimulatedPlace(3, {}, { capacityBytes: 20_000 });
    const storage = place.storage();
    await storage.open(owner);
    let acknowledged = 0;
    const error: unknown = await (async () => {
      for (;;) {
        await storage.write([put(acknowledged + 1, 500)]);
        acknowledged++;
      }
    })().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STORAGE_FAILED' });
    expect((error as Error).message).toContain('ENOSPC');
    expect(acknowledged).toBeGreaterThan(5);
    await storage.close();
    const image = place.disk.image();
    const larger = new SimulatedPlace(4, {}, { image });
    const again = larger.storage();
    await again.open(owner);
    expect((await readAll(again)).length).toBeGreaterThanOrEqual(acknowledged);
    await again.write([put(1000)]);
    await again.close();
  });

  it('S11: a write that takes only a part is gone on with', async () => {
    const place = new SimulatedPlace(5, {}, { shortWrites: 0.6 });
    const storage = place.storage();
    await storage.open(owner);
    for (let index = 1; index <= 40; index++) await storage.write([put(index, 50 + index * 40)]);
    await storage.close();
    const again = place.storage();
    await again.open(owner);
    const all = await readAll(again);
    expect(all).toEqual(
      Array.from({ length: 40 }, (_, at) => ({
        index: at + 1,
        record: sized(at + 1, 90 + at * 40),
      })),
    );
  });

  it('a disk that stalls acknowledges nothing, and everything when it goes on', async () => {
    const place = new SimulatedPlace(6);
    const storage = place.storage();
    await storage.open(owner);
    place.disk.stall('sync');
    let settled = 0;
    const writes = [1, 2, 3].map((index) => storage.write([put(index)]).then(() => settled++));
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    expect(settled).toBe(0);
    place.disk.resume();
    await Promise.all(writes);
    expect(settled).toBe(3);
    await storage.close();
  });
});

describe('a segment that was made ready and cannot be opened', () => {
  it("fails the next write, and is nobody's unhandled rejection (found by the simulator)", async () => {
    const place = new SimulatedPlace(5);
    const first = place.storage();
    await first.open(owner);
    // More than half of a segment: the next one is made ready.
    for (let index = 1; index <= 5; index++) await first.write([put(index, 500)]);
    await first.close();
    const ready = place.disk
      .image()
      .paths()
      .filter((path) => path.endsWith('.segment'))
      .at(-1);
    const storage = place.storage();
    // Recovery reads it first; the second time it is opened to be written to.
    place.disk.fail({ operation: 'open', nth: 2, ...(ready === undefined ? {} : { path: ready }) });
    await storage.open(owner);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    await expect(storage.write([put(6)])).rejects.toBeInstanceOf(StorageFailedError);
    await storage.close();
  });
});
