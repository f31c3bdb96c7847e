/** Failures on demand. */
import { describe, expect, it } from 'vitest';
import { writeAll } from '../../src/index.ts';
import type { DiskOperation } from '../../src/simulated/index.ts';
import { expectBytes, put, sample } from '../grounds.ts';
import {
  durableFile,
  filled,
  found,
  makeDisk,
  namesIn,
  readAll,
  sectorBytes,
  underSeeds,
} from './harness.ts';

describe('a failure', () => {
  it('happens to each operation that can be asked for, and leaves no trace', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    const calls: Readonly<Record<DiskOperation, () => Promise<unknown>>> = {
      open: () => files.open('/data/x', 'read'),
      create: () => files.open('/data/y', 'create'),
      read: () => file.read(new Uint8Array(1), 0),
      size: () => file.size(),
      write: () => file.write([filled(2)], 0),
      truncate: () => file.truncate(0),
      sync: () => file.sync(),
      rename: () => files.rename('/data/x', '/data/y'),
      remove: () => files.remove('/data/x'),
      list: () => files.list('/data'),
      makeFolder: () => files.makeFolder('/data/y'),
      syncFolder: () => files.syncFolder('/data'),
      lock: () => files.lock('/data/y'),
    };
    for (const [operation, call] of Object.entries(calls) as [DiskOperation, () => unknown][]) {
      disk.fail({ operation, code: 'EDQUOT' });
      await expect(call()).rejects.toMatchObject({ code: 'EDQUOT', syscall: operation });
      expect(await namesIn(disk, '/data')).toEqual(['x']);
      expectBytes(await readAll(file), filled(1));
    }
    // Once only.
    for (const operation of ['open', 'read', 'size', 'sync', 'list', 'syncFolder'] as const) {
      await calls[operation]();
    }
  });

  it('is an EIO of the next one, unless it is told otherwise', async () => {
    const { disk, files } = await makeDisk();
    disk.fail({ operation: 'create' });
    await expect(put(files, '/data/x', filled(1))).rejects.toMatchObject({ code: 'EIO' });
    await put(files, '/data/x', filled(1));
  });

  it('of the nth and so many after it, on paths with this end', async () => {
    const { disk, files } = await makeDisk();
    disk.fail({ operation: 'create', nth: 2, times: 2, path: '.log' });
    const made = async (name: string): Promise<boolean> =>
      files.open(`/data/${name}`, 'create').then(
        () => true,
        () => false,
      );
    expect(await made('1.log')).toBe(true);
    expect(await made('1.txt')).toBe(true);
    expect(await made('2.txt')).toBe(true);
    expect(await made('2.log')).toBe(false);
    expect(await made('3.txt')).toBe(true);
    expect(await made('3.log')).toBe(false);
    expect(await made('4.log')).toBe(true);
  });

  it('goes on until it is healed, or the power is lost', async () => {
    const { disk, files } = await makeDisk();
    disk.fail({ operation: 'list', times: Infinity });
    for (let at = 0; at < 5; at++) await expect(files.list('/')).rejects.toThrow('EIO');
    disk.heal();
    expect(await files.list('/')).toEqual(['data']);
    disk.fail({ operation: 'list', times: Infinity });
    disk.crash();
    expect(await disk.files().list('/')).toEqual(['data']);
  });

  it('that can never happen is refused', async () => {
    const { disk } = await makeDisk();
    for (const wrong of [{ nth: 0 }, { times: 0 }, { nth: Number.NaN }]) {
      expect(() => disk.fail({ operation: 'sync', ...wrong })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('S5: a sync that failed', () => {
  it('leaves what it should have written in the cache, where no later sync finds it', async () => {
    for (const loss of ['unsynced', 'nothing'] as const) {
      const { disk, files } = await makeDisk();
      const file = await durableFile(files, '/data/x', filled(1, 2 * sectorBytes));
      await writeAll(file, [filled(2)], 0);
      disk.fail({ operation: 'sync' });
      await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
      await file.sync();
      expectBytes((await readAll(file)).subarray(0, sectorBytes), filled(2));
      disk.crash(loss);
      expectBytes(await found(disk, '/data/x'), filled(1, 2 * sectorBytes));
    }
  });

  it('still shows it to the process after a kill', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    await writeAll(file, [filled(2)], 0);
    disk.fail({ operation: 'sync' });
    await expect(file.sync()).rejects.toThrow('EIO');
    disk.kill();
    expectBytes(await found(disk, '/data/x'), filled(2));
    await (await disk.files().open('/data/x', 'write')).sync();
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), filled(1));
  });

  it('lets a later sync write what is written again', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1, 2 * sectorBytes));
    await writeAll(file, [filled(2, 2 * sectorBytes)], 0);
    disk.fail({ operation: 'sync' });
    await expect(file.sync()).rejects.toThrow('EIO');
    // One byte makes its whole sector dirty.
    await writeAll(file, [filled(3, 1)], 5);
    await file.sync();
    disk.crash('unsynced');
    const wanted = filled(1, 2 * sectorBytes);
    wanted.fill(2, 0, sectorBytes);
    wanted[5] = 3;
    expectBytes(await found(disk, '/data/x'), wanted);
  });

  it('lets a later sync grow the file over what is missing', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    await writeAll(file, [filled(2)], sectorBytes);
    disk.fail({ operation: 'sync' });
    await expect(file.sync()).rejects.toThrow('EIO');
    await writeAll(file, [filled(3)], 2 * sectorBytes);
    await file.sync();
    disk.crash('unsynced');
    const wanted = Uint8Array.of(...filled(1), ...filled(0), ...filled(3));
    expectBytes(await found(disk, '/data/x'), wanted);
  });

  it('may have written some of it', async () => {
    const outcomes = await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1));
      await writeAll(file, [filled(2)], 0);
      disk.fail({ operation: 'sync' });
      await expect(file.sync()).rejects.toThrow('EIO');
      disk.crash('partly');
      return (await found(disk, '/data/x'))?.[0];
    });
    expect(new Set(outcomes)).toEqual(new Set([1, 2]));
  });

  it('takes nothing of what was written while it was under way', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    const other = await files.open('/data/x', 'write');
    await writeAll(file, [filled(2)], 0);
    disk.stall('sync');
    disk.fail({ operation: 'sync' });
    const sync = file.sync();
    await writeAll(other, [filled(3)], 0);
    disk.resume();
    await expect(sync).rejects.toThrow('EIO');
    await other.sync();
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), filled(3));
  });

  it('of a folder loses the names that it should have made durable', async () => {
    for (const loss of ['unsynced', 'nothing'] as const) {
      const { disk, files } = await makeDisk();
      await durableFile(files, '/data/old', filled(1));
      const file = await files.open('/data/new', 'create');
      await writeAll(file, [filled(2)], 0);
      await file.sync();
      await files.rename('/data/new', '/data/old');
      disk.fail({ operation: 'syncFolder' });
      await expect(files.syncFolder('/data')).rejects.toThrow('EIO');
      await put(files, '/data/later', filled(3));
      await files.syncFolder('/data');
      expectBytes(await found(disk, '/data/old'), filled(2));
      disk.crash(loss);
      expect(await namesIn(disk, '/data')).toEqual(['later', 'old']);
      expectBytes(await found(disk, '/data/old'), filled(1));
    }
  });
});

describe('S11: short writes', () => {
  it('take a part of what they were given, at random, and at least a byte', async () => {
    const { files } = await makeDisk({ shortWrites: 1 });
    const file = await files.open('/data/x', 'create');
    const taken = new Set<number>();
    for (let at = 0; at < 100; at++) taken.add(await file.write([sample(1, 10)], 0));
    expect([...taken].sort((left, right) => left - right)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await file.write([filled(1, 1)], 0)).toBe(1);
    await writeAll(file, [sample(2, 3000), sample(3, 500)], 0);
    expectBytes(await readAll(file), Uint8Array.of(...sample(2, 3000), ...sample(3, 500)));
  });
});

describe('a full disk', () => {
  it('takes what still has room, then nothing', async () => {
    const { files } = await makeDisk({ capacityBytes: 4 * sectorBytes });
    const file = await files.open('/data/x', 'create');
    expect(await file.write([filled(1, 3 * sectorBytes)], 100)).toBe(3 * sectorBytes);
    expect(await file.write([filled(2, 200)], 3 * sectorBytes + 100)).toBe(200);
    expect(await file.write([filled(2, 800)], 3 * sectorBytes + 300)).toBe(212);
    await expect(file.write([filled(2, 1)], 4 * sectorBytes)).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(await file.size()).toBe(4 * sectorBytes);
    // What has its space can be written again.
    expect(await file.write([filled(3, 4 * sectorBytes)], 0)).toBe(4 * sectorBytes);
    // A hole has none.
    await file.truncate(0);
    await file.truncate(100 * sectorBytes);
    expect(await file.write([filled(1, 5 * sectorBytes)], sectorBytes)).toBe(4 * sectorBytes);
    await expect(file.write([filled(1)], 0)).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('has room again for what was removed, renamed over or cut', async () => {
    const { files } = await makeDisk({ capacityBytes: 4 * sectorBytes });
    const full = filled(1, 4 * sectorBytes);
    await put(files, '/data/a', full);
    await expect(put(files, '/data/b', filled(1))).rejects.toMatchObject({ code: 'ENOSPC' });
    await files.rename('/data/b', '/data/a');
    await put(files, '/data/c', full);
    await files.remove('/data/c');
    await put(files, '/data/d', full);
    const file = await files.open('/data/d', 'write');
    await file.truncate(sectorBytes);
    await put(files, '/data/e', filled(1, 3 * sectorBytes));
    // Removed and still open.
    await files.remove('/data/d');
    await expect(put(files, '/data/f', filled(1))).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.close();
    const last = await files.open('/data/f', 'write');
    expect(await last.write([filled(1, 2 * sectorBytes)], 0)).toBe(sectorBytes);
  });
});

describe('a misdirected write', () => {
  it('goes to another position, and is missing where it should be', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1, 4 * sectorBytes));
    disk.misdirectNextWrite({ position: 2 * sectorBytes });
    expect(await file.write([filled(2)], 0)).toBe(sectorBytes);
    await file.write([filled(3)], sectorBytes);
    await file.sync();
    disk.crash('unsynced');
    const wanted = Uint8Array.of(...filled(1), ...filled(3), ...filled(2), ...filled(1));
    expectBytes(await found(disk, '/data/x'), wanted);
  });

  it('goes into another file, where it is durable at once', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/other', filled(1));
    const file = await files.open('/data/x', 'create');
    disk.misdirectNextWrite({ path: '/data/other' });
    await writeAll(file, [filled(2, 100)], 1000);
    expect(await file.size()).toBe(0);
    disk.crash('unsynced');
    const wanted = new Uint8Array(1100);
    wanted.set(filled(1));
    wanted.set(filled(2, 100), 1000);
    expectBytes(await found(disk, '/data/other'), wanted);
  });

  it('needs a file to go into, and is taken back by heal', async () => {
    const { disk, files } = await makeDisk();
    expect(() => disk.misdirectNextWrite({ path: '/data/no' })).toThrow('ENOENT');
    const file = await files.open('/data/x', 'create');
    disk.misdirectNextWrite({ position: 500 });
    disk.heal();
    await writeAll(file, [filled(1, 10)], 0);
    expectBytes(await readAll(file), filled(1, 10));
  });
});

describe('a flipped bit', () => {
  it('is one bit of one byte, counted through all durable files, and flips back', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/b', sample(2, 700));
    await durableFile(files, '/data/a', sample(1, 600));
    await put(files, '/data/aa', sample(3, 600));
    expect(disk.storedBytes).toBe(1300);
    for (const at of [0, 511, 512, 599, 600, 1299]) {
      disk.flipBit(at, at % 8);
      const wantedA = sample(1, 600);
      const wantedB = sample(2, 700);
      const [wanted, place] = at < 600 ? [wantedA, at] : [wantedB, at - 600];
      wanted[place] = (wanted[place] ?? 0) ^ (1 << (at % 8));
      expectBytes(await found(disk, '/data/a'), wantedA);
      expectBytes(await found(disk, '/data/b'), wantedB);
      expectBytes(disk.image().read('/data/a'), wantedA);
      disk.flipBit(at, at % 8);
    }
    expectBytes(await found(disk, '/data/a'), sample(1, 600));
    expectBytes(await found(disk, '/data/b'), sample(2, 700));
  });

  it('can be asked for by path, and stays when the power is lost', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/x', filled(0));
    disk.flipBit({ path: '/data/x', at: 5 }, 7);
    disk.crash('unsynced');
    expect((await found(disk, '/data/x'))?.[5]).toBe(128);
  });

  it('is in every version of a sector that is being written', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(0));
    await writeAll(file, [filled(1)], 0);
    disk.flipBit(5, 7);
    expect((await found(disk, '/data/x'))?.[5]).toBe(129);
    disk.crash('unsynced');
    expect((await found(disk, '/data/x'))?.[5]).toBe(128);
  });

  it('needs a byte to be in', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/x', filled(0));
    for (const [place, bit] of [
      [512, 0],
      [-1, 0],
      [0.5, 0],
      [0, 8],
      [{ path: '/data/x', at: 512 }, 0],
      [{ path: '/data/y', at: 0 }, 0],
    ] as const) {
      expect(() => disk.flipBit(place, bit)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});
