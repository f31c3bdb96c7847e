/** Staging under a name: what was staged is taken up again, as far as it is intact. */
import { crc32, type SnapshotWriter, seededRandom } from '@quorate/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { blockBytes, fileBytes, snapshotFileName as fileName } from '../../src/index.ts';
import { type Loss, type SimulatedDisk, simulatedDisk } from '../../src/simulated/index.ts';
import { expectBytes } from '../grounds.ts';
import { filesOf, folder, pattern, Shelf } from './shelf.ts';

/** Whole blocks, and something. */
const content = pattern(1, 5 * blockBytes + 1234);
/** Blocks after which the disk is kept going. */
const syncEveryBlocks = 16;

let disk: SimulatedDisk;
let shelf: Shelf;

beforeEach(async () => {
  disk = simulatedDisk();
  shelf = await Shelf.open(disk);
});

/** Goes on where a writer stands, up to the end, and publishes. */
async function complete(at: Shelf, writer: SnapshotWriter, whole: Uint8Array): Promise<void> {
  expect(writer.checksum).toBe(crc32(whole.subarray(0, writer.bytes)));
  for (let from = writer.bytes; from < whole.length; from += 100_000) {
    await writer.write(whole.subarray(from, from + 100_000));
  }
  await writer.finish();
  const info = await at.publish(writer.id, 9);
  expect(info.checksum).toBe(crc32(whole));
  expectBytes(await at.content(info.id), whole);
}

describe('what was staged under a name', () => {
  it('is taken up after a close, up to the last whole block', async () => {
    const first = await shelf.store.stage('transfer-1');
    expect(first.bytes).toBe(0);
    await first.write(content.subarray(0, 3 * blockBytes + 50));
    await first.close();
    const second = await shelf.store.stage('transfer-1');
    expect(second.id).toBe(first.id);
    expect(second.bytes).toBe(3 * blockBytes);
    await complete(shelf, second, content);
    expect(await filesOf(disk)).toEqual([fileName(second.id)]);
  });

  it('is taken up in front of the first damage, and what lay behind it is cut off', async () => {
    const first = await shelf.store.stage('name');
    await first.write(content.subarray(0, 4 * blockBytes));
    await first.close();
    disk.crash('nothing');
    const path = `${folder}/${first.id}.name.partial`;
    disk.flipBit({ path, at: fileBytes(2 * blockBytes) + 100 }, 3);
    const again = await Shelf.open(disk);
    const second = await again.store.stage('name');
    expect(second.bytes).toBe(2 * blockBytes);
    await complete(again, second, content.subarray(0, 2 * blockBytes + 10));
    await again.close();
    await Shelf.open(disk);
  });

  it('is nothing before the first whole block', async () => {
    const first = await shelf.store.stage('name');
    await first.write(content.subarray(0, blockBytes - 1));
    await first.close();
    expect((await shelf.store.stage('name')).bytes).toBe(0);
  });

  it('is taken from a writer that is still at work, which is closed then', async () => {
    const first = await shelf.store.stage('name');
    const write = first.write(content.subarray(0, 2 * blockBytes));
    const second = await shelf.store.stage('name');
    await write;
    expect(second.bytes).toBe(2 * blockBytes);
    await expect(first.write(content)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(first.finish()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(disk.openFiles).toBe(1);
    await complete(shelf, second, content);
  });

  it('is taken up after a restart', async () => {
    const first = await shelf.store.stage('name');
    await first.write(content.subarray(0, 4 * blockBytes));
    await shelf.close();
    const again = await Shelf.open(disk);
    const second = await again.store.stage('name');
    expect(second.bytes).toBe(4 * blockBytes);
    await complete(again, second, content);
  });

  it('is taken up after the process was killed, without what it had not written yet', async () => {
    const first = await shelf.store.stage('name');
    await first.write(content.subarray(0, 4 * blockBytes + 777));
    disk.kill();
    const again = await Shelf.open(disk);
    const second = await again.store.stage('name');
    expect(second.bytes).toBe(4 * blockBytes);
    await complete(again, second, content);
  });

  it('is forgotten when it is aborted, finished, or staged under another name', async () => {
    for (const end of ['abort', 'finish'] as const) {
      const writer = await shelf.store.stage('name');
      await writer.write(content.subarray(0, 2 * blockBytes));
      await writer[end]();
      const next = await shelf.store.stage('name');
      expect(next.bytes).toBe(0);
      expect(next.id).not.toBe(writer.id);
      await writer.abort();
      await next.abort();
    }
    const old = await shelf.store.stage('old');
    await old.write(content.subarray(0, 2 * blockBytes));
    const other = await shelf.store.stage('other');
    await expect(old.write(content)).rejects.toMatchObject({ code: 'CLOSED' });
    await other.write(content.subarray(0, blockBytes));
    await old.abort();
    await other.close();
    expect((await shelf.store.stage('old')).bytes).toBe(0);
    expect((await shelf.store.stage('other')).bytes).toBe(0);
    await shelf.close();
    expect(await filesOf(disk)).toHaveLength(1);
  });

  it('does not disturb what is staged without a name', async () => {
    const unnamed = await shelf.store.stage();
    await unnamed.write(content);
    const named = await shelf.store.stage('name');
    await named.write(content.subarray(0, blockBytes));
    await (await shelf.store.stage('other')).close();
    await complete(shelf, unnamed, content);
  });

  it('that was finished is published although another one was staged meanwhile', async () => {
    const first = await shelf.store.stage('name');
    await first.write(content);
    await first.finish();
    const second = await shelf.store.stage('name');
    await second.write(content.subarray(0, blockBytes));
    const info = await shelf.publish(first.id, 1);
    expectBytes(await shelf.content(info.id), content);
    await second.close();
    expect((await shelf.store.stage('name')).bytes).toBe(blockBytes);
  });

  it('and finished goes when it is aborted, although another one was staged meanwhile', async () => {
    const first = await shelf.store.stage('name');
    await first.finish();
    const second = await shelf.store.stage('name');
    await first.abort();
    await second.abort();
    expect(await filesOf(disk)).toEqual([]);
  });

  it('keeps one name: of several that a disk holds the newest', async () => {
    disk.stall('remove');
    const old = await shelf.store.stage('old');
    await old.write(content.subarray(0, blockBytes));
    const young = await shelf.store.stage('young');
    await young.write(content.subarray(0, 2 * blockBytes));
    disk.crash('nothing');
    const again = await Shelf.open(disk);
    expect(await filesOf(disk)).toHaveLength(1);
    expect((await again.store.stage('young')).bytes).toBe(2 * blockBytes);
  });

  it.each(['', 'a b', '../x', 'a.b', 'ä', 'x'.repeat(101)])(
    'has a name of letters, digits and -, not %j',
    async (name) => {
      await expect(shelf.store.stage(name)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await filesOf(disk)).toEqual([]);
    },
  );
});

describe('a writer that another one has followed', () => {
  // Every order in which an abort or close of the old one can meet the new one.
  const moments = Array.from({ length: 25 }, (_, at) => at);

  it.each(moments)('does not touch its work, aborting %d turns later', async (moment) => {
    const old = await shelf.store.stage('name');
    await old.write(content.subarray(0, 2 * blockBytes));
    const staging = shelf.store.stage('name');
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    const ended = moment % 2 === 0 ? old.abort() : old.close().then(() => old.abort());
    const young = await staging;
    await ended;
    // An abort that comes first takes everything along; later it is not the old one's any more.
    expect([0, 2 * blockBytes]).toContain(young.bytes);
    await complete(shelf, young, content);
    await old.close();
    await old.abort();
    expectBytes(await shelf.content(young.id), content);
  });

  it('and that was closed before does not either', async () => {
    const old = await shelf.store.stage('name');
    await old.write(content.subarray(0, 2 * blockBytes));
    await old.close();
    const young = await shelf.store.stage('name');
    await old.abort();
    expect(young.bytes).toBe(2 * blockBytes);
    await young.write(content.subarray(2 * blockBytes));
    await young.finish();
    await old.abort();
    const info = await shelf.publish(young.id, 1);
    expectBytes(await shelf.content(info.id), content);
  });
});

describe('S5: a failed sync', () => {
  async function failSync(writer: SnapshotWriter): Promise<void> {
    await writer.write(content.subarray(0, 2 * blockBytes));
    disk.fail({ operation: 'sync' });
    await expect(writer.finish()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  }

  it('forgets what was staged: it may be in the memory of the kernel alone', async () => {
    const writer = await shelf.store.stage('name');
    await failSync(writer);
    expect(await filesOf(disk)).toEqual([]);
    const next = await shelf.store.stage('name');
    expect(next.bytes).toBe(0);
    await complete(shelf, next, content);
  });

  it('also when the next writer comes before anybody was told', async () => {
    const writer = await shelf.store.stage('name');
    await writer.write(content.subarray(0, 2 * blockBytes));
    disk.fail({ operation: 'sync' });
    const finishing = writer.finish();
    finishing.catch(() => undefined);
    const next = await shelf.store.stage('name');
    await expect(finishing).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(next.bytes).toBe(0);
    await complete(shelf, next, content);
  });

  it('leaves nothing to rely on, also when the process dies before it has removed the file', async () => {
    const writer = await shelf.store.stage('name');
    await writer.write(content.subarray(0, 2 * blockBytes));
    disk.fail({ operation: 'sync' });
    disk.stall('remove');
    writer.finish().catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    disk.kill();
    disk.resume();
    const again = await Shelf.open(disk);
    const next = await again.store.stage('name');
    // The kernel shows it all; it is on the disk only because it was written again.
    expect(next.bytes).toBe(2 * blockBytes);
    await complete(again, next, content);
    disk.crash('unsynced');
    expectBytes(await (await Shelf.open(disk)).content(next.id), content);
  });
});

describe.each<Loss>(['nothing', 'unsynced', 'partly', 'garbage'])(
  'after a power loss of %s',
  (loss) => {
    it('what is taken up is a beginning of what was written, and goes on as it was', async () => {
      const whole = pattern(2, 18 * blockBytes);
      const takenUp = new Set<number>();
      for (let seed = 1; seed <= 4; seed++) {
        disk = simulatedDisk({ random: seededRandom(seed) });
        shelf = await Shelf.open(disk);
        const writer = await shelf.store.stage('name');
        await writer.write(whole.subarray(0, 17 * blockBytes));
        disk.crash(loss);
        const again = await Shelf.open(disk);
        const next = await again.store.stage('name');
        takenUp.add(next.bytes);
        // What was kept going while it was written is safe; the last block of it ends in a sector
        // that the next one begins in.
        const safeBlocks = loss === 'garbage' ? syncEveryBlocks - 1 : syncEveryBlocks;
        expect(next.bytes).toBeGreaterThanOrEqual(safeBlocks * blockBytes);
        await complete(again, next, whole);
        disk.crash('unsynced');
        expectBytes(await (await Shelf.open(disk)).content(next.id), whole);
      }
      if (loss === 'nothing') expect(takenUp).toEqual(new Set([17 * blockBytes]));
      if (loss === 'unsynced') expect(takenUp).toEqual(new Set([syncEveryBlocks * blockBytes]));
    });

    it('at any operation, the current one is whole and the staged one goes on', async () => {
      const old = pattern(3, 1000);
      const whole = pattern(4, blockBytes + 1000);
      disk = simulatedDisk();
      shelf = await Shelf.open(disk);
      await shelf.put(1, old);
      await shelf.close();
      disk.crash('nothing');
      const image = disk.image();
      for (let nth = 1; ; nth++) {
        disk = simulatedDisk({ image, random: seededRandom(nth) });
        disk.crashAt(nth, loss);
        const scene = async (): Promise<void> => {
          const opened = await Shelf.open(disk);
          const writer = await opened.store.stage('name');
          await writer.write(whole);
          await writer.finish();
          await opened.publish(writer.id, 2);
          await opened.close();
        };
        const outcome = await scene().then(
          () => 'done',
          () => 'cut',
        );
        const { crashed } = disk;
        disk.heal();
        if (!crashed) expect(outcome).toBe('done');
        const again = await Shelf.open(disk);
        const current = again.store.current();
        const wanted = current?.index === 1 ? old : whole;
        // It may have been the last step, to remove the old one, that nobody waits for.
        if (outcome === 'done') expect(current?.index).toBe(2);
        expectBytes(await again.content(current?.id ?? ''), wanted);
        // Nothing else but what can be taken up again.
        const files = await filesOf(disk);
        const partials = files.filter((name) => name.endsWith('.name.partial'));
        expect(partials.length).toBeLessThanOrEqual(1);
        expect(files).toHaveLength(1 + partials.length);
        const next = await again.store.stage('name');
        expect(fileBytes(next.bytes)).toBeLessThanOrEqual(fileBytes(blockBytes));
        await complete(again, next, whole);
        disk.crash('unsynced');
        const last = await Shelf.open(disk);
        expectBytes(await last.content(next.id), whole);
        if (!crashed) break;
        expect(nth).toBeLessThan(40);
      }
    });
  },
);

it('is written on behind a crash in the middle of the sync at its end', async () => {
  const writer = await shelf.store.stage('name');
  await writer.write(content);
  disk.stall('sync');
  const finishing = writer.finish();
  await new Promise((resolve) => setImmediate(resolve));
  disk.crash('nothing');
  await expect(finishing).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  const next = await (await Shelf.open(disk)).store.stage('name');
  expect(next.bytes).toBe(5 * blockBytes);
});

it('leaves the folder to others: only names of its own are taken up', async () => {
  for (const name of ['x.name.partial', '7.na.me.partial', '7.partial', 'y']) {
    await (await disk.files().open(`${folder}/${name}`, 'create')).close();
  }
  const again = await Shelf.open(disk);
  expect(await filesOf(disk)).toEqual([]);
  expect((await again.store.stage('name')).bytes).toBe(0);
});
