/**
 * Snapshots that are staged under a name: taken up again after whatever came between, as far as they
 * are intact, and never as something that they are not.
 */
import { maxStageNameLength, type SnapshotWriter, type Storage } from '@quorate/core';
import { check, equal, rejects } from '../check.ts';
import type { StorageTests } from './harness.ts';
import { publish, range, readSnapshot, sample, stage } from './samples.ts';
import { carryOn, contentOf, severalBlocks, takeUp, transferBytes } from './transfers.ts';

const name = 'from-n2-17';
const other = 'from-n3-18';

export function stagingTests({ test }: StorageTests): void {
  const closings: Readonly<Record<string, (writer: SnapshotWriter) => Promise<void>>> = {
    'its writer and the storage were closed': (writer) => writer.close(),
    'the storage was closed under its writer': async () => undefined,
  };
  for (const [after, closing] of Object.entries(closings)) {
    test(`what was staged under a name is taken up again after ${after}`, async (place) => {
      const { storage } = await place.open();
      const first = await takeUp(storage, name, 0);
      await carryOn(first, name, severalBlocks);
      equal(first.bytes, severalBlocks, 'bytes written');
      await closing(first);
      const { storage: again } = await place.reopen();
      equal(again.snapshots.list(), [], 'snapshots while one is staged');
      const second = await takeUp(again, name, severalBlocks);
      check(
        second.bytes >= severalBlocks / 2,
        `most of ${String(severalBlocks)} bytes are taken up, not ${String(second.bytes)}`,
      );
      await publishRest(again, second, transferBytes);
      const { storage: third } = await place.reopen();
      await expectPublished(third, second.id, transferBytes);
    });
  }

  test(
    'what was staged under a name is taken up again after a power loss, and all of it arrives',
    async (place) => {
      let { storage } = await place.open();
      let reached = 0;
      for (let round = 0; round < 12; round++) {
        const writer = await takeUp(storage, name, reached);
        reached = Math.min(writer.bytes + 100_000 + round * 1000, transferBytes);
        await carryOn(writer, name, reached, 30_000);
        if (round % 3 === 0) await writer.close();
        ({ storage } = await place.crash());
      }
      const last = await takeUp(storage, name, reached);
      await publishRest(storage, last, transferBytes);
      ({ storage } = await place.crash());
      await expectPublished(storage, last.id, transferBytes);
    },
    ['crash'],
  );

  test('a closed writer takes no more, and another one takes its content up', async (place) => {
    const { storage } = await place.open();
    const first = await takeUp(storage, name, 0);
    await carryOn(first, name, severalBlocks);
    await first.close();
    await first.close();
    await rejects(first.write(sample(1)), 'CLOSED', 'write');
    await rejects(first.finish(), 'CLOSED', 'finish');
    const second = await takeUp(storage, name, severalBlocks);
    check(second.bytes >= severalBlocks / 2, `most is taken up, not ${String(second.bytes)}`);
    await publishRest(storage, second, severalBlocks + 5);
    await expectPublished(storage, second.id, severalBlocks + 5);
  });

  test('staging a name again closes the writer before, which cannot do harm any more', async (place) => {
    const { storage } = await place.open();
    const first = await takeUp(storage, name, 0);
    await carryOn(first, name, severalBlocks);
    const second = await takeUp(storage, name, severalBlocks);
    await rejects(first.write(sample(1)), 'CLOSED', 'the writer before');
    await carryOn(second, name, severalBlocks);
    await first.abort();
    await first.close();
    await publishRest(storage, second, severalBlocks + 100);
    await first.abort();
    await expectPublished(storage, second.id, severalBlocks + 100);
  });

  test('several stagings of a name at once leave one writer, which has it all', async (place) => {
    const { storage } = await place.open();
    const first = await takeUp(storage, name, 0);
    await carryOn(first, name, severalBlocks);
    await first.close();
    const writers = await Promise.all(range(1, 3).map(() => storage.snapshots.stage(name)));
    const last = writers.pop();
    check(last !== undefined, 'three writers');
    for (const writer of writers) {
      await rejects(writer.write(sample(1)), 'CLOSED', 'an earlier writer');
    }
    await publishRest(storage, last, severalBlocks + 1);
    await expectPublished(storage, last.id, severalBlocks + 1);
  });

  test('one name is remembered: another one forgets it', async (place) => {
    let { storage } = await place.open();
    const first = await takeUp(storage, name, 0);
    await carryOn(first, name, severalBlocks);
    const second = await takeUp(storage, other, 0);
    await rejects(first.write(sample(1)), 'CLOSED', 'the writer of the name before');
    await carryOn(second, other, severalBlocks);
    await first.close();
    await second.close();
    ({ storage } = await place.reopen());
    const third = await takeUp(storage, other, severalBlocks);
    check(third.bytes >= severalBlocks / 2, `most is taken up, not ${String(third.bytes)}`);
    await carryOn(third, other, severalBlocks + 10);
    await third.close();
    const fourth = await takeUp(storage, name, 0);
    await carryOn(fourth, name, severalBlocks);
    await fourth.close();
    await (await takeUp(storage, other, 0)).close();
    await (await takeUp(storage, name, 0)).close();
    ({ storage } = await place.reopen());
    await takeUp(storage, other, 0);
  });

  test('staging without a name and publishing leave it alone', async (place) => {
    let { storage } = await place.open();
    const writer = await takeUp(storage, name, 0);
    await carryOn(writer, name, severalBlocks);
    const nameless = await storage.snapshots.stage();
    await nameless.write(sample(1, 1000));
    const published = await stage(storage, sample(2, 1000));
    await storage.write([publish(published, 3)]);
    await carryOn(writer, name, severalBlocks + 10);
    await nameless.abort();
    await writer.close();
    ({ storage } = await place.reopen());
    const again = await takeUp(storage, name, severalBlocks + 10);
    check(again.bytes >= severalBlocks / 2, `most is taken up, not ${String(again.bytes)}`);
    equal(await readSnapshot(storage, published), sample(2, 1000), 'the published one');
  });

  const endings: Readonly<
    Record<string, (storage: Storage, writer: SnapshotWriter) => Promise<void>>
  > = {
    published: async (storage, writer) => {
      await writer.finish();
      await storage.write([publish(writer.id, 1)]);
    },
    aborted: (_storage, writer) => writer.abort(),
    'closed and then aborted': async (_storage, writer) => {
      await writer.close();
      await writer.abort();
    },
    'finished and then closed': async (_storage, writer) => {
      await writer.finish();
      await writer.close();
    },
  };
  for (const [what, ending] of Object.entries(endings)) {
    test(`what was ${what} is not taken up again`, async (place) => {
      let { storage } = await place.open();
      const first = await takeUp(storage, name, 0);
      await carryOn(first, name, severalBlocks);
      await ending(storage, first);
      const second = await takeUp(storage, name, 0);
      await carryOn(second, name, severalBlocks);
      await ending(storage, second);
      ({ storage } = await place.reopen());
      await takeUp(storage, name, 0);
    });
  }

  test('what was finished and not published is gone after an open', async (place) => {
    let { storage } = await place.open();
    const writer = await takeUp(storage, name, 0);
    await carryOn(writer, name, severalBlocks);
    await writer.finish();
    ({ storage } = await place.reopen());
    await rejects(storage.write([publish(writer.id, 1)]), 'INVALID_ARGUMENT', 'publishing it');
    await takeUp(storage, name, 0);
  });

  test('close forgets what has no name, and does nothing once it is published', async (place) => {
    const { storage } = await place.open();
    const nameless = await storage.snapshots.stage();
    await nameless.write(sample(1));
    await nameless.close();
    await rejects(nameless.write(sample(1)), 'CLOSED', 'writing to a closed one');
    const finished = await storage.snapshots.stage();
    await finished.write(sample(2));
    await finished.finish();
    await finished.close();
    await rejects(storage.write([publish(finished.id, 1)]), 'INVALID_ARGUMENT', 'publishing it');
    for (const writer of [await storage.snapshots.stage(), await takeUp(storage, name, 0)]) {
      await writer.write(sample(3));
      await writer.finish();
      await storage.write([publish(writer.id, 1)]);
      await writer.close();
      await writer.abort();
      equal(await readSnapshot(storage, writer.id), sample(3), 'content after close');
    }
  });

  test('a name that is none is refused, and what is staged stays', async (place) => {
    let { storage } = await place.open();
    const longest = 'a'.repeat(maxStageNameLength);
    const writer = await takeUp(storage, longest, 0);
    await carryOn(writer, longest, severalBlocks);
    for (const wrong of ['', `${longest}a`, '../x', 'a/b', 'a b', 'a.b', 'a\0', 'ä', 'a\n']) {
      await rejects(storage.snapshots.stage(wrong), 'INVALID_ARGUMENT', JSON.stringify(wrong));
    }
    await carryOn(writer, longest, severalBlocks + 10);
    ({ storage } = await place.reopen());
    const again = await takeUp(storage, longest, severalBlocks + 10);
    check(again.bytes >= severalBlocks / 2, `most is taken up, not ${String(again.bytes)}`);
  });

  test(
    'what is staged under a name takes up space until it is forgotten, and nothing else does',
    async (place) => {
      let { storage } = await place.open();
      await carryOn(await takeUp(storage, other, 0), other, severalBlocks);
      await carryOn(await takeUp(storage, name, 0), name, severalBlocks);
      ({ storage } = await place.reopen());
      equal(await place.storedSnapshots(), 1, 'snapshots stored while one is staged');
      const writer = await takeUp(storage, name, severalBlocks);
      await writer.abort();
      ({ storage } = await place.reopen());
      equal(await place.storedSnapshots(), 0, 'snapshots stored when it was aborted');
      const published = await takeUp(storage, name, 0);
      await publishRest(storage, published, severalBlocks);
      equal(await place.storedSnapshots(), 1, 'snapshots stored when one is published');
      await place.reopen();
      equal(await place.storedSnapshots(), 1, 'snapshots stored after an open');
    },
    ['storedSnapshots'],
  );
}

/** Writes the rest, publishes, and looks at what is there then. */
async function publishRest(storage: Storage, writer: SnapshotWriter, upTo: number): Promise<void> {
  await carryOn(writer, name, upTo);
  await writer.finish();
  await storage.write([publish(writer.id, 5)]);
  await expectPublished(storage, writer.id, upTo);
}

async function expectPublished(storage: Storage, id: string, bytes: number): Promise<void> {
  const info = storage.snapshots.current();
  equal(info?.id, id, 'the current snapshot');
  equal(info?.bytes, bytes, 'its size');
  const content = await readSnapshot(storage, id, 100_000);
  equal(content, contentOf(name).subarray(0, bytes), 'its content');
}
