/** Segments: filled in advance, gone through in order, taken away from the front, used again. */
import { type StorageOp, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { owner, readAll, SimulatedPlace, sized } from './harness.ts';

const put = (index: number, bytes = 100): StorageOp => ({
  type: 'put',
  index,
  record: sized(index, bytes),
});

describe('segments', () => {
  it('one sync a batch, and as many writes: the next segment is ready before it is needed', async () => {
    const place = new SimulatedPlace(1, { segmentBytes: 1 << 16 });
    const storage = place.storage();
    await storage.open(owner);
    await storage.write([put(1)]);
    const { counts } = place.disk;
    const from = { write: counts.write, sync: counts.sync };
    for (let index = 2; index <= 200; index++) await storage.write([put(index)]);
    expect(storage.counters.syncs).toBe(200);
    // The first half of a segment: nothing but the batches themselves.
    expect(counts.write - from.write).toBe(199);
    expect(counts.sync - from.sync).toBe(199);
    await storage.close();
  });

  it('S10: writes that wait share one batch and one sync', async () => {
    const place = new SimulatedPlace(2, { segmentBytes: 1 << 20 });
    const storage = place.storage();
    await storage.open(owner);
    await Promise.all(Array.from({ length: 500 }, (_, at) => storage.write([put(at + 1)])));
    expect(storage.counters.writes).toBe(500);
    expect(storage.counters.syncs).toBeLessThanOrEqual(3);
    await storage.close();
  });

  it('are filled with zeros in advance, and never grow while they are written', async () => {
    const place = new SimulatedPlace(3, { segmentBytes: 1 << 14 });
    const storage = place.storage();
    await storage.open(owner);
    for (let index = 1; index <= 400; index++) {
      await storage.write([put(index)]);
      for (const [path, bytes] of place.files('.segment')) expect(bytes.length, path).toBe(1 << 14);
    }
    await storage.close();
    // What was filled in advance is given back, but for a segment that is ready.
    const sizes = place.files('.segment').map(([, bytes]) => bytes.length);
    expect(sizes.filter((size) => size < 1 << 14)).toHaveLength(1);
  });

  it('go when nothing in them counts, and their files are used again', async () => {
    const place = new SimulatedPlace(4, { segmentBytes: 4096, maxSpareSegments: 2 });
    const storage = place.storage();
    await storage.open(owner);
    for (let index = 1; index <= 2000; index++) {
      await storage.write([put(index), { type: 'dropBefore', index: Math.max(index - 30, 0) }]);
    }
    const { segments, segmentsMade, segmentsReused } = storage.counters;
    expect(segments).toBeLessThanOrEqual(4);
    expect(segmentsMade).toBeLessThan(10);
    expect(segmentsReused).toBeGreaterThan(50);
    expect(place.files('.segment').length).toBeLessThanOrEqual(4 + 1 + 2);
    await storage.close();
    const again = place.storage();
    const { records } = await again.open(owner);
    expect(records).toEqual({ first: 1970, last: 2000 });
    expect(await readAll(again)).toHaveLength(31);
  });

  it('hold on to no state or snapshot of earlier ones', async () => {
    const place = new SimulatedPlace(5, { segmentBytes: 4096 });
    const storage = place.storage();
    await storage.open(owner);
    const writer = await storage.snapshots.stage();
    await writer.write(utf8('content'));
    await writer.finish();
    const publish: StorageOp = {
      type: 'snapshot',
      id: writer.id,
      index: 1,
      context: utf8('context'),
    };
    await storage.write([{ type: 'state', bytes: utf8('the first and only state') }, publish]);
    for (let index = 1; index <= 300; index++) {
      await storage.write([put(index), { type: 'dropBefore', index }]);
    }
    expect(storage.counters.segments).toBeLessThanOrEqual(2);
    await storage.close();
    const again = place.storage();
    const { snapshot, state } = await again.open(owner);
    expect(state).toEqual(utf8('the first and only state'));
    expect(snapshot).toMatchObject({ id: writer.id, index: 1, context: utf8('context') });
    await again.close();
  });

  it('are not taken away while somebody reads them', async () => {
    const place = new SimulatedPlace(6, { segmentBytes: 4096, maxSpareSegments: 4 });
    const storage = place.storage();
    await storage.open(owner);
    for (let index = 1; index <= 200; index++) await storage.write([put(index)]);
    for (let round = 0; round < 20; round++) {
      const reading = storage.read(round * 10 + 1, round * 10 + 30, 1e6);
      const trimming = storage.write([{ type: 'dropBefore', index: round * 10 + 5 }]);
      const more = Array.from({ length: 60 }, (_, at) =>
        storage.write([put(1000 + round * 60 + at)]),
      );
      for (const { index, record } of await reading) expect(record).toEqual(sized(index, 100));
      await Promise.all([trimming, ...more]);
    }
    await storage.close();
  });

  it('hold records larger than they are', async () => {
    const place = new SimulatedPlace(7, { segmentBytes: 4096 });
    const storage = place.storage();
    await storage.open(owner);
    await storage.write([put(1)]);
    await storage.write([put(2, 100_000), put(3), put(4, 50_000)]);
    await storage.write([put(5)]);
    place.disk.crash('unsynced');
    const again = place.storage();
    await again.open(owner);
    expect((await readAll(again)).map(({ record }) => record.length)).toEqual([
      100, 100_000, 100, 50_000, 100,
    ]);
  });

  it('a restart without a write leaves nothing behind, however often', async () => {
    const place = new SimulatedPlace(8);
    const first = place.storage();
    await first.open(owner);
    await first.write([put(1)]);
    await first.close();
    const before = place.contents();
    for (let round = 0; round < 10; round++) {
      const storage = place.storage();
      await storage.open(owner);
      await storage.close();
    }
    expect(place.contents()).toEqual(before);
  });

  it('keeps an index that grows with the bytes of the log, not with its records', async () => {
    const place = new SimulatedPlace(9, { segmentBytes: 1 << 20 });
    const storage = place.storage();
    await storage.open(owner);
    for (let index = 1; index <= 20_000; index += 500) {
      await storage.write(Array.from({ length: 500 }, (_, at) => put(index + at)));
    }
    expect(storage.counters.indexPlaces).toBeLessThan(20_000 / 100);
    await storage.close();
  });
});
