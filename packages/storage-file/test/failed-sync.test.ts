/**
 * A batch whose sync failed is in the memory of the kernel and not on the disk, and no later sync
 * brings it there. The next process sees it whole; a power loss takes it all the same.
 */
import { fromUtf8, type Recovered, type StorageOp, utf8 } from '@quorate/core';
import { writeMark } from '@quorate/files';
import type { Loss } from '@quorate/conformance/storage';
import { describe, expect, it } from 'vitest';
import { inspectFolder } from '../src/inspect.ts';
import type { FileStorage } from '../src/index.ts';
import { folderKind } from '../src/manifest.ts';
import { directory, owner, readAll, SimulatedPlace, sized } from './harness.ts';

const losses: readonly Loss[] = ['nothing', 'unsynced', 'partly', 'garbage'];

/** Longer than a sector, so that cutting behind the batch does not write all of it again. */
const put = (index: number, bytes = 700): StorageOp => ({
  type: 'put',
  index,
  record: sized(index, bytes),
});

async function opened(place: SimulatedPlace): Promise<[FileStorage, Recovered]> {
  const storage = place.storage();
  return [storage, await storage.open(owner)];
}

/** Writes whose sync fails; then the process ends, and the system lives on. */
async function writeUnsynced(
  place: SimulatedPlace,
  storage: FileStorage,
  ops: readonly StorageOp[],
): Promise<void> {
  place.disk.fail({ operation: 'sync', path: '.segment' });
  await expect(storage.write(ops)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  place.disk.kill();
}

/** What is there, as indexes; and that an inspection finds nothing wrong with it. */
async function indexes(place: SimulatedPlace): Promise<readonly number[]> {
  place.disk.heal();
  place.disk.kill();
  const report = await inspectFolder(directory, { files: place.disk.files(), verify: true });
  expect(report.damage).toEqual([]);
  const [storage] = await opened(place);
  const records = await readAll(storage);
  for (const { index, record } of records) expect(record).toEqual(sized(index, record.length));
  await storage.close();
  return records.map(({ index }) => index);
}

function markOf(place: SimulatedPlace): Readonly<Record<string, unknown>> {
  const bytes = place.disk.image().read(`${directory}/quorate.json`) ?? new Uint8Array();
  return JSON.parse(fromUtf8(bytes)) as Readonly<Record<string, unknown>>;
}

describe('a batch whose sync failed', () => {
  it.each(losses)(
    'may go from its segment when it was written once more (found by the simulator: Paxos seed 60), power loss of %s',
    async (loss) => {
      const place = new SimulatedPlace(1);
      const [first] = await opened(place);
      await first.write([put(1)]);
      await writeUnsynced(place, first, [put(2)]);
      const [second, { records }] = await opened(place);
      expect(records).toEqual({ first: 1, last: 2 });
      await second.write([put(3)]);
      place.disk.crash(loss);
      expect(await indexes(place)).toEqual([1, 2, 3]);
    },
  );

  it('is not proved by a first write to the next segment that a repair began (found by the simulator: Paxos seed 60)', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) {
      for (let nth = 1; nth <= 25; nth++) {
        for (const loss of losses) {
          const place = new SimulatedPlace(seed);
          const [first] = await opened(place);
          await first.write([put(1)]);
          // Of so many sectors some may be left, so that it is torn and not absent.
          await writeUnsynced(place, first, [put(2, 1600)]);
          place.disk.crashAt(nth, loss);
          await opened(place).catch(() => undefined);
          if (!place.disk.crashed) continue;
          const found = await indexes(place);
          outcomes.add(found.join(' '));
        }
      }
    }
    // It was never acknowledged, and no open has ended that showed it.
    expect(outcomes).toEqual(new Set(['1', '1 2']));
  });

  it('may go with the first write of its segment, which a repair began or a roll-over', async () => {
    let unsynced = 0;
    for (let writes = 2; writes <= 9; writes++) {
      for (const loss of losses) {
        const place = new SimulatedPlace(writes);
        let [storage] = await opened(place);
        for (let index = 1; index < writes; index++) await storage.write([put(index)]);
        // One that was unsynced, and then one behind what was written once more. Where the next segment
        // is being made, its sync may be the one that fails.
        let last = writes - 1;
        for (const index of [writes, writes + 1]) {
          await writeUnsynced(place, storage, [put(index)]);
          let recovered: Recovered;
          [storage, recovered] = await opened(place);
          if (recovered.records?.last === index) unsynced++;
          last = recovered.records?.last ?? 0;
        }
        place.disk.kill();
        [storage] = await opened(place);
        const shown = (await readAll(storage)).map(({ index }) => index);
        expect(shown.at(-1)).toBe(last);
        await storage.write([put(last + 1)]);
        place.disk.crash(loss);
        expect(await indexes(place)).toEqual([...shown, last + 1]);
      }
    }
    expect(unsynced).toBeGreaterThan(8 * losses.length);
  });

  it('may be of a repair that was cut short by a failed sync, too, however often', async () => {
    for (const loss of losses) {
      const place = new SimulatedPlace(3);
      const [first] = await opened(place);
      await first.write([put(1), { type: 'state', bytes: utf8('before') }]);
      await writeUnsynced(place, first, [put(2), { type: 'state', bytes: utf8('after') }]);
      for (let round = 0; round < 3; round++) {
        const repairing = place.storage();
        // The first sync of a segment is that of its zeros, or of what is cut; then comes the batch.
        place.disk.fail({ operation: 'sync', path: '.segment', nth: 3 });
        await expect(repairing.open(owner)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
        place.disk.kill();
        place.disk.heal();
      }
      const [storage, { records, state }] = await opened(place);
      expect(records).toEqual({ first: 1, last: 2 });
      expect(state).toEqual(utf8('after'));
      place.disk.crash(loss);
      // The state of the batch, too, is in what was written once more.
      const again = place.storage();
      expect((await again.open(owner)).state).toEqual(utf8('after'));
      await Promise.all([storage.close(), again.close()]);
      expect(await indexes(place)).toEqual([1, 2]);
    }
  });

  it('leaves proof for what follows it: a batch damaged after that is CORRUPT', async () => {
    const place = new SimulatedPlace(4);
    const [first] = await opened(place);
    await first.write([put(1)]);
    await writeUnsynced(place, first, [put(2)]);
    const [second] = await opened(place);
    for (let index = 3; index <= 5; index++) await second.write([put(index)]);
    place.disk.kill();
    const [, [path, bytes] = ['', new Uint8Array()]] = place
      .files('.segment')
      .filter(([each]) => place.used(each) > 100);
    for (let at = 40; at < bytes.length && at < 2000; at += 67) {
      place.disk.flipBit({ path, at }, 3);
      await expect(place.storage().open(owner)).rejects.toMatchObject({ code: 'CORRUPT' });
      place.disk.flipBit({ path, at }, 3);
    }
    expect(await indexes(place)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a manifest whose folder could not be synced', () => {
  it('does not take with it what is acknowledged in a segment that it names (found by random histories)', async () => {
    // It is seen, and names a segment that is ready; a power loss brings back the one before it.
    for (const loss of losses) {
      const place = new SimulatedPlace(5);
      const [first] = await opened(place);
      await first.write([put(1)]);
      place.disk.fail({ operation: 'syncFolder', path: directory });
      let acknowledged = 1;
      await expect(
        (async () => {
          for (;;) {
            await first.write([put(acknowledged + 1)]);
            acknowledged++;
          }
        })(),
      ).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      place.disk.kill();
      const [second, { records }] = await opened(place);
      const last = records?.last ?? 0;
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      await second.write([put(last + 1)]);
      place.disk.crash(loss);
      expect(await indexes(place)).toEqual(Array.from({ length: last + 1 }, (_, at) => at + 1));
    }
  });

  it('keeps the files that it does not name any more until it is durable (found by random histories)', async () => {
    let trimmed = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const place = new SimulatedPlace(seed, { maxSpareSegments: 0 });
      const [first] = await opened(place);
      for (let index = 1; index <= 12; index++) await first.write([put(index)]);
      place.disk.fail({ operation: 'syncFolder', path: directory });
      await first.write([{ type: 'dropBefore', index: 12 }]).catch(() => undefined);
      for (let turn = 0; turn < 300; turn++) await Promise.resolve();
      const report = first.counters.segments;
      place.disk.kill();
      place.disk.crashAt(1 + (seed % 12), losses[seed % 4] ?? 'unsynced');
      await opened(place).catch(() => undefined);
      if (place.disk.crashed && report < 4) trimmed++;
      expect((await indexes(place)).at(-1)).toBe(12);
    }
    expect(trimmed).toBeGreaterThan(10);
  });
});

describe('a mark without `resumed`', () => {
  it('opens, and is judged as strictly as before', async () => {
    const place = new SimulatedPlace(8);
    const [first] = await opened(place);
    for (let index = 1; index <= 6; index++) await first.write([put(index)]);
    place.disk.kill();
    const { checksum: _checksum, resumed, ...fields } = markOf(place);
    expect(resumed).toBe(1);
    const kind = { ...folderKind, format: Number(fields['format']) };
    await writeMark(place.disk.files(), directory, kind, owner, fields);
    place.disk.kill();
    expect('resumed' in markOf(place)).toBe(false);
    const [path = ''] = place.files('.segment').map(([each]) => each);
    place.disk.flipBit({ path, at: 900 }, 1);
    await expect(place.storage().open(owner)).rejects.toMatchObject({ code: 'CORRUPT' });
    place.disk.flipBit({ path, at: 900 }, 1);
    const report = await inspectFolder(directory, { files: place.disk.files() });
    expect(report.resumed).toBe(0);
    const [second] = await opened(place);
    await second.write([put(7)]);
    await second.close();
    expect(Number(markOf(place)['resumed'])).toBeGreaterThan(1);
    expect(await indexes(place)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('what a write that was cut short left in a segment', () => {
  it('keeps the segment from being used as an empty one, also when its first sectors are lost', async () => {
    const place = new SimulatedPlace(6, { segmentBytes: 8192 });
    const [first] = await opened(place);
    await first.write([put(1), put(2), put(3)]);
    place.disk.kill();
    const image = place.disk.image();
    const [[path] = ['']] = place.files('.segment');
    const written = image.read(path) ?? new Uint8Array();
    const file = await place.disk.files().open(path, 'write');
    await file.write([new Uint8Array(512 - 32)], 32);
    await file.sync();
    await file.close();
    place.disk.kill();
    const [second, { records }] = await opened(place);
    expect(records).toBeUndefined();
    await second.write([put(7)]);
    await second.close();
    const [again, recovered] = await opened(place);
    expect(recovered.records).toEqual({ first: 7, last: 7 });
    await again.close();
    // Nothing of what was left there is in the segment that is in use now.
    const used = place.files('.segment').filter(([each]) => place.used(each) > 100);
    expect(used.map(([each]) => each)).not.toContain(path);
    expect(written.length).toBe(8192);
  });
});

describe('a snapshot', () => {
  it('is not published when its name went with the failed sync of its folder for another one (found by random histories)', async () => {
    const place = new SimulatedPlace(7);
    const [storage] = await opened(place);
    await storage.write([put(1)]);
    const one = await storage.snapshots.stage();
    const other = await storage.snapshots.stage();
    await one.write(sized(1, 100));
    await other.write(sized(2, 100));
    place.disk.fail({ operation: 'syncFolder', path: '/snapshots' });
    await expect(one.finish()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(other.finish()).rejects.toThrow(/restart/);
    // The log is not concerned.
    await storage.write([put(2)]);
    place.disk.crash('unsynced');
    expect(await indexes(place)).toEqual([1, 2]);
    const [again] = await opened(place);
    const writer = await again.snapshots.stage();
    await writer.write(sized(3, 100));
    await writer.finish();
    await again.write([{ type: 'snapshot', id: writer.id, index: 1, context: utf8('context') }]);
    place.disk.crash('unsynced');
    const [last, { snapshot }] = await opened(place);
    expect(snapshot?.id).toBe(writer.id);
    await last.close();
  });
});
