/**
 * Opening and closing: whose data, one at a time, and what is refused when.
 */
import { crc32, type Storage, type StorageOwner } from '@quorate/core';
import { check, equal, rejects } from '../check.ts';
import type { StorageTests } from './harness.ts';
import { indexes, owner, publish, put, puts, sample, stage, state } from './samples.ts';

export function lifecycleTests({ test }: StorageTests): void {
  test('a new place is empty', async (place) => {
    const { storage, recovered } = await place.open();
    equal(
      recovered,
      { state: undefined, records: undefined, snapshot: undefined, lastRecord: undefined },
      'what was recovered',
    );
    equal(storage.snapshots.current(), undefined, 'the current snapshot');
    equal(storage.snapshots.list(), [], 'snapshots');
    equal(await storage.read(0, 100, 1000), [], 'records');
  });

  test('what was written is there after closing and opening again', async (place) => {
    const { storage } = await place.open();
    await storage.write([...puts(1, 3), state(7)]);
    const id = await stage(storage, sample(1, 100));
    await storage.write([publish(id, 2)]);
    for (let round = 0; round < 3; round++) {
      const { storage: again, recovered } = await place.reopen();
      const checksum = crc32(sample(1, 100));
      const snapshot = { id, index: 2, context: sample(2, 5), bytes: 100, checksum };
      equal(
        recovered,
        { state: sample(7), records: { first: 1, last: 3 }, snapshot, lastRecord: sample(3) },
        'what was recovered',
      );
      equal(again.snapshots.current(), snapshot, 'the current snapshot');
      equal(await indexes(again), [1, 2, 3], 'indexes');
    }
  });

  test('refuses the data of another cluster, node or algorithm, and leaves it alone', async (place) => {
    const { storage } = await place.open();
    await storage.write([...puts(1, 2), state(1)]);
    await storage.close();
    const strangers: readonly StorageOwner[] = [
      { ...owner, cluster: 'other' },
      { ...owner, node: 'n2' },
      { ...owner, algorithm: 'paxos' },
    ];
    for (const stranger of strangers) {
      const foreign = place.storage();
      await rejects(foreign.open(stranger), 'FOREIGN_DATA', 'opening as somebody else');
      await foreign.close();
    }
    const { recovered } = await place.open();
    equal(recovered.records, { first: 1, last: 2 }, 'records');
    equal(recovered.state, sample(1), 'state');
  });

  test('S9: a place is open once; the second storage is refused and harms nothing', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 2));
    for (let round = 0; round < 2; round++) {
      const second = place.storage();
      await rejects(second.open(owner), 'LOCKED', 'the second open');
      await second.close();
    }
    await storage.write([put(3)]);
    equal(await indexes(storage), [1, 2, 3], 'indexes of the first');
    await storage.close();
    const { storage: next } = await place.open();
    equal(await indexes(next), [1, 2, 3], 'indexes after the first was closed');
  });

  test('a storage that is not open yet refuses everything with CLOSED', async (place) => {
    await refusesEverything(place.storage());
  });

  test('a closed storage refuses everything with CLOSED', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 3));
    const id = await stage(storage, sample(1));
    await storage.write([publish(id, 1)]);
    const reader = await storage.snapshots.read(id);
    const writer = await storage.snapshots.stage();
    const named = await storage.snapshots.stage('named');
    await storage.close();
    await refusesEverything(storage);
    await rejects(storage.snapshots.read(id), 'CLOSED', 'reading a snapshot');
    await rejects(reader.read(0, 10), 'CLOSED', 'reading on');
    await rejects(writer.write(sample(1)), 'CLOSED', 'writing on');
    await rejects(named.write(sample(1)), 'CLOSED', 'writing on under a name');
    await reader.close();
    await writer.abort();
    await named.close();
    await named.abort();
    await rejects(storage.open(owner), 'CLOSED', 'opening again');
  });

  test('close is idempotent, also before an open and from several sides at once', async (place) => {
    const never = place.storage();
    await never.close();
    await never.close();
    const { storage } = await place.open();
    await Promise.all([storage.close(), storage.close()]);
    await storage.close();
    await place.open();
  });

  test('close waits for the writes under way', async (place) => {
    const { storage } = await place.open();
    const settled: number[] = [];
    const writes = [1, 2, 3].map(async (index) => {
      await storage.write([put(index)]);
      settled.push(index);
    });
    await Promise.all([storage.close(), ...writes]);
    equal(settled, [1, 2, 3], 'writes that settled, in order');
    const { storage: next } = await place.open();
    equal(await indexes(next), [1, 2, 3], 'indexes');
  });

  test('an open storage is not opened again', async (place) => {
    const { storage } = await place.open();
    await rejects(storage.open(owner), 'INVALID_ARGUMENT', 'the second open');
    await storage.write([put(1)]);
    check((await indexes(storage)).length === 1, 'it goes on working');
  });
}

async function refusesEverything(storage: Storage): Promise<void> {
  await rejects(storage.write([put(9)]), 'CLOSED', 'write');
  await rejects(storage.read(1, 9, 1000), 'CLOSED', 'read');
  await rejects(storage.snapshots.stage(), 'CLOSED', 'stage');
  await rejects(storage.snapshots.stage('named'), 'CLOSED', 'stage under a name');
}
