/** What the port promises, asked of the real file system and of the simulated one alike. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type File,
  type FileSystem,
  folderOf,
  hasCode,
  readUpTo,
  writeAll,
  writeAllDurably,
} from '../src/index.ts';
import { contentOf, expectBytes, type Ground, grounds, put, sample } from './grounds.ts';

describe.each(grounds)('%s', (_, makeGround) => {
  let ground: Ground;
  let files: FileSystem;
  let folder: string;

  beforeEach(async () => {
    ground = await makeGround();
    ({ files, folder } = ground);
  });

  afterEach(async () => {
    await ground.remove();
  });

  describe('opening', () => {
    it('creates only what is not there, and otherwise only opens what is', async () => {
      const path = `${folder}/x`;
      for (const mode of ['read', 'write'] as const) {
        await expect(files.open(path, mode)).rejects.toMatchObject({ code: 'ENOENT' });
      }
      await (await files.open(path, 'create')).close();
      await expect(files.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' });
      for (const mode of ['read', 'write'] as const) await (await files.open(path, mode)).close();
    });

    it('makes no folder on the way', async () => {
      await expect(files.open(`${folder}/no/x`, 'create')).rejects.toMatchObject({
        code: 'ENOENT',
      });
    });

    it('for reading does not let anybody write', async () => {
      await put(files, `${folder}/x`, sample(1, 10));
      const file = await files.open(`${folder}/x`, 'read');
      await expect(file.write([sample(2, 1)], 0)).rejects.toMatchObject({ code: 'EBADF' });
      await file.close();
      expectBytes(await contentOf(files, `${folder}/x`), sample(1, 10));
    });

    it('gives handles that see each other, also two that create one after the other', async () => {
      const writer = await files.open(`${folder}/x`, 'create');
      const reader = await files.open(`${folder}/x`, 'read');
      await writeAll(writer, [sample(1, 3000)], 0);
      expectBytes(await readUpTo(reader, 9999, 0), sample(1, 3000));
      await Promise.all([writer.close(), reader.close()]);
    });
  });

  describe('a file', () => {
    let file: File;

    beforeEach(async () => {
      file = await files.open(`${folder}/x`, 'create');
    });

    afterEach(async () => {
      await file.close();
    });

    it('is empty at first', async () => {
      expect(await file.size()).toBe(0);
      expectBytes(await readUpTo(file, 10, 0), new Uint8Array());
    });

    it('takes many parts in one write, empty ones too', async () => {
      const parts = Array.from({ length: 3000 }, (_part, at) => sample(at, at % 4));
      await writeAll(file, parts, 0);
      const all = Uint8Array.from(parts.flatMap((part) => [...part]));
      expect(await file.size()).toBe(all.length);
      expectBytes(await readUpTo(file, all.length + 1, 0), all);
    });

    it('takes nothing from nothing', async () => {
      expect(await file.write([], 5)).toBe(0);
      expect(await file.write([new Uint8Array()], 5)).toBe(0);
      expect(await file.size()).toBe(0);
    });

    it('is overwritten in place', async () => {
      await writeAll(file, [sample(1, 2000)], 0);
      await writeAll(file, [sample(2, 100)], 450);
      const wanted = sample(1, 2000);
      wanted.set(sample(2, 100), 450);
      expectBytes(await readUpTo(file, 2000, 0), wanted);
    });

    it('reads as zeros where it was skipped', async () => {
      await writeAll(file, [sample(1, 10)], 5000);
      expect(await file.size()).toBe(5010);
      expectBytes(await readUpTo(file, 5000, 0), new Uint8Array(5000));
    });

    it('ends a read at its end', async () => {
      await writeAll(file, [sample(1, 1000)], 0);
      expectBytes(await readUpTo(file, 500, 800), sample(1, 1000).subarray(800));
      expect(await file.read(new Uint8Array(5), 1000)).toBe(0);
      expect(await file.read(new Uint8Array(5), 5000)).toBe(0);
    });

    it('shows zeros, and not what was cut, when it grows again', async () => {
      await writeAll(file, [sample(1, 2000)], 0);
      await file.truncate(700);
      expect(await file.size()).toBe(700);
      await file.truncate(3000);
      const wanted = new Uint8Array(3000);
      wanted.set(sample(1, 2000).subarray(0, 700));
      expectBytes(await readUpTo(file, 4000, 0), wanted);
    });

    it('is synced, also when there is nothing to do', async () => {
      await file.sync();
      await writeAll(file, [sample(1, 10)], 0);
      await file.sync();
      await files.syncFolder(folder);
    });

    it('takes writes that are durable each, the first like those after it', async () => {
      for (const at of [0, 1, 2, 3]) {
        await writeAllDurably(file, [sample(at, 100), sample(at + 10, 50)], 150 * at);
      }
      for (const at of [0, 1, 2, 3]) {
        expectBytes(await readUpTo(file, 100, 150 * at), sample(at, 100));
        expectBytes(await readUpTo(file, 50, 150 * at + 100), sample(at + 10, 50));
      }
      expect(await file.size()).toBe(600);
      await file.writeDurably([sample(7, 10)], 20);
      expectBytes(await readUpTo(file, 10, 20), sample(7, 10));
    });

    it('is closed once, and is of no use then', async () => {
      await writeAll(file, [sample(1, 10)], 0);
      await Promise.all([file.close(), file.close()]);
      await file.close();
      for (const used of [
        () => file.read(new Uint8Array(1), 0),
        () => file.write([sample(1, 1)], 0),
        () => file.writeDurably([sample(1, 1)], 0),
        () => file.sync(),
        () => file.truncate(0),
        () => file.size(),
      ]) {
        await expect(used()).rejects.toMatchObject({ code: 'EBADF' });
      }
    });

    it('does not reach another file that was opened after its end', async () => {
      await file.close();
      const other = await files.open(`${folder}/y`, 'create');
      await expect(file.write([sample(1, 10)], 0)).rejects.toMatchObject({ code: 'EBADF' });
      await expect(file.truncate(10)).rejects.toMatchObject({ code: 'EBADF' });
      expect(await other.size()).toBe(0);
      await other.close();
    });

    it('waits with its end for what is under way', async () => {
      const bytes = new Uint8Array(2 ** 23).fill(7);
      let taken = 0;
      void file.write([bytes], 0).then((wholly) => {
        taken = wholly;
      });
      await file.close();
      // The news has to get through some promises.
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      expect(taken).toBe(bytes.length);
      expectBytes(await contentOf(files, `${folder}/x`), bytes);
    });

    it('lives on without its name as long as it is open', async () => {
      await writeAll(file, [sample(1, 2000)], 0);
      await files.remove(`${folder}/x`);
      expectBytes(await readUpTo(file, 2000, 0), sample(1, 2000));
      await writeAll(file, [sample(2, 100)], 2000);
      await file.sync();
      expect(await file.size()).toBe(2100);
      // Its name is free for another one.
      await put(files, `${folder}/x`, sample(3, 5));
      expectBytes(await contentOf(files, `${folder}/x`), sample(3, 5));
      expect(await file.size()).toBe(2100);
    });
  });

  describe('names', () => {
    it('are listed, those of folders too, and none where there is no folder', async () => {
      expect(await files.list(folder)).toEqual([]);
      expect(await files.list(`${folder}/no`)).toEqual([]);
      await put(files, `${folder}/b`, sample(1, 1));
      await put(files, `${folder}/a`, sample(1, 1));
      await files.makeFolder(`${folder}/c/d`);
      expect([...(await files.list(folder))].sort()).toEqual(['a', 'b', 'c']);
      expect(await files.list(`${folder}/c`)).toEqual(['d']);
    });

    it('are removed, whether they are there or not', async () => {
      await put(files, `${folder}/a`, sample(1, 1));
      await files.remove(`${folder}/a`);
      await files.remove(`${folder}/a`);
      await files.remove(`${folder}/no/a`);
      expect(await files.list(folder)).toEqual([]);
    });

    it('a folder is not removed', async () => {
      await files.makeFolder(`${folder}/c`);
      await expect(files.remove(`${folder}/c`)).rejects.toThrow();
      expect(await files.list(folder)).toEqual(['c']);
    });

    it('a rename puts a file in the place of another, which lives on for who has it open', async () => {
      await put(files, `${folder}/a`, sample(1, 10));
      await put(files, `${folder}/b`, sample(2, 20));
      const before = await files.open(`${folder}/b`, 'read');
      const moved = await files.open(`${folder}/a`, 'read');
      await files.rename(`${folder}/a`, `${folder}/b`);
      expect(await files.list(folder)).toEqual(['b']);
      expectBytes(await contentOf(files, `${folder}/b`), sample(1, 10));
      expectBytes(await readUpTo(before, 99, 0), sample(2, 20));
      expectBytes(await readUpTo(moved, 99, 0), sample(1, 10));
      await Promise.all([before.close(), moved.close()]);
    });

    it('a rename moves between folders, and onto itself changes nothing', async () => {
      await files.makeFolder(`${folder}/c`);
      await put(files, `${folder}/a`, sample(1, 10));
      await files.rename(`${folder}/a`, `${folder}/a`);
      await files.rename(`${folder}/a`, `${folder}/c/b`);
      expect(await files.list(folder)).toEqual(['c']);
      expectBytes(await contentOf(files, `${folder}/c/b`), sample(1, 10));
    });

    it('a rename of nothing, or to nowhere, is ENOENT', async () => {
      await put(files, `${folder}/a`, sample(1, 10));
      for (const [from, to] of [
        ['no', 'b'],
        ['a', 'no/b'],
      ] as const) {
        await expect(files.rename(`${folder}/${from}`, `${folder}/${to}`)).rejects.toMatchObject({
          code: 'ENOENT',
        });
      }
      expect(await files.list(folder)).toEqual(['a']);
    });

    it('folders are made with those above them, also when they are there', async () => {
      await files.makeFolder(`${folder}/a/b/c`);
      await files.makeFolder(`${folder}/a/b/c`);
      await files.makeFolder(`${folder}/a/b`);
      await files.syncFolder(`${folder}/a/b/c`);
      expect(await files.list(`${folder}/a/b`)).toEqual(['c']);
    });

    it('a folder that is not there cannot be synced', async () => {
      await expect(files.syncFolder(`${folder}/no`)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('a folder cannot be made where a file is', async () => {
      await put(files, `${folder}/a`, sample(1, 10));
      await expect(files.makeFolder(`${folder}/a`)).rejects.toMatchObject({ code: 'EEXIST' });
      await expect(files.makeFolder(`${folder}/a/b`)).rejects.toThrow();
    });
  });

  describe('a lock', () => {
    it('keeps every other one out until it ends', async () => {
      const path = `${folder}/lock`;
      const end = await files.lock(path);
      expect(await files.list(folder)).toEqual(['lock']);
      await expect(files.lock(path)).rejects.toMatchObject({ code: 'LOCKED' });
      await expect(files.lock(path)).rejects.toMatchObject({ code: 'LOCKED' });
      await end();
      const endAgain = await files.lock(path);
      await expect(files.lock(path)).rejects.toMatchObject({ code: 'LOCKED' });
      await endAgain();
    });

    it('is given to one of those who ask at once', async () => {
      const asked = await Promise.allSettled(
        Array.from({ length: 4 }, () => files.lock(`${folder}/lock`)),
      );
      const given = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(given).toHaveLength(1);
      await given[0]?.();
    });

    it('on one file does not lock another', async () => {
      const ends = await Promise.all([files.lock(`${folder}/a`), files.lock(`${folder}/b`)]);
      for (const end of ends) await end();
    });
  });
});

describe('writeAll', () => {
  /** Takes so many bytes at most in each write. */
  class Slow {
    readonly content: number[] = [];
    readonly most: readonly number[];
    calls = 0;

    constructor(most: readonly number[]) {
      this.most = most;
    }

    async write(parts: readonly Uint8Array[], position: number): Promise<number> {
      const all = parts.flatMap((part) => [...part]);
      const taken = all.slice(0, this.most[this.calls++ % this.most.length]);
      this.content.splice(position, taken.length, ...taken);
      return taken.length;
    }
  }

  it.each([[[1]], [[2, 3]], [[7]], [[1000]], [[10, 1, 1]]])(
    'S11: writes everything where a write takes %j bytes',
    async (most) => {
      const file = new Slow(most);
      const parts = [sample(1, 10), new Uint8Array(), sample(2, 1), sample(3, 7)];
      await writeAll(file, parts, 0);
      expect(file.content).toEqual(parts.flatMap((part) => [...part]));
    },
  );

  it('goes on behind the position', async () => {
    const file = new Slow([3]);
    await writeAll(file, [sample(1, 10)], 0);
    await writeAll(file, [sample(2, 5), sample(3, 5)], 10);
    expect(file.content).toEqual([...sample(1, 10), ...sample(2, 5), ...sample(3, 5)]);
  });

  it('gives up on a file that takes nothing', async () => {
    await expect(writeAll(new Slow([0]), [sample(1, 1)], 0)).rejects.toThrow('no more bytes');
  });

  it('does not change the list of parts that it was given', async () => {
    const parts = [sample(1, 10), sample(2, 10)];
    await writeAll(new Slow([3]), parts, 0);
    expect(parts).toEqual([sample(1, 10), sample(2, 10)]);
  });
});

describe('readUpTo', () => {
  it('puts short reads together, and stops at the end', async () => {
    const content = sample(1, 10);
    const file = {
      read: async (into: Uint8Array, position: number): Promise<number> => {
        const piece = content.subarray(position, Math.min(position + 3, position + into.length));
        into.set(piece);
        return piece.length;
      },
    };
    expectBytes(await readUpTo(file, 8, 1), content.subarray(1, 9));
    expectBytes(await readUpTo(file, 80, 1), content.subarray(1));
    expectBytes(await readUpTo(file, 0, 1), new Uint8Array());
  });
});

it.each([
  ['/a/b', '/a'],
  ['/a', '/'],
  ['/a/b/c.d', '/a/b'],
])('%s lies in %s', (path, folder) => {
  expect(folderOf(path)).toBe(folder);
});

it('a code is recognised on errors alone', () => {
  expect(hasCode(Object.assign(new Error('x'), { code: 'EIO' }), 'EIO')).toBe(true);
  expect(hasCode(new Error('EIO'), 'EIO')).toBe(false);
  expect(hasCode({ code: 'EIO' }, 'EIO')).toBe(false);
  expect(hasCode(undefined, 'EIO')).toBe(false);
});
