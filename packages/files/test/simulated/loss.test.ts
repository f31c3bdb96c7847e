/** What a power loss takes, kind by kind. */
import { describe, expect, it } from 'vitest';
import { writeAll } from '../../src/index.ts';
import type { Loss } from '../../src/simulated/index.ts';
import { expectBytes, put, sample } from '../grounds.ts';
import {
  durableFile,
  filled,
  found,
  makeDisk,
  namesIn,
  sectorBytes,
  underSeeds,
  valueOf,
} from './harness.ts';

const losses: readonly Loss[] = ['nothing', 'unsynced', 'partly', 'garbage'];

describe.each(losses)('whatever was synced survives the loss of %s', (loss) => {
  it('content and size, with the name', async () => {
    await underSeeds(20, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', sample(1, 3000));
      await file.truncate(2900);
      await writeAll(file, [sample(2, 700)], 400);
      await file.sync();
      disk.crash(loss);
      const wanted = sample(1, 2900);
      wanted.set(sample(2, 700), 400);
      expectBytes(await found(disk, '/data/x'), wanted);
    });
  });

  it('a rename over another file, and a removal', async () => {
    await underSeeds(20, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await durableFile(files, '/data/old', filled(1));
      await durableFile(files, '/data/new', filled(2));
      await durableFile(files, '/data/gone', filled(3));
      await files.rename('/data/new', '/data/old');
      await files.remove('/data/gone');
      await files.syncFolder('/data');
      disk.crash(loss);
      expect(await namesIn(disk, '/data')).toEqual(['old']);
      expectBytes(await found(disk, '/data/old'), filled(2));
    });
  });

  it('folders, as soon as they are made', async () => {
    const { disk, files } = await makeDisk();
    await files.makeFolder('/data/a/b');
    disk.crash(loss);
    expect(await namesIn(disk, '/data/a')).toEqual(['b']);
  });

  it('sectors next to those that were being written', async () => {
    await underSeeds(50, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', sample(1, 5 * sectorBytes));
      await writeAll(file, [filled(7)], 2 * sectorBytes);
      disk.crash(loss);
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      const wanted = sample(1, 5 * sectorBytes);
      // The one in the middle is another test's business.
      const written = content.subarray(2 * sectorBytes, 3 * sectorBytes);
      wanted.set(written, 2 * sectorBytes);
      expectBytes(content, wanted);
    });
  });
});

describe('the loss of nothing', () => {
  it('keeps everything that was done', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    await writeAll(file, [filled(2)], sectorBytes);
    await durableFile(files, '/data/gone', filled(3));
    await files.remove('/data/gone');
    await put(files, '/data/made', filled(4));
    await files.rename('/data/x', '/data/y');
    disk.crash('nothing');
    expect(await namesIn(disk, '/data')).toEqual(['made', 'y']);
    expectBytes(await found(disk, '/data/made'), filled(4));
    expectBytes(await found(disk, '/data/y'), Uint8Array.of(...filled(1), ...filled(2)));
  });

  it('and makes it durable', async () => {
    const { disk, files } = await makeDisk();
    await put(files, '/data/x', filled(1));
    disk.crash('nothing');
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), filled(1));
  });
});

describe('the loss of everything unsynced', () => {
  it('takes what was written, appended and cut', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', sample(1, 2000));
    await writeAll(file, [sample(2, 900)], 0);
    await writeAll(file, [sample(3, 900)], 2000);
    await file.truncate(100);
    await file.truncate(5000);
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), sample(1, 2000));
  });

  it('takes what was written after the sync began, although the sync ended well', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    const other = await files.open('/data/x', 'write');
    await writeAll(file, [filled(2)], 0);
    disk.stall('sync');
    const sync = file.sync();
    await writeAll(other, [filled(3)], 0);
    await writeAll(other, [filled(3)], sectorBytes);
    disk.resume();
    await sync;
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), filled(2));
  });

  it('S6: takes a file whose name was not synced, however often its content was', async () => {
    const { disk, files } = await makeDisk();
    const file = await files.open('/data/x', 'create');
    await writeAll(file, [filled(1)], 0);
    await file.sync();
    await files.syncFolder('/');
    disk.crash('unsynced');
    expect(await namesIn(disk, '/data')).toEqual([]);
  });

  it('leaves an empty file where only the name was synced', async () => {
    const { disk, files } = await makeDisk();
    await put(files, '/data/x', filled(1));
    await files.syncFolder('/data');
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), new Uint8Array());
  });

  it('undoes renames and removals', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/old', filled(1));
    await durableFile(files, '/data/new', filled(2));
    await durableFile(files, '/data/gone', filled(3));
    await files.rename('/data/new', '/data/old');
    await files.remove('/data/gone');
    disk.crash('unsynced');
    expect(await namesIn(disk, '/data')).toEqual(['gone', 'new', 'old']);
    expectBytes(await found(disk, '/data/old'), filled(1));
    expectBytes(await found(disk, '/data/new'), filled(2));
    expectBytes(await found(disk, '/data/gone'), filled(3));
  });

  it('keeps a rename between two folders when either is synced, and what came before it', async () => {
    for (const synced of ['/data', '/other']) {
      const { disk, files } = await makeDisk();
      await files.makeFolder('/other');
      await files.makeFolder('/third');
      await put(files, '/data/x', filled(1));
      await put(files, '/other/before', filled(2));
      await put(files, '/third/before', filled(2));
      await files.rename('/data/x', '/other/x');
      await put(files, '/data/after', filled(3));
      await put(files, '/other/after', filled(3));
      await files.syncFolder(synced);
      disk.crash('unsynced');
      const isData = synced === '/data';
      expect(await namesIn(disk, '/data')).toEqual(isData ? ['after'] : []);
      expect(await namesIn(disk, '/other')).toEqual(
        isData ? ['before', 'x'] : ['after', 'before', 'x'],
      );
      expect(await namesIn(disk, '/third')).toEqual([]);
    }
  });

  it('brings a file back with what was synced under another name', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    await files.rename('/data/x', '/data/y');
    await writeAll(file, [filled(2)], 0);
    await file.sync();
    await writeAll(file, [filled(3)], 0);
    disk.crash('unsynced');
    expect(await namesIn(disk, '/data')).toEqual(['x']);
    expectBytes(await found(disk, '/data/x'), filled(2));
  });
});

describe('a partial loss', () => {
  it('takes any of the sectors, not the last ones', async () => {
    const outcomes = await underSeeds(400, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 4 * sectorBytes));
      await writeAll(file, [filled(2, 4 * sectorBytes)], 0);
      disk.crash('partly');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      return [0, 1, 2, 3].map((sector) => valueOf(content, sector)).join('');
    });
    const combinations = ['1', '2'].flatMap((a) =>
      ['1', '2'].flatMap((b) =>
        ['1', '2'].flatMap((c) => ['1', '2'].map((d) => `${a}${b}${c}${d}`)),
      ),
    );
    expect([...new Set(outcomes)].sort()).toEqual(combinations.sort());
  });

  it('leaves any version of a sector that was written several times', async () => {
    const outcomes = await underSeeds(100, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1));
      for (const value of [2, 3, 4]) await writeAll(file, [filled(value)], 0);
      disk.crash('partly');
      return valueOf((await found(disk, '/data/x')) ?? new Uint8Array(), 0);
    });
    expect([...new Set(outcomes)].sort()).toEqual([1, 2, 3, 4]);
  });

  it('leaves the old size, the new one, or one in between; zeros where nothing arrived', async () => {
    const outcomes = await underSeeds(200, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1));
      await writeAll(file, [filled(2, 3 * sectorBytes)], sectorBytes);
      disk.crash('partly');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expect(valueOf(content, 0)).toBe(1);
      for (let sector = 1; sector * sectorBytes < content.length; sector++) {
        expect([0, 2]).toContain(valueOf(content, sector));
      }
      return content.length;
    });
    expect(outcomes).toContain(sectorBytes);
    expect(outcomes).toContain(4 * sectorBytes);
    expect(Math.min(...outcomes)).toBe(sectorBytes);
    expect(Math.max(...outcomes)).toBe(4 * sectorBytes);
    expect(new Set(outcomes).size).toBeGreaterThan(5);
  });

  it('leaves what was cut as it was, or cuts it', async () => {
    const outcomes = await underSeeds(100, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 4 * sectorBytes));
      await file.truncate(sectorBytes);
      disk.crash('partly');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expectBytes(content, filled(1, content.length));
      return content.length;
    });
    expect(new Set(outcomes)).toEqual(new Set([sectorBytes, 4 * sectorBytes]));
  });

  it('does not bring back what was cut before something else was written there', async () => {
    const outcomes = await underSeeds(200, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 4 * sectorBytes));
      await file.truncate(sectorBytes);
      await writeAll(file, [filled(2, 2 * sectorBytes)], sectorBytes);
      disk.crash('partly');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      const values = Array.from({ length: Math.ceil(content.length / sectorBytes) }, (_, sector) =>
        valueOf(content, sector),
      );
      return values.join('');
    });
    // Before the cut, or after it, with any of the new sectors as far as the size goes.
    expect(outcomes.every((values) => /^(1111|1[02]{0,2})$/.test(values))).toBe(true);
    expect(outcomes).toEqual(expect.arrayContaining(['1111', '1', '122', '102']));
  });

  it('keeps a sector with a synced half and a new half in one piece', async () => {
    const outcomes = await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 100));
      await writeAll(file, [filled(2, 100)], 100);
      disk.crash('partly');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expectBytes(content.subarray(0, 100), filled(1, 100));
      return content.slice(100).join('');
    });
    expect(outcomes).toContain('');
    expect(outcomes).toContain('2'.repeat(100));
  });

  it('shows zeros behind the end of a file when it grows again', async () => {
    await underSeeds(40, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 100));
      await writeAll(file, [filled(2, 300)], 100);
      disk.crash('partly');
      const length = (await found(disk, '/data/x'))?.length ?? 0;
      await (await disk.files().open('/data/x', 'write')).truncate(500);
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expectBytes(content.subarray(length), new Uint8Array(500 - length));
    });
  });

  it('keeps the name changes of a folder up to some point, each folder for itself', async () => {
    const outcomes = await underSeeds(300, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await files.makeFolder('/other');
      await durableFile(files, '/data/a', filled(1));
      await files.rename('/data/a', '/data/b');
      await put(files, '/other/x', filled(2));
      await files.rename('/data/b', '/data/c');
      await files.remove('/data/c');
      disk.crash('partly');
      return [await namesIn(disk, '/data'), await namesIn(disk, '/other')].join('|');
    });
    expect([...new Set(outcomes)].sort()).toEqual(
      ['a', 'b', 'c', ''].flatMap((left) => [`${left}|`, `${left}|x`]).sort(),
    );
  });

  it('leaves one of the two files after a rename of one over the other', async () => {
    const outcomes = await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await durableFile(files, '/data/old', filled(1));
      await durableFile(files, '/data/new', filled(2));
      await files.rename('/data/new', '/data/old');
      disk.crash('partly');
      const names = await namesIn(disk, '/data');
      const content = (await found(disk, '/data/old')) ?? new Uint8Array();
      return `${names.join('+')}: ${String(valueOf(content, 0))}`;
    });
    expect([...new Set(outcomes)].sort()).toEqual(['new+old: 1', 'old: 2']);
  });

  it('S6: leaves a name without its content', async () => {
    const outcomes = await underSeeds(100, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await durableFile(files, '/data/old', filled(1));
      // Renamed before it was synced: the mistake that this one is for.
      await put(files, '/data/new', filled(2));
      await files.rename('/data/new', '/data/old');
      disk.crash('partly');
      return (await found(disk, '/data/old'))?.length;
    });
    expect(outcomes).toContain(0);
  });

  it('moves a file between two folders as a whole or not at all', async () => {
    const outcomes = await underSeeds(100, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await files.makeFolder('/other');
      await durableFile(files, '/data/x', filled(1));
      await put(files, '/data/before', filled(2));
      await files.rename('/data/x', '/other/x');
      await put(files, '/other/after', filled(3));
      disk.crash('partly');
      return [await namesIn(disk, '/data'), await namesIn(disk, '/other')].join('|');
    });
    expect([...new Set(outcomes)].sort()).toEqual(
      ['x|', 'before,x|', 'before|x', 'before|after,x'].sort(),
    );
  });
});

describe('a loss with garbage', () => {
  it('leaves random bytes in some of the sectors that were being written', async () => {
    const outcomes = await underSeeds(100, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 3 * sectorBytes));
      await writeAll(file, [filled(2, 2 * sectorBytes)], 0);
      disk.crash('garbage');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expect(valueOf(content, 2)).toBe(1);
      return [valueOf(content, 0), valueOf(content, 1)];
    });
    for (const sector of [0, 1]) {
      expect(new Set(outcomes.map((values) => values[sector]))).toEqual(new Set([1, 2, undefined]));
    }
  });

  it('takes the whole sector of a write, also what was synced in it', async () => {
    const outcomes = await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 100));
      await writeAll(file, [filled(2, 100)], 100);
      disk.crash('garbage');
      return (await found(disk, '/data/x'))?.subarray(0, 100).every((byte) => byte === 1);
    });
    expect(new Set(outcomes)).toEqual(new Set([true, false]));
  });

  it('or only the bytes that it changed, where the disk promises that', async () => {
    const outcomes = await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random, garbage: 'bytes' });
      const file = await durableFile(files, '/data/x', filled(1, 200));
      await writeAll(file, [filled(2, 50)], 100);
      disk.crash('garbage');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expectBytes(content.subarray(0, 100), filled(1, 100));
      expectBytes(content.subarray(150), filled(1, 50));
      return valueOf(content.subarray(100, 150), 0);
    });
    expect(new Set(outcomes)).toEqual(new Set([1, 2, undefined]));
  });

  it('leaves no garbage where a file was only cut', async () => {
    await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1, 4 * sectorBytes));
      await file.truncate(sectorBytes);
      disk.crash('garbage');
      const content = (await found(disk, '/data/x')) ?? new Uint8Array();
      expectBytes(content, filled(1, content.length));
    });
  });
});

it('what a power loss left is durable: the next one takes nothing of it', async () => {
  await underSeeds(40, async (random) => {
    const { disk, files } = await makeDisk({ random });
    const file = await durableFile(files, '/data/x', filled(1, 3000));
    await writeAll(file, [filled(2, 3000)], 1000);
    await put(files, '/data/y', filled(3));
    disk.crash('garbage');
    const before = disk.image();
    for (const loss of losses) disk.crash(loss);
    const after = disk.image();
    expect(after.paths()).toEqual(before.paths());
    for (const path of after.paths())
      expectBytes(after.read(path), before.read(path) ?? new Uint8Array());
  });
});
