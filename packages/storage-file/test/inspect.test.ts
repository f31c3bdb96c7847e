/** What a tool sees of a folder: everything that lies there, and every place that is damaged. */
import { type StorageOp, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { inspectFolder, type RecordReport } from '../src/inspect.ts';
import { segmentName } from '../src/segment-file.ts';
import { directory, owner, SimulatedPlace, sized } from './harness.ts';

const put = (index: number): StorageOp => ({ type: 'put', index, record: sized(index, 100) });

async function filled(end: 'close' | 'kill'): Promise<SimulatedPlace> {
  const place = new SimulatedPlace(1);
  const storage = place.storage();
  await storage.open(owner);
  const writer = await storage.snapshots.stage();
  await writer.write(sized(1, 300_000));
  await writer.finish();
  await storage.write([put(1), put(2), { type: 'state', bytes: utf8('seven') }]);
  const publish: StorageOp = { type: 'snapshot', id: writer.id, index: 1, context: utf8('ctx') };
  await storage.write([publish, { type: 'dropBefore', index: 2 }]);
  for (let index = 3; index <= 60; index++) await storage.write([put(index)]);
  const partial = await storage.snapshots.stage('half-way');
  await partial.write(sized(2, 600_000));
  if (end === 'close') await storage.close();
  place.disk.kill();
  return place;
}

const look = (place: SimulatedPlace, verify = true) =>
  inspectFolder(directory, { files: place.disk.files(), verify });

describe('an inspection', () => {
  it('tells segments, records, state, snapshots and what is staged, and changes nothing', async () => {
    const place = await filled('close');
    const before = place.contents();
    const report = await look(place);
    expect(report).toMatchObject({
      directory,
      storage: 'file',
      format: 1,
      owner,
      records: { first: 2, last: 60, count: 59 },
      state: utf8('seven'),
      damage: [],
      savedTorn: [],
    });
    expect(report.snapshots).toMatchObject([
      { index: 1, bytes: 300_000, context: utf8('ctx'), intact: true },
    ]);
    expect(report.staged).toEqual([expect.stringMatching(/\.half-way\.partial$/)]);
    const used = report.segments.filter(({ batches }) => batches > 0);
    expect(used.length).toBeGreaterThan(1);
    expect(used.reduce((sum, { live }) => sum + live, 0)).toBe(59);
    expect(report.durable).toEqual({ segment: used.at(-1)?.id, end: used.at(-1)?.end });
    expect(place.contents()).toEqual(before);
  });

  it('lists every record, in the order on disk', async () => {
    const place = await filled('close');
    const records: RecordReport[] = [];
    await inspectFolder(directory, {
      files: place.disk.files(),
      onRecord: (record) => records.push(record),
    });
    const puts = records.filter(({ kind }) => kind === 'put');
    expect(puts.map(({ index }) => index)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    for (const { index, payload } of puts) expect(payload).toEqual(sized(index, 100));
    expect(records[0]).toMatchObject({ kind: 'checkpoint', segment: 1, last: false });
    const kinds = new Set(records.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['checkpoint', 'put', 'state', 'snapshot', 'dropBefore']));
  });

  it('names every damaged place', async () => {
    const place = await filled('close');
    const first = `${directory}/segments/${segmentName(1)}`;
    const content = place.files('.snapshot')[0]?.[0] ?? '';
    place.disk.flipBit({ path: first, at: 500 }, 2);
    place.disk.flipBit({ path: content, at: 100_000 }, 2);
    const { damage, snapshots } = await look(place);
    expect(damage.map(({ file }) => file)).toEqual([
      segmentName(1),
      expect.stringMatching(/^snapshots\//),
    ]);
    expect(damage[0]?.position).toBeLessThanOrEqual(500);
    expect(snapshots[0]?.intact).toBe(false);
    place.disk.flipBit({ path: first, at: 500 }, 2);
    place.disk.flipBit({ path: content, at: 100_000 }, 2);
    expect((await look(place)).damage).toEqual([]);
  });

  it('tells a torn end, which is no damage, from damage', async () => {
    const place = await filled('kill');
    const [path = ''] = place.files('.segment').findLast(([each]) => place.used(each) > 56) ?? [];
    const end = place.used(path);
    const file = await place.disk.files().open(path, 'write');
    await file.write([Uint8Array.from([9, 9, 9])], end);
    await file.sync();
    await file.close();
    place.disk.kill();
    const report = await look(place);
    expect(report.damage).toEqual([]);
    expect(report.segments.filter(({ torn }) => torn)).toMatchObject([{ end }]);
  });

  it('tells from damage what a failed sync left behind and a power loss took', async () => {
    const place = new SimulatedPlace(2);
    const storage = place.storage();
    await storage.open(owner);
    await storage.write([put(1)]);
    const long: StorageOp = { type: 'put', index: 2, record: sized(2, 1500) };
    place.disk.fail({ operation: 'sync', path: '.segment' });
    await expect(storage.write([long])).rejects.toThrow();
    place.disk.kill();
    await place.storage().open(owner);
    place.disk.crash('unsynced');
    const report = await look(place);
    expect(report.damage).toEqual([]);
    expect(report.records).toEqual({ first: 1, last: 2, count: 2 });
    // It is in the segment in which the repair wrote it once more, and not where it stood first.
    const [first, second] = report.segments;
    expect(report.resumed).toBe(second?.id);
    expect(report.durable).toEqual({ segment: first?.id, end: first?.end });
    expect(first?.puts).toEqual({ first: 1, last: 1 });
    expect(second?.puts).toEqual({ first: 2, last: 2 });
  });

  it('refuses a folder that is open, that is of somebody else, or that is none', async () => {
    const place = await filled('close');
    const storage = place.storage();
    await storage.open(owner);
    await expect(look(place)).rejects.toMatchObject({ code: 'LOCKED' });
    await storage.close();
    await expect(inspectFolder('/data', { files: place.disk.files() })).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
  });
});
