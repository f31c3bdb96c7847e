/**
 * Snapshots that are kept besides the current one, and what is told of each.
 */
import { crc32, type Storage } from '@quorate/core';
import { equal, rejects } from '../check.ts';
import type { StorageTests } from './harness.ts';
import { publish, range, readSnapshot, sample, stage } from './samples.ts';

export function retentionTests({ test }: StorageTests): void {
  test('so many snapshots are kept as the storage is told to, the newest first', async (place) => {
    let { storage } = await place.open({ retainSnapshots: 3 });
    const ids: string[] = [];
    for (const index of range(1, 6)) {
      const id = await stage(storage, sample(index, index * 100));
      await storage.write([publish(id, index)]);
      ids.unshift(id);
      await expectListed(storage, ids.slice(0, 3), index);
      for (const gone of ids.slice(3)) {
        await rejects(storage.snapshots.read(gone), 'COMPACTED', `snapshot ${gone}`);
      }
      if (index % 2 === 0) ({ storage } = await place.reopen());
      await expectListed(storage, ids.slice(0, 3), index);
    }
  });

  test('one is kept by default, and of more no more than before', async (place) => {
    let { storage } = await place.open();
    const ids: string[] = [];
    const add = async (index: number): Promise<void> => {
      const id = await stage(storage, sample(index, index * 100));
      await storage.write([publish(id, index)]);
      ids.unshift(id);
    };
    for (const index of range(1, 2)) await add(index);
    await expectListed(storage, ids.slice(0, 1), 2);
    ({ storage } = await place.reopen({ retainSnapshots: 4 }));
    await expectListed(storage, ids.slice(0, 1), 2);
    for (const index of range(3, 5)) await add(index);
    await expectListed(storage, ids.slice(0, 4), 5);
    ({ storage } = await place.reopen({ retainSnapshots: 2 }));
    await expectListed(storage, ids.slice(0, 2), 5);
    await add(6);
    await expectListed(storage, ids.slice(0, 2), 6);
    ({ storage } = await place.reopen({ retainSnapshots: 4 }));
    await expectListed(storage, ids.slice(0, 2), 6);
  });

  test('a reader of the oldest one survives when that goes', async (place) => {
    const { storage } = await place.open({ retainSnapshots: 2 });
    const oldest = await stage(storage, sample(1, 100_000));
    await storage.write([publish(oldest, 1)]);
    const reader = await storage.snapshots.read(oldest);
    for (const index of range(2, 4)) {
      await storage.write([publish(await stage(storage, sample(index)), index)]);
    }
    await rejects(storage.snapshots.read(oldest), 'COMPACTED', 'the oldest one');
    const piece = await reader.read(70_000, 100);
    equal(piece, sample(1, 100_000).subarray(70_000, 70_000 + piece.length), 'its content');
    await reader.close();
  });

  test(
    'nothing is left of those that went',
    async (place) => {
      let { storage } = await place.open({ retainSnapshots: 3 });
      for (const index of range(1, 5)) {
        await storage.write([publish(await stage(storage, sample(index)), index)]);
      }
      ({ storage } = await place.reopen());
      equal(await place.storedSnapshots(), 3, 'snapshots stored');
      ({ storage } = await place.reopen({ retainSnapshots: 1 }));
      equal(storage.snapshots.list().length, 1, 'snapshots listed');
      await place.reopen();
      equal(await place.storedSnapshots(), 1, 'snapshots stored when one is kept');
    },
    ['storedSnapshots'],
  );

  test('the checksum of a snapshot is the CRC-32 of its content', async (place) => {
    let { storage } = await place.open();
    for (const bytes of [0, 1, 1000, 300_000]) {
      const content = sample(bytes, bytes);
      const writer = await storage.snapshots.stage();
      equal(writer.checksum, 0, 'checksum of nothing');
      for (let at = 0; at < bytes; at += 70_000) {
        await writer.write(content.subarray(at, at + 70_000));
        equal(writer.checksum, crc32(content.subarray(0, at + 70_000)), 'checksum so far');
      }
      await writer.finish();
      await storage.write([publish(writer.id, 1)]);
      for (let round = 0; round < 2; round++) {
        equal(storage.snapshots.current()?.checksum, crc32(content), 'checksum');
        const reader = await storage.snapshots.read(writer.id);
        equal(reader.info, storage.snapshots.current(), 'what the reader says of it');
        await reader.close();
        ({ storage } = await place.reopen());
      }
    }
  });
}

/** Each of them is listed, and is what was published at its index; the first at this one. */
async function expectListed(
  storage: Storage,
  ids: readonly string[],
  newest: number,
): Promise<void> {
  const expected = ids.map((id, at) => {
    const index = newest - at;
    const content = sample(index, index * 100);
    return { id, index, context: sample(index, 5), bytes: index * 100, checksum: crc32(content) };
  });
  equal(storage.snapshots.list(), expected, 'snapshots, newest first');
  equal(storage.snapshots.current(), expected[0], 'the current one');
  for (const { id, index } of expected) {
    equal(await readSnapshot(storage, id), sample(index, index * 100), `content of ${id}`);
  }
}
