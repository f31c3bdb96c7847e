/** Snapshots from the first byte until they are published, read, replaced and gone. */
import { crc32, type SnapshotInfo } from '@quorate/core';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  blockBytes,
  fileBytes,
  snapshotFileName as fileName,
  SnapshotFiles,
} from '../../src/index.ts';
import { type SimulatedDisk, simulatedDisk } from '../../src/simulated/index.ts';
import { expectBytes } from '../grounds.ts';
import { filesOf, folder, pattern, publishOp, Shelf } from './shelf.ts';

let disk: SimulatedDisk;
let shelf: Shelf;

beforeEach(async () => {
  disk = simulatedDisk();
  shelf = await Shelf.open(disk);
});

describe('content', () => {
  it.each([0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 3 * blockBytes])(
    'of %d bytes comes back as it was, also after a restart',
    async (bytes) => {
      const content = pattern(bytes, bytes);
      const info = await shelf.put(7, content);
      expect(info).toEqual({
        id: info.id,
        index: 7,
        context: Uint8Array.of(7),
        bytes,
        checksum: crc32(content),
      });
      expectBytes(await shelf.content(info.id), content);
      const file = await disk.files().open(`${folder}/${fileName(info.id)}`, 'read');
      expect(await file.size()).toBe(fileBytes(bytes));
      await file.close();
      disk.crash('unsynced');
      const again = await Shelf.open(disk);
      expect(again.store.current()).toEqual(info);
      expectBytes(await again.content(info.id), content);
    },
  );

  it('does not depend on the pieces in which it is written and read', async () => {
    const content = pattern(1, 2 * blockBytes + 777);
    const writer = await shelf.store.stage();
    for (let at = 0, bytes = 0; at < content.length; at += bytes, bytes = bytes * 2 + 1) {
      await writer.write(content.subarray(at, at + bytes));
      expect(writer.bytes).toBe(Math.min(at + bytes, content.length));
    }
    expect(writer.checksum).toBe(crc32(content));
    await writer.finish();
    await shelf.publish(writer.id, 1);
    for (const pieceBytes of [1000, blockBytes, 10_000_000]) {
      expectBytes(await shelf.content(writer.id, pieceBytes), content);
    }
    const reader = await shelf.store.read(writer.id);
    for (const at of [0, 5, blockBytes - 1, blockBytes, 2 * blockBytes + 776]) {
      const piece = await reader.read(at, 10);
      expect(piece.length).toBeGreaterThan(0);
      expectBytes(piece, content.subarray(at, at + piece.length));
    }
    expect(await reader.read(content.length, 10)).toEqual(new Uint8Array());
    expect(await reader.read(content.length + 1e9, 10)).toEqual(new Uint8Array());
    await reader.close();
  });

  it('may be written without waiting in between', async () => {
    const content = pattern(1, blockBytes + 50);
    const writer = await shelf.store.stage();
    const writes = [0, 1, 2].map((part) =>
      writer.write(content.subarray(part * 100_000, (part + 1) * 100_000)),
    );
    await Promise.all([...writes, writer.finish()]);
    await shelf.publish(writer.id, 1);
    expectBytes(await shelf.content(writer.id), content);
  });

  it('of several snapshots is written at the same time', async () => {
    const writers = await Promise.all([shelf.store.stage(), shelf.store.stage()]);
    const contents = [pattern(1, blockBytes + 1), pattern(2, blockBytes + 1)];
    await Promise.all(writers.map((writer, at) => writer.write(contents[at] ?? new Uint8Array())));
    await Promise.all(writers.map((writer) => writer.finish()));
    expect(new Set(writers.map(({ id }) => id)).size).toBe(2);
    for (const [at, writer] of writers.entries()) {
      await shelf.publish(writer.id, at);
      expectBytes(await shelf.content(writer.id), contents[at] ?? new Uint8Array());
    }
  });

  it('S7: damaged in any byte is CORRUPT when it is read', async () => {
    const { id } = await shelf.put(1, pattern(1, 300));
    await shelf.close();
    disk.crash('nothing');
    const path = `${folder}/${fileName(id)}`;
    for (let at = 0; at < fileBytes(300); at++) {
      disk.flipBit({ path, at }, at % 8);
      const again = await Shelf.open(disk);
      await expect(again.content(id)).rejects.toMatchObject({ code: 'CORRUPT' });
      await again.close();
      disk.flipBit({ path, at }, at % 8);
    }
    expectBytes(await (await Shelf.open(disk)).content(id), pattern(1, 300));
  });

  it('S7: of another snapshot, or blocks in another order, are CORRUPT', async () => {
    const content = pattern(1, 2 * blockBytes);
    const old = await shelf.put(1, content);
    const files = disk.files();
    const bytes = new Uint8Array(fileBytes(content.length));
    const file = await files.open(`${folder}/${fileName(old.id)}`, 'write');
    await file.read(bytes, 0);
    const current = await shelf.put(2, pattern(2, 2 * blockBytes));
    const other = await files.open(`${folder}/${fileName(current.id)}`, 'write');
    const original = new Uint8Array(bytes.length);
    await other.read(original, 0);
    const half = bytes.length / 2;
    for (const wrong of [bytes, original.subarray(half), original.subarray(0, half)]) {
      const position = wrong === bytes || wrong.byteOffset > 0 ? 0 : half;
      await other.write([original], 0);
      await other.write([wrong], position);
      await expect(shelf.content(current.id)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });
});

describe('publishing', () => {
  it('S12: makes visible what was staged and finished, and nothing else', async () => {
    const { store } = shelf;
    const writer = await store.stage();
    await writer.write(pattern(1, 10));
    expect(store.current()).toBeUndefined();
    expect(() => store.claim([publishOp(writer.id, 1)])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    await writer.finish();
    expect(store.current()).toBeUndefined();
    expect(store.list()).toEqual([]);
    await expect(store.read(writer.id)).rejects.toMatchObject({ code: 'COMPACTED' });
    const info = await shelf.publish(writer.id, 1);
    expect(store.current()).toEqual(info);
    expect(store.list()).toEqual([info]);
  });

  it('happens once, and not after an abort', async () => {
    const { store } = shelf;
    const { id } = await shelf.put(1, pattern(1, 10));
    const aborted = await store.stage();
    await aborted.finish();
    await aborted.abort();
    const twice = await store.stage();
    await twice.finish();
    for (const wrong of [
      [publishOp(id, 2)],
      [publishOp(aborted.id, 2)],
      [publishOp('no', 2)],
      [publishOp(twice.id, 2), publishOp(twice.id, 2)],
      [publishOp(twice.id, 2), publishOp('no', 2)],
    ]) {
      expect(() => store.claim(wrong)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
    // A claim that was refused has claimed nothing.
    await shelf.publish(twice.id, 3);
    expect(store.current()?.index).toBe(3);
  });

  it('cannot be undone: an abort or close of the writer does nothing any more', async () => {
    const { store } = shelf;
    const writer = await store.stage();
    await writer.write(pattern(1, 10));
    await writer.finish();
    store.claim([publishOp(writer.id, 1)]);
    await writer.abort();
    store.published(store.describe(publishOp(writer.id, 1)));
    await writer.close();
    await writer.abort();
    expectBytes(await shelf.content(writer.id), pattern(1, 10));
  });

  it('takes the one before away, which stays readable for those who read it', async () => {
    const { store } = shelf;
    const old = await shelf.put(1, pattern(1, blockBytes + 5));
    const reader = await store.read(old.id);
    const current = await shelf.put(2, pattern(2, 10));
    await expect(store.read(old.id)).rejects.toMatchObject({ code: 'COMPACTED' });
    expectBytes(await reader.read(blockBytes, 100), pattern(1, blockBytes + 5).subarray(-5));
    await reader.close();
    await expect(reader.read(0, 1)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await filesOf(disk)).toEqual([fileName(current.id)]);
    expect(disk.openFiles).toBe(0);
  });

  it('keeps as many as it is told to, newest first, also after a restart', async () => {
    await shelf.close();
    const many = await Shelf.open(disk, 3);
    const infos: SnapshotInfo[] = [];
    for (let index = 1; index <= 5; index++)
      infos.unshift(await many.put(index, pattern(index, 9)));
    expect(many.store.list()).toEqual(infos.slice(0, 3));
    for (const { id, index } of infos.slice(0, 3)) {
      expectBytes(await many.content(id), pattern(index, 9));
    }
    for (const { id } of infos.slice(3)) {
      await expect(many.store.read(id)).rejects.toMatchObject({ code: 'COMPACTED' });
    }
    await many.close();
    expect(await filesOf(disk)).toHaveLength(3);
    disk.crash('unsynced');
    const again = await Shelf.open(disk, 3);
    expect(again.store.list()).toEqual(infos.slice(0, 3));
    await again.close();
    disk.crash('unsynced');
    const fewer = await Shelf.open(disk, 2);
    expect(fewer.store.list()).toEqual(infos.slice(0, 2));
    expect(await filesOf(disk)).toHaveLength(2);
  });
});

describe('opening', () => {
  it('removes what was never published, and names new ones after nothing old', async () => {
    const kept = await shelf.put(1, pattern(1, 10));
    const finished = await shelf.store.stage();
    await finished.finish();
    const unfinished = await shelf.store.stage();
    await unfinished.write(pattern(2, 10));
    disk.kill();
    expect(await filesOf(disk)).toHaveLength(3);
    const again = await Shelf.open(disk);
    expect(await filesOf(disk)).toEqual([fileName(kept.id)]);
    const next = await again.store.stage();
    expect([kept.id, finished.id, unfinished.id]).not.toContain(next.id);
  });

  it('in two steps removes nothing before it is durable what is published', async () => {
    const old = await shelf.put(1, pattern(1, 10));
    const current = await shelf.put(2, pattern(2, 10));
    await shelf.store.stage('name');
    disk.kill();
    const setup = { files: disk.files(), folder, retain: 1, check: (): void => undefined };
    const again = new SnapshotFiles(setup);
    await (await disk.files().open(`${folder}/${fileName(old.id)}`, 'create')).close();
    await again.adopt([current]);
    expect(again.list()).toEqual([current]);
    expect(await filesOf(disk)).toHaveLength(3);
    await again.removeLeftovers();
    expect(await filesOf(disk)).toEqual([
      fileName(current.id),
      expect.stringContaining('.name.partial'),
    ]);
  });

  it('S8: without the content of the current one is CORRUPT, with less of it too', async () => {
    const { id } = await shelf.put(1, pattern(1, 100));
    const path = `${folder}/${fileName(id)}`;
    const file = await disk.files().open(path, 'write');
    await file.truncate(50);
    await expect(Shelf.open(disk)).rejects.toMatchObject({ code: 'CORRUPT' });
    await file.truncate(200);
    await expect(Shelf.open(disk)).rejects.toMatchObject({ code: 'CORRUPT' });
    await disk.files().remove(path);
    await expect(Shelf.open(disk)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('does without older ones that are gone or damaged in size', async () => {
    await shelf.close();
    const many = await Shelf.open(disk, 4);
    const infos: SnapshotInfo[] = [];
    for (let index = 1; index <= 4; index++)
      infos.unshift(await many.put(index, pattern(index, 9)));
    await many.close();
    const path = (at: number): string => `${folder}/${fileName(infos[at]?.id ?? '')}`;
    await disk.files().remove(path(1));
    await (await disk.files().open(path(2), 'write')).truncate(3);
    const again = await Shelf.open(disk, 4);
    expect(again.store.list()).toEqual([infos[0], infos[3]]);
    expect(await filesOf(disk)).toHaveLength(2);
  });
});

it('no number is used again that a storage may still name, although its file is gone', async () => {
  await shelf.close();
  const many = await Shelf.open(disk, 2);
  const writers = [await many.store.stage(), await many.store.stage()];
  for (const writer of writers) await writer.finish();
  for (const writer of writers.toReversed()) await many.publish(writer.id, 1);
  await many.close();
  await disk.files().remove(`${folder}/${fileName(writers[1]?.id ?? '')}`);
  const again = await Shelf.open(disk, 2);
  expect(again.store.list().map(({ id }) => id)).toEqual([writers[0]?.id]);
  expect((await again.store.stage()).id).not.toBe(writers[1]?.id);
});

describe('the end', () => {
  it('closes every file, in whatever state its writer or reader is', async () => {
    const { store } = shelf;
    const { id } = await shelf.put(1, pattern(1, 10));
    const writers = [await store.stage(), await store.stage('name'), await store.stage()];
    await writers[2]?.finish();
    const reader = await store.read(id);
    const busy: Promise<unknown>[] = [
      store.stage(),
      store.stage('name'),
      store.read(id),
      writers[0]?.write(pattern(2, 2 * blockBytes)) ?? Promise.resolve(),
      reader.read(0, 10),
    ];
    await shelf.close();
    await Promise.allSettled(busy);
    expect(disk.openFiles).toBe(0);
    for (const call of [
      () => store.stage(),
      () => store.stage('name'),
      () => store.read(id),
      () => reader.read(0, 1),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'CLOSED' });
    }
    await expect(writers[0]?.write(pattern(1, 1))).rejects.toMatchObject({ code: 'CLOSED' });
    for (const each of [...writers, reader]) await each.close();
  });

  it('of a writer ends it: nothing is written or finished any more', async () => {
    for (const end of ['finish', 'abort', 'close'] as const) {
      const writer = await shelf.store.stage();
      await writer[end]();
      await expect(writer.write(pattern(1, 1))).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(writer.finish()).rejects.toMatchObject({ code: 'CLOSED' });
      await writer.close();
      await writer.abort();
    }
    expect(await filesOf(disk)).toEqual([]);
    expect(disk.openFiles).toBe(0);
  });
});

describe('S5: a failure', () => {
  it.each(['write', 'sync', 'syncFolder'] as const)(
    'of a %s ends the writer, and leaves no file behind',
    async (operation) => {
      const { store } = shelf;
      const writer = await store.stage();
      disk.fail({ operation });
      const steps = async (): Promise<void> => {
        await writer.write(pattern(1, blockBytes));
        await writer.finish();
      };
      await expect(steps()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      expect(disk.openFiles).toBe(0);
      expect(() => store.claim([publishOp(writer.id, 1)])).toThrow('not staged and finished');
      await expect(writer.write(pattern(1, 1))).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(writer.finish()).rejects.toMatchObject({ code: 'CLOSED' });
      await writer.close();
      expect(await filesOf(disk)).toEqual([]);
      // The next one is not affected.
      await shelf.put(1, pattern(1, 10));
    },
  );

  it('of one write fails those that were called behind it', async () => {
    const writer = await shelf.store.stage();
    disk.fail({ operation: 'write' });
    const calls = await Promise.allSettled([
      writer.write(pattern(1, blockBytes)),
      writer.write(pattern(2, blockBytes)),
      writer.finish(),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(disk.counts.write).toBe(1);
  });

  it('to open one for reading or writing says so, and leaves nothing open', async () => {
    const { id } = await shelf.put(1, pattern(1, 10));
    disk.fail({ operation: 'open' });
    await expect(shelf.store.read(id)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    disk.fail({ operation: 'create', code: 'ENOSPC' });
    await expect(shelf.store.stage()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    for (const operation of ['create', 'syncFolder'] as const) {
      disk.fail({ operation, code: 'ENOSPC' });
      await expect(shelf.store.stage('name')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    }
    expect(disk.openFiles).toBe(0);
    await (await shelf.store.stage('name')).abort();
    expect(await filesOf(disk)).toEqual([fileName(id)]);
  });

  it('to read a block is no damage', async () => {
    const { id } = await shelf.put(1, pattern(1, 10));
    disk.fail({ operation: 'read' });
    await expect(shelf.content(id)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expectBytes(await shelf.content(id), pattern(1, 10));
  });
});
