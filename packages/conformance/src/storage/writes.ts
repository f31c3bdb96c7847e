/**
 * Writes: atomic, in the order of the calls, and many of them to one sync.
 */
import type { StorageOp } from '@quorate/core';
import { check, equal } from '../check.ts';
import type { StorageTests } from './harness.ts';
import { dropAfter, dropBefore, indexes, put, range, readAll, sample, state } from './samples.ts';

export function writeTests({ test }: StorageTests): void {
  test('the steps of a write take effect in order', async (place) => {
    const { storage } = await place.open();
    await storage.write([put(1), put(2), put(3), dropAfter(1), put(2, sample(22))]);
    equal(await indexes(storage), [1, 2], 'indexes');
    await storage.write([put(3), put(4), dropBefore(4), put(2), state(1), state(2)]);
    equal(await indexes(storage), [2, 4], 'indexes after more');
    await storage.write([put(9), dropAfter(0), dropBefore(99), put(50)]);
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.state, sample(2), 'state');
    equal(await indexes(again), [50], 'indexes after opening again');
  });

  test('a write of nothing is done when everything before it is durable', async (place) => {
    const { storage } = await place.open();
    let before = false;
    const first = storage.write([put(1)]).then(() => {
      before = true;
    });
    await storage.write([]);
    check(before, 'the write before is done first');
    await first;
    equal(await indexes(storage), [1], 'indexes');
  });

  test('the state is replaced as a whole, and may be empty', async (place) => {
    let { storage, recovered } = await place.open();
    await storage.write([{ type: 'state', bytes: sample(1, 5000) }]);
    await storage.write([{ type: 'state', bytes: sample(2, 3) }]);
    ({ storage, recovered } = await place.reopen());
    equal(recovered.state, sample(2, 3), 'state');
    await storage.write([{ type: 'state', bytes: new Uint8Array() }]);
    ({ recovered } = await place.reopen());
    equal(recovered.state, new Uint8Array(), 'state');
    equal(recovered.records, undefined, 'records');
  });

  test('S10: writes settle and take effect in the order of the calls, whatever their size', async (place) => {
    const { storage } = await place.open();
    const settled: number[] = [];
    const writes = range(1, 300).map((round) => {
      const size = round % 50 === 0 ? 200_000 : (round * 37) % 300;
      const ops: readonly StorageOp[] = [
        put(round, sample(round, size)),
        put(1 + (round % 10), sample(round)),
        state(round),
      ];
      return storage.write(ops).then(() => settled.push(round));
    });
    await Promise.all(writes);
    equal(settled, range(1, 300), 'order in which writes settled');
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.state, sample(300), 'state');
    const records = await readAll(again);
    equal(records.length, 300, 'number of records');
    // 300 % 10 is 0: the last ten calls wrote 291 … 300 over the indexes 2 … 10 and 1.
    equal(
      records.slice(0, 10).map(({ record }) => record),
      [300, ...range(291, 299)].map((round) => sample(round)),
      'records that were written over',
    );
  });

  test('a read sees the writes that were called before it', async (place) => {
    const { storage } = await place.open();
    await storage.write(range(1, 9).map((index) => put(index)));
    const cut = storage.write([dropAfter(4), put(5, sample(55))]);
    const reading = storage.read(4, 9, 10_000);
    const more = storage.write([put(6, sample(66))]);
    const seen = await reading;
    equal(seen[1], { index: 5, record: sample(55) }, 'the record that was put');
    check(
      seen.every(({ index }) => index <= 6),
      'no record that was dropped; the later write may be seen or not',
    );
    await Promise.all([cut, more]);
    const trim = storage.write([dropBefore(4)]);
    equal((await storage.read(1, 9, 10_000))[0]?.index, 4, 'first index after a trim');
    await trim;
  });

  test(
    'writes that wait together share a sync',
    async (place) => {
      const { storage } = await place.open();
      const syncs = (): number => place.feature('syncs').call(place.harness);
      const before = syncs();
      await Promise.all(range(1, 500).map((index) => storage.write([put(index)])));
      const took = syncs() - before;
      check(took >= 1 && took <= 50, `500 writes at once took ${String(took)} syncs, not 1 to 50`);
      const alone = syncs();
      for (const index of range(501, 510)) await storage.write([put(index)]);
      check(syncs() - alone >= 10, 'a write that is awaited has a sync of its own');
      equal(await indexes(storage), range(1, 510), 'indexes');
    },
    ['syncs'],
  );
}
