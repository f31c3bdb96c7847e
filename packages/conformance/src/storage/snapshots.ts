/**
 * Snapshots: invisible until they are published together with the trim, readable as long as
 * somebody reads them, and gone without a trace when nobody will.
 */
import { concatBytes, crc32 } from '@quorate/core';
import { check, equal, rejects } from '../check.ts';
import type { StorageTests } from './harness.ts';
import {
  dropBefore,
  indexes,
  publish,
  puts,
  range,
  readSnapshot,
  sample,
  stage,
  state,
} from './samples.ts';

export function snapshotTests({ test }: StorageTests): void {
  test('S12: a snapshot is invisible until it is published, and then whole', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 9));
    const writer = await storage.snapshots.stage();
    const chunks = range(1, 20).map((at) => sample(at, at * 1000));
    for (const chunk of chunks) {
      await writer.write(chunk);
      equal(storage.snapshots.current(), undefined, 'the current snapshot while one is written');
      equal(storage.snapshots.list(), [], 'snapshots while one is written');
      await rejects(storage.snapshots.read(writer.id), 'COMPACTED', 'reading a staged snapshot');
    }
    equal(writer.bytes, 210_000, 'bytes written');
    await writer.finish();
    equal(storage.snapshots.current(), undefined, 'the current snapshot when one is finished');
    await storage.write([publish(writer.id, 8), dropBefore(9), state(3)]);
    const checksum = crc32(concatBytes(chunks));
    const info = { id: writer.id, index: 8, context: sample(8, 5), bytes: 210_000, checksum };
    equal(storage.snapshots.current(), info, 'the current snapshot');
    equal(await readSnapshot(storage, writer.id), concatBytes(chunks), 'its content');
    equal(await indexes(storage), [9], 'indexes');
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.snapshot, info, 'the recovered snapshot');
    equal(recovered.records, { first: 9, last: 9 }, 'records');
    equal(recovered.state, sample(3), 'state');
    equal(await readSnapshot(again, writer.id), concatBytes(chunks), 'its content, opened again');
  });

  test('a snapshot may be empty', async (place) => {
    const { storage } = await place.open();
    const id = await stage(storage, new Uint8Array());
    await storage.write([publish(id, 1)]);
    const { storage: again, recovered } = await place.reopen();
    equal(recovered.snapshot?.bytes, 0, 'bytes');
    equal(await readSnapshot(again, id), new Uint8Array(), 'content');
  });

  test('a reader reads at any offset, never more than asked for, and nothing at the end', async (place) => {
    const { storage } = await place.open();
    const content = sample(5, 300_001);
    const id = await stage(storage, content);
    await storage.write([publish(id, 1)]);
    const reader = await storage.snapshots.read(id);
    equal(reader.info, storage.snapshots.current(), 'what the reader says of it');
    for (const offset of [0, 1, 65_535, 65_536, 65_537, 131_072, 299_999, 300_000]) {
      for (const maxBytes of [1, 1000, 70_000, 400_000]) {
        const piece = await reader.read(offset, maxBytes);
        check(piece.length > 0, `something at ${String(offset)}`);
        check(piece.length <= maxBytes, `at most ${String(maxBytes)} bytes`);
        const expected = content.subarray(offset, offset + piece.length);
        equal(piece, expected, `${String(piece.length)} bytes at ${String(offset)}`);
      }
    }
    equal(await reader.read(300_001, 10), new Uint8Array(), 'at the end');
    equal(await reader.read(999_999, 10), new Uint8Array(), 'beyond the end');
    await reader.close();
    await reader.close();
    await rejects(reader.read(0, 1), 'CLOSED', 'a closed reader');
  });

  test('a newer snapshot takes the place of the current one', async (place) => {
    const { storage } = await place.open();
    const first = await stage(storage, sample(1, 100));
    await storage.write([publish(first, 10)]);
    const second = await stage(storage, sample(2, 200));
    equal(storage.snapshots.current()?.id, first, 'the current one before');
    await storage.write([publish(second, 20)]);
    equal(storage.snapshots.current()?.id, second, 'the current one after');
    await rejects(storage.snapshots.read(first), 'COMPACTED', 'the one before');
    const { recovered } = await place.reopen();
    equal(recovered.snapshot?.index, 20, 'the index that was recovered');
  });

  test('a reader survives a newer snapshot, and the old content goes when it is closed', async (place) => {
    const { storage } = await place.open();
    const old = sample(1, 200_000);
    const first = await stage(storage, old);
    await storage.write([publish(first, 10)]);
    const reader = await storage.snapshots.read(first);
    const other = await storage.snapshots.read(first);
    equal(await reader.read(0, 10), old.subarray(0, 10), 'the beginning');
    for (const index of [20, 30]) {
      const id = await stage(storage, sample(index, 5000));
      await storage.write([publish(id, index)]);
    }
    const piece = await reader.read(150_000, 1000);
    equal(piece, old.subarray(150_000, 150_000 + piece.length), 'the old content');
    await reader.close();
    equal((await other.read(0, 10)).length, 10, 'bytes for the other reader');
    await other.close();
    equal(
      await readSnapshot(storage, storage.snapshots.current()?.id ?? ''),
      sample(30, 5000),
      'new',
    );
  });

  test('several can be staged at once, and each is published or forgotten by itself', async (place) => {
    const { storage } = await place.open();
    const writers = [];
    for (let at = 0; at < 3; at++) writers.push(await storage.snapshots.stage());
    const [a, b, c] = writers;
    check(a !== undefined && b !== undefined && c !== undefined, 'three writers');
    check(new Set([a.id, b.id, c.id]).size === 3, 'each has a name of its own');
    await Promise.all([a.write(sample(1)), b.write(sample(2)), c.write(sample(3))]);
    await Promise.all([a.finish(), b.finish(), c.finish()]);
    await b.abort();
    await rejects(storage.write([publish(b.id, 5)]), 'INVALID_ARGUMENT', 'an aborted snapshot');
    await storage.write([publish(c.id, 6)]);
    await storage.write([publish(a.id, 7)]);
    equal(await readSnapshot(storage, a.id), sample(1), 'content');
    await a.abort();
    await a.abort();
    equal(await readSnapshot(storage, a.id), sample(1), 'content after abort of a published one');
    const { storage: again } = await place.reopen();
    equal(await readSnapshot(again, a.id), sample(1), 'content after opening again');
  });

  test('only a finished snapshot is published, and only once', async (place) => {
    const { storage } = await place.open();
    await storage.write(puts(1, 3));
    const writer = await storage.snapshots.stage();
    await writer.write(sample(1));
    const refused = [writer.id, 'no-such-snapshot', '', '../escape'];
    for (const id of refused) {
      await rejects(
        storage.write([dropBefore(3), publish(id, 2)]),
        'INVALID_ARGUMENT',
        `publishing ${id}`,
      );
    }
    equal(await indexes(storage), [1, 2, 3], 'indexes after refused writes');
    await writer.finish();
    await rejects(writer.write(sample(2)), 'CLOSED', 'writing to a finished snapshot');
    await storage.write([publish(writer.id, 2)]);
    await rejects(storage.write([publish(writer.id, 2)]), 'INVALID_ARGUMENT', 'publishing again');
    equal(await readSnapshot(storage, writer.id), sample(1), 'content');
  });

  test('an aborted writer takes no more', async (place) => {
    const { storage } = await place.open();
    const writer = await storage.snapshots.stage();
    await writer.write(sample(1, 100_000));
    await writer.abort();
    await rejects(writer.write(sample(1)), 'CLOSED', 'write');
    await rejects(writer.finish(), 'CLOSED', 'finish');
  });

  test(
    'nothing is left of aborted, replaced and unpublished snapshots',
    async (place) => {
      const stored = (): Promise<number> => place.feature('storedSnapshots').call(place.harness);
      const { storage } = await place.open();
      const aborted = await storage.snapshots.stage();
      await aborted.write(sample(1, 200_000));
      await aborted.abort();
      const first = await stage(storage, sample(2));
      await storage.write([publish(first, 5)]);
      const reader = await storage.snapshots.read(first);
      const second = await stage(storage, sample(3));
      await storage.write([publish(second, 6)]);
      equal(await reader.read(0, 100), sample(2), 'a snapshot that is being read');
      await reader.close();
      await stage(storage, sample(4));
      const unfinished = await storage.snapshots.stage();
      await unfinished.write(sample(5, 200_000));
      const { storage: again } = await place.reopen();
      equal(await stored(), 1, 'snapshots that take up space');
      equal(await readSnapshot(again, second), sample(3), 'the current one');
    },
    ['storedSnapshots'],
  );
}
