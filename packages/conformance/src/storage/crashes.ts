/**
 * Power loss: what was acknowledged is there, and what was not is there as a whole or not at all.
 */
import { check, equal, isEqual } from '../check.ts';
import type { StorageTests } from './harness.ts';
import {
  dropAfter,
  dropBefore,
  indexes,
  publish,
  put,
  puts,
  range,
  readAll,
  readSnapshot,
  sample,
  stage,
  state,
} from './samples.ts';

export function crashTests({ test }: StorageTests): void {
  test(
    'every write that was acknowledged survives',
    async (place) => {
      let { storage, recovered } = await place.open();
      for (const index of range(1, 20)) {
        await storage.write([put(index), state(index)]);
        ({ storage, recovered } = await place.crash());
        equal(recovered.state, sample(index), 'state');
        equal(recovered.records, { first: 1, last: index }, 'records');
        equal(recovered.lastRecord, sample(index), 'the last record');
      }
      equal(await indexes(storage), range(1, 20), 'indexes');
    },
    ['crash'],
  );

  test(
    'of writes that were not acknowledged a prefix survives, each as a whole',
    async (place) => {
      let { storage, recovered } = await place.open();
      let last = 0;
      for (let round = 0; round < 30; round++) {
        const acknowledged = { last };
        const writes = range(1, 6).map(async (at) => {
          const end = acknowledged.last + at * 3;
          await storage.write([...puts(end - 2, end), state(end)]);
          last = end;
        });
        if (round % 2 === 0) await writes[round % 6];
        const least = last;
        const settled = Promise.allSettled(writes);
        const crashed = place.crash();
        ({ storage, recovered } = await crashed);
        // A harness may leave the promises of a lost storage open: do not wait for them.
        void settled;
        const found = recovered.records?.last ?? 0;
        check(
          found >= least,
          `record ${String(least)} was acknowledged, the last is ${String(found)}`,
        );
        check(found % 3 === 0, `writes of three records are whole, the last is ${String(found)}`);
        equal(recovered.state, found === 0 ? undefined : sample(found), 'state of the same write');
        last = found;
      }
      equal(await indexes(storage), range(1, last), 'indexes');
    },
    ['crash'],
  );

  test(
    'what was dropped stays dropped, with power losses between all steps',
    async (place) => {
      let { storage } = await place.open();
      await storage.write(puts(1, 50));
      await storage.write([dropAfter(20)]);
      ({ storage } = await place.crash());
      equal(await indexes(storage), range(1, 20), 'indexes after the drop');
      await storage.write([put(21, sample(210)), put(30, sample(300))]);
      ({ storage } = await place.crash());
      equal(await indexes(storage), [...range(1, 21), 30], 'indexes after puts above the cut');
      await storage.write([put(60)]);
      ({ storage } = await place.crash());
      equal(await indexes(storage), [...range(1, 21), 30, 60], 'indexes after a put beyond all');
      await storage.write([dropBefore(25)]);
      ({ storage } = await place.crash());
      await storage.write([put(10)]);
      ({ storage } = await place.crash());
      const records = await readAll(storage);
      equal(
        records,
        [
          { index: 10, record: sample(10) },
          { index: 30, record: sample(300) },
          { index: 60, record: sample(60) },
        ],
        'records in the end',
      );
    },
    ['crash'],
  );

  test(
    'P15: a snapshot and its trim happen together or not at all',
    async (place) => {
      let { storage, recovered } = await place.open();
      await storage.write(puts(1, 100));
      for (const index of range(1, 25)) {
        const before = recovered.snapshot?.index ?? 0;
        const id = await stage(storage, sample(index, 1000 * index));
        const publishing = storage.write([publish(id, index), dropBefore(index + 1), state(index)]);
        if (index % 3 === 0) await publishing;
        else publishing.catch(() => undefined);
        ({ storage, recovered } = await place.crash());
        const now = recovered.snapshot?.index ?? 0;
        check(now === index || (now === before && index % 3 !== 0), `snapshot ${String(now)}`);
        equal(recovered.records?.first, now + 1, 'the first record behind the snapshot');
        equal(recovered.state, now === 0 ? undefined : sample(now), 'the state of the same write');
        if (recovered.snapshot === undefined) continue;
        const content = await readSnapshot(storage, recovered.snapshot.id);
        check(isEqual(content, sample(now, 1000 * now)), `content of snapshot ${String(now)}`);
      }
    },
    ['crash'],
  );

  test(
    'S12: snapshots that were not published are gone',
    async (place) => {
      const { storage } = await place.open();
      const published = await stage(storage, sample(1, 100_000));
      await storage.write([publish(published, 3)]);
      await stage(storage, sample(2));
      const writer = await storage.snapshots.stage();
      await writer.write(sample(3, 100_000));
      const { storage: again, recovered } = await place.crash();
      equal(recovered.snapshot?.id, published, 'the current one');
      equal(await readSnapshot(again, published), sample(1, 100_000), 'its content');
      equal(await place.feature('storedSnapshots').call(place.harness), 1, 'snapshots stored');
    },
    ['crash', 'storedSnapshots'],
  );
}
