/**
 * Records: sparse puts, puts over what is there, drops from both sides, and reading them back.
 */
import { maxU48 } from '@quorate/core';
import { check, equal, rejects } from '../check.ts';
import type { StorageTests } from './harness.ts';
import { dropAfter, dropBefore, indexes, put, puts, range, readAll, sample } from './samples.ts';

export function recordTests(tests: StorageTests): void {
  const { test } = tests;

  test('read gives what is there, ascending, both ends included', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 10));
    const records = await storage.read(3, 6, 10_000);
    equal(
      records,
      range(3, 6).map((index) => ({ index, record: sample(index) })),
      'records 3 to 6',
    );
    equal((await storage.read(9, 99, 10_000)).length, 2, 'records beyond the end');
    equal((await storage.read(0, 2, 10_000)).length, 2, 'records from before the beginning');
    equal(await storage.read(11, 99, 10_000), [], 'records after the end');
    equal(await storage.read(5, 4, 10_000), [], 'records of an empty range');
  });

  test('read stops before maxBytes is passed, but gives at least one', async (place) => {
    const { storage } = await place.open();
    await storage.write(range(1, 9).map((index) => put(index, sample(index, 100))));
    const count = async (maxBytes: number): Promise<number> =>
      (await storage.read(2, 9, maxBytes)).length;
    equal(await count(0), 1, 'records for 0 bytes');
    equal(await count(1), 1, 'records for 1 byte');
    equal(await count(199), 1, 'records for 199 bytes');
    equal(await count(200), 2, 'records for 200 bytes');
    equal(await count(350), 3, 'records for 350 bytes');
    equal(await count(10_000), 8, 'records for 10 000 bytes');
  });

  test('records may be sparse, and come in any order', async (place) => {
    const { storage } = await place.open();
    await storage.write([put(1_000_000), put(5)]);
    await storage.write([put(70)]);
    await storage.write([put(maxU48), put(6)]);
    equal(await indexes(storage), [5, 6, 70, 1_000_000, maxU48], 'indexes');
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.records, { first: 5, last: maxU48 }, 'lowest and highest index');
    equal(recovered.lastRecord, sample(maxU48), 'the last record');
    equal(await indexes(again), [5, 6, 70, 1_000_000, maxU48], 'indexes after opening again');
  });

  test('a put takes the place of the record at its index', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 3));
    await storage.write([put(2, sample(22)), put(2, sample(222, 300))]);
    const expected = [sample(1), sample(222, 300), sample(3)];
    equal(
      (await readAll(storage)).map(({ record }) => record),
      expected,
      'records',
    );
    const { storage: again } = await place.reopen();
    equal(
      (await readAll(again)).map(({ record }) => record),
      expected,
      'records, opened again',
    );
  });

  test('a record may be empty', async (place) => {
    const { storage } = await place.open();
    await storage.write([put(1, new Uint8Array())]);
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.lastRecord, new Uint8Array(), 'the last record');
    equal(await readAll(again), [{ index: 1, record: new Uint8Array() }], 'records');
  });

  test('a record may be large', async (place) => {
    const { storage } = await place.open();
    const sizes = [1, 65_535, 65_536, 1_000_001];
    await storage.write(sizes.map((size, at) => put(at + 1, sample(size, size))));
    const { storage: again } = await place.reopen();
    const records = await again.read(1, 9, 2 ** 30);
    equal(
      records.map(({ record }) => record),
      sizes.map((size) => sample(size, size)),
      'records',
    );
  });

  test(
    'S2: a record that is larger than the limit is refused, and nothing of its write is done',
    async (place) => {
      const limit = place.feature('maxRecordBytes');
      const { storage } = await place.open();
      await rejects(
        storage.write([put(1), put(2, new Uint8Array(limit + 1))]),
        'TOO_LARGE',
        'a record over the limit',
      );
      await storage.write([put(3, sample(3, limit))]);
      const { storage: again, recovered } = await place.reopen();
      equal(recovered.records, { first: 3, last: 3 }, 'records');
      check(
        (await again.read(3, 3, 1))[0]?.record.length === limit,
        'a record at the limit is read',
      );
    },
    ['maxRecordBytes'],
  );

  test('an index that cannot be one is refused, and nothing of its write is done', async (place) => {
    const { storage } = await place.open();
    for (const index of [0, -1, 1.5, Number.NaN, 2 ** 48, Infinity]) {
      await rejects(
        storage.write([put(1), put(index)]),
        'INVALID_ARGUMENT',
        `put ${String(index)}`,
      );
    }
    await rejects(storage.write([put(1), dropAfter(-1)]), 'INVALID_ARGUMENT', 'dropAfter -1');
    await rejects(storage.write([put(1), dropBefore(0.5)]), 'INVALID_ARGUMENT', 'dropBefore 0.5');
    equal(await indexes(storage), [], 'indexes');
    await storage.write([put(1)]);
    equal(await indexes(storage), [1], 'indexes after a proper write');
  });

  test('dropAfter removes what is above, dropBefore what is below', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 10));
    await storage.write([dropAfter(7)]);
    equal(await indexes(storage), range(1, 7), 'indexes after dropAfter 7');
    await storage.write([dropBefore(3)]);
    equal(await indexes(storage), range(3, 7), 'indexes after dropBefore 3');
    await storage.write([dropAfter(9), dropBefore(2)]);
    equal(await indexes(storage), range(3, 7), 'indexes after drops of nothing');
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.records, { first: 3, last: 7 }, 'lowest and highest index');
    equal(recovered.lastRecord, sample(7), 'the last record');
    equal(await indexes(again), range(3, 7), 'indexes after opening again');
  });

  test('the lowest and highest index are those of records, also after drops into a gap', async (place) => {
    const { storage } = await place.open();
    await storage.write([put(10), put(20), put(30), put(40)]);
    await storage.write([dropBefore(15), dropAfter(35)]);
    const { recovered } = await place.reopen();
    equal(recovered.records, { first: 20, last: 30 }, 'lowest and highest index');
    equal(recovered.lastRecord, sample(30), 'the last record');
  });

  test('everything can be dropped, from either side, and the log begins anew anywhere', async (place) => {
    for (const drop of [dropAfter(0), dropBefore(1000), dropBefore(11), dropAfter(3)]) {
      for (const next of [2, 5, 500]) {
        let { storage, recovered } = await place.reopen();
        await storage.write([dropAfter(0), ...puts(4, 10)]);
        await storage.write([drop]);
        ({ storage, recovered } = await place.reopen());
        equal(recovered.records, undefined, 'records after dropping all');
        equal(recovered.lastRecord, undefined, 'the last record');
        await storage.write([put(next, sample(77))]);
        equal(await indexes(storage), [next], 'indexes of the new log');
        ({ storage, recovered } = await place.reopen());
        equal(recovered.records, { first: next, last: next }, 'the new log, opened again');
        equal(recovered.lastRecord, sample(77), 'its record');
      }
    }
  });

  test('what was dropped never comes back, whatever is put above or below it later', async (place) => {
    for (const opening of [false, true]) {
      let { storage } = await place.reopen();
      const again = async (): Promise<void> => {
        if (opening) ({ storage } = await place.reopen());
      };
      await storage.write([dropAfter(0), ...puts(10, 30)]);
      await storage.write([dropAfter(15)]);
      await again();
      await storage.write([put(16, sample(160))]);
      await again();
      equal(await indexes(storage), range(10, 16), 'indexes after a put just above the cut');
      await storage.write([put(20, sample(200))]);
      await again();
      equal(await indexes(storage), [...range(10, 16), 20], 'indexes after a put further above');
      await storage.write([put(40), put(35)]);
      await again();
      equal(await indexes(storage), [...range(10, 16), 20, 35, 40], 'indexes after more of them');
      await storage.write([dropBefore(14)]);
      await again();
      await storage.write([put(11, sample(110))]);
      await again();
      equal(await indexes(storage), [11, 14, 15, 16, 20, 35, 40], 'indexes after a put below');
      equal((await storage.read(11, 11, 1))[0]?.record, sample(110), 'the record below');
      equal((await storage.read(20, 20, 1))[0]?.record, sample(200), 'the record above');
    }
  });

  test('a log is cut and written again a thousand times', async (place) => {
    let { storage } = await place.open();
    for (let round = 0; round < 1000; round++) {
      const end = 20 + (round % 7);
      await storage.write([dropAfter(10 + (round % 5)), ...puts(11 + (round % 5), end)]);
      if (round % 250 === 0) ({ storage } = await place.reopen());
      if (round % 50 === 0)
        equal((await storage.read(1, 99, 1e6)).at(-1)?.index, end, 'last index');
    }
    equal(await indexes(storage), range(11, 20 + (999 % 7)), 'indexes');
  });
}
