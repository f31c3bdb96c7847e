/** Options of a disk, its images, and how fast it is. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { readUpTo, writeAll, writeAllDurably } from '../../src/index.ts';
import { simulatedDisk } from '../../src/simulated/index.ts';
import { expectBytes, put, sample } from '../grounds.ts';
import { durableFile, filled, found, makeDisk, namesIn, sectorBytes } from './harness.ts';

describe('an image', () => {
  it('is what is durable, and stays as it is', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', sample(1, 700));
    await writeAll(file, [sample(2, 700)], 300);
    await put(files, '/data/y', filled(1));
    const image = disk.image();
    await file.sync();
    await files.syncFolder('/data');
    disk.flipBit(0, 0);
    expect(image.paths()).toEqual(['/data/x']);
    expectBytes(image.read('/data/x'), sample(1, 700));
    expect(image.read('/data/y')).toBeUndefined();
    expect(disk.image().paths()).toEqual(['/data/x', '/data/y']);
  });

  it('has what was written durably, without a sync', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', sample(1, 700));
    await writeAllDurably(file, [sample(2, 500), sample(3, 200)], 700);
    disk.crash('nothing');
    const wanted = new Uint8Array(1400);
    wanted.set(sample(1, 700));
    wanted.set(sample(2, 500), 700);
    wanted.set(sample(3, 200), 1200);
    expectBytes(await found(disk, '/data/x'), wanted);
  });

  it('lists paths in order', async () => {
    const { disk, files } = await makeDisk();
    await files.makeFolder('/a/b');
    for (const path of ['/data/2', '/a/b/1', '/data/10', '/a/c', '/data/1']) {
      await durableFile(files, path, filled(1));
    }
    const paths = ['/a/b/1', '/a/c', '/data/1', '/data/10', '/data/2'];
    expect(disk.image().paths()).toEqual(paths);
  });

  it('is put back as often as wanted, each time on a disk of its own', async () => {
    const { disk, files } = await makeDisk();
    await files.makeFolder('/data/empty');
    await durableFile(files, '/data/x', sample(1, 700));
    const image = disk.image();
    const copy = simulatedDisk({ image });
    for (const each of [disk, copy, disk]) {
      each.restore(image);
      expect(await namesIn(each, '/data')).toEqual(['empty', 'x']);
      const file = await each.files().open('/data/x', 'write');
      await writeAll(file, [sample(2, 700)], 100);
      await file.sync();
      await each.files().remove('/data/x');
      each.crash('unsynced');
      const wanted = new Uint8Array(800);
      wanted.set(sample(1, 700));
      wanted.set(sample(2, 700), 100);
      expectBytes(await found(each, '/data/x'), wanted);
    }
    expectBytes(image.read('/data/x'), sample(1, 700));
  });

  it('ends the process when it is put back', async () => {
    const { disk, files } = await makeDisk();
    disk.restore(disk.image());
    await expect(files.list('/')).rejects.toMatchObject({ code: 'EIO' });
    expect(await disk.files().list('/')).toEqual(['data']);
  });

  it('takes space on the disk that it is put on', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/x', filled(1, 3 * sectorBytes));
    const image = disk.image();
    const small = simulatedDisk({ image, capacityBytes: 4 * sectorBytes });
    await put(small.files(), '/data/y', filled(1));
    await expect(put(small.files(), '/data/z', filled(1))).rejects.toMatchObject({
      code: 'ENOSPC',
    });
  });

  it('fits on disks with the same sectors only', async () => {
    const { disk } = await makeDisk();
    expect(() => simulatedDisk({ sectorBytes: 4096, image: disk.image() })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('options', () => {
  it.each([
    { latencyMs: -1 },
    { latencyMs: [0, Number.NaN] as const },
    { latencyMs: Infinity },
    { latencyMs: [10, 5] as const },
    { sectorBytes: 0 },
    { sectorBytes: 1.5 },
    { capacityBytes: -1 },
    { capacityBytes: Number.NaN },
    { shortWrites: 1.1 },
    { shortWrites: -0.1 },
  ])('%j is INVALID_ARGUMENT', (options) => {
    expect(() => simulatedDisk(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it.each([1, 7, 512, 4096])('a sector can have %d bytes', async (bytes) => {
    const { disk, files } = await makeDisk({ sectorBytes: bytes });
    const file = await durableFile(files, '/data/x', sample(1, 1000));
    await writeAll(file, [sample(2, 500)], 250);
    await file.truncate(333);
    await file.truncate(999);
    const wanted = new Uint8Array(999);
    wanted.set(sample(1, 250));
    wanted.set(sample(2, 500).subarray(0, 83), 250);
    expectBytes(await readUpTo(file, 1000, 0), wanted);
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), sample(1, 1000));
  });

  it.each([0, -1])('a power loss before operation %d is INVALID_ARGUMENT', (nth) => {
    expect(() => simulatedDisk().crashAt(nth, 'nothing')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

it('zeros, as in segments that are made in advance, take hardly any memory', async () => {
  const { files } = await makeDisk();
  const zeros = new Uint8Array(2 ** 20);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Memory of buffers is given back behind the collector's back, some turns later.
  const used = async (): Promise<number> => {
    for (let turn = 0; turn < 6; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = await used();
  const file = await files.open('/data/x', 'create');
  for (let at = 0; at < 64; at++) await writeAll(file, [zeros], at * zeros.length);
  await file.sync();
  expect(await file.size()).toBe(64 * zeros.length);
  expect((await used()) - before).toBeLessThan(16 * 2 ** 20);
});
