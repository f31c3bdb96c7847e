/**
 * Failed writes and damaged data: nothing is acknowledged after a failure, nothing is cut or
 * guessed after damage.
 */
import type { Storage } from '@quorate/core';
import { check, equal, isEqual, rejects } from '../check.ts';
import type { StorageTests } from './harness.ts';
import { Expectation } from './model.ts';
import {
  dropAfter,
  dropBefore,
  indexes,
  publish,
  put,
  puts,
  range,
  readSnapshot,
  sample,
  stage,
  state,
} from './samples.ts';
import { carryOn, takeUp } from './transfers.ts';

export function failureTests({ test }: StorageTests): void {
  test(
    'S5: after a failed write or sync the storage acknowledges nothing, and retries nothing',
    async (place) => {
      const { storage } = await place.open();
      const id = await stage(storage, sample(1));
      await storage.write([...puts(1, 3), publish(id, 1)]);
      const reader = await storage.snapshots.read(id);
      await place.feature('failNextWrite').call(place.harness);
      await Promise.all(
        range(4, 8).map((index) =>
          rejects(storage.write([put(index)]), 'STORAGE_FAILED', `write ${String(index)}`),
        ),
      );
      const failing: Record<string, (storage: Storage) => Promise<unknown>> = {
        write: () => storage.write([put(9)]),
        'a write of nothing': () => storage.write([]),
        read: () => storage.read(1, 3, 1000),
        stage: () => storage.snapshots.stage(),
        'opening a snapshot': () => storage.snapshots.read(id),
        'reading a snapshot': () => reader.read(0, 10),
      };
      for (const [what, call] of Object.entries(failing)) {
        await rejects(call(storage), 'STORAGE_FAILED', `${what} after the failure`);
      }
      await storage.close();
      await rejects(storage.write([put(9)]), 'CLOSED', 'a write after close');
      const { storage: again } = await place.open();
      const found = await indexes(again);
      check(
        isEqual(found.slice(0, 3), [1, 2, 3]) && isEqual(found, range(1, found.length)),
        `acknowledged records are there, and no gap: ${found.join(' ')}`,
      );
      check(!found.includes(9), 'nothing of what came after the failure');
      await again.write([put(found.length + 1)]);
    },
    ['failNextWrite'],
  );

  test(
    'once the fault is gone, everything is there that was acknowledged before it',
    async (place) => {
      const expectation = new Expectation();
      let opened = await place.open();
      let staged = 0;
      for (const round of range(1, 8)) {
        const { storage } = opened;
        const from = round * 10;
        await expectation.write(storage, [...puts(from, from + 5), state(round)]);
        await expectation.write(storage, [put(from + 2, sample(round)), dropAfter(from + 4)]);
        const content = sample(round, round * 1000);
        const id = await stage(storage, content);
        expectation.staged(id, content);
        const writer = await takeUp(storage, 'moving', staged);
        staged = writer.bytes + 100_000;
        await carryOn(writer, 'moving', staged);
        if (round % 2 === 0) await expectation.write(storage, [publish(id, round)]);
        await place.feature('failNextWrite').call(place.harness);
        const writes = [
          expectation.write(storage, [put(from + 5, sample(99)), dropBefore(from - 5)]),
          expectation.write(storage, [state(99), ...(round % 2 === 0 ? [] : [publish(id, round)])]),
          expectation.write(storage, [dropAfter(from)]),
        ];
        await Promise.all(writes.map((write) => rejects(write, 'STORAGE_FAILED', 'a write')));
        opened = await place.reopen();
        await expectation.match(opened, `after failure ${String(round)}`);
      }
    },
    ['failNextWrite'],
  );

  for (const [where, damaged] of Object.entries({ first: 1, middle: 3, last: 5 })) {
    test(
      `S4: damage of the ${where} record is reported, and never taken for its absence`,
      async (place) => {
        const { storage } = await place.open();
        await storage.write([...puts(1, 5), state(damaged)]);
        await storage.close();
        await place.feature('damageRecord').call(place.harness, damaged);
        await rejects(
          (async () => {
            const { storage: again, recovered } = await place.open();
            equal(recovered.records, { first: 1, last: 5 }, 'lowest and highest index');
            await again.read(1, 5, 10_000);
          })(),
          'CORRUPT',
          `record ${String(damaged)}`,
        );
      },
      ['damageRecord'],
    );
  }

  test(
    'a damaged snapshot is reported',
    async (place) => {
      const { storage } = await place.open();
      const id = await stage(storage, sample(1, 200_000));
      await storage.write([publish(id, 1)]);
      await storage.close();
      await place.feature('damageSnapshot').call(place.harness);
      await rejects(
        (async () => {
          const { storage: again } = await place.open();
          await readSnapshot(again, id);
        })(),
        'CORRUPT',
        'the snapshot',
      );
    },
    ['damageSnapshot'],
  );
}
