/**
 * LevelDB never checks the blocks of its tables: we do, so that no flipped bit hides a record or shows
 * the one before it.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CorruptError, MalformedError, seededRandom, type StorageOp, utf8 } from '@quorate/core';
import { type File, type FileSystem, nodeFileSystem } from '@quorate/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../src/castagnoli.ts';
import { recordKey } from '../src/format.ts';
import { TableChecker } from '../src/leveldb-table.ts';
import { unpackSnappy } from '../src/snappy.ts';
import { owner, TestFolder } from './harness/folder.ts';

let folder: TestFolder;

beforeEach(() => {
  folder = new TestFolder(seededRandom(1));
});

afterEach(async () => {
  await folder.remove();
});

/** Writes, and opens once more, so that LevelDB puts it into a table of its own. */
async function writeTable(ops: readonly StorageOp[]): Promise<void> {
  const storage = folder.storage();
  await storage.open(owner);
  await storage.write(ops);
  await storage.close();
  const again = folder.storage();
  await again.open(owner);
  await again.close();
}

async function newestTable(): Promise<string> {
  const tables = (await readdir(folder.database)).filter((name) => name.endsWith('.ldb'));
  return join(folder.database, tables.sort().at(-1) ?? '');
}

/** A file system that shows these bytes in the place of every file. */
function showing(bytes: Uint8Array): FileSystem {
  const file: File = {
    read: async (into, position) => {
      const piece = bytes.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    },
    size: async () => bytes.length,
    write: () => Promise.reject(new Error('read only')),
    writeDurably: () => Promise.reject(new Error('read only')),
    sync: async () => undefined,
    truncate: () => Promise.reject(new Error('read only')),
    close: async () => undefined,
  };
  return { ...nodeFileSystem, open: async () => file };
}

function noise(seed: number, bytes: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: bytes }, () => random.below(256));
}

describe('a table', () => {
  it('with a flipped bit anywhere fails its check', async () => {
    const random = seededRandom(7);
    const ops = Array.from({ length: 40 }, (_, at): StorageOp => {
      return { type: 'put', index: 1 + at * 3, record: noise(at, random.below(300)) };
    });
    await writeTable(ops);
    const path = await newestTable();
    const sound = await readFile(path);
    await new TableChecker(nodeFileSystem).check(path, sound.length);
    const unnoticed: number[] = [];
    for (let at = 0; at < sound.length; at++) {
      const damaged = Uint8Array.from(sound);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
      try {
        await new TableChecker(showing(damaged)).check(path, sound.length);
        unnoticed.push(at);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT' });
      }
    }
    // The footer is filled up to its size with bytes that mean nothing.
    expect(unnoticed.length).toBeLessThan(48 - 8 - 4);
    expect(Math.min(...unnoticed)).toBeGreaterThan(sound.length - 48);
  });

  it('that is longer or shorter than the manifest says, or gone, fails its check', async () => {
    await writeTable([{ type: 'put', index: 1, record: noise(1, 100) }]);
    const path = await newestTable();
    const { size } = await stat(path);
    const check = (at: string, bytes: number): Promise<void> =>
      new TableChecker(nodeFileSystem).check(at, bytes);
    await expect(check(path, size - 1)).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(check(path, size + 1)).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(check(`${path}x`, size)).rejects.toThrow('is gone');
    for (const content of ['', 'x'.repeat(20), 'x'.repeat(100)]) {
      await writeFile(path, content);
      await expect(check(path, content.length)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  it('may be large, with packed blocks and a packed index', async () => {
    const ops = Array.from({ length: 30_000 }, (_, at): StorageOp => {
      return { type: 'put', index: 1 + at, record: utf8(`record ${String(at)} `.repeat(10)) };
    });
    await writeTable(ops);
    const path = await newestTable();
    const sound = await readFile(path);
    expect(sound.length).toBeGreaterThan(500_000);
    await new TableChecker(nodeFileSystem).check(path, sound.length);
    const random = seededRandom(3);
    for (let round = 0; round < 30; round++) {
      const damaged = Uint8Array.from(sound);
      const at = random.below(sound.length - 48);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
      await expect(
        new TableChecker(showing(damaged)).check(path, sound.length),
        `a bit of byte ${String(at)}`,
      ).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });
});

describe('an open', () => {
  it('notices a damaged key, in the place of which LevelDB shows the record before', async () => {
    // Large enough that it does not pay to pack the block.
    const [older, newer] = [noise(1, 2000), noise(2, 2000)];
    await writeTable([{ type: 'put', index: 5, record: older }]);
    await writeTable([{ type: 'put', index: 5, record: newer }]);
    const path = await newestTable();
    const bytes = await readFile(path);
    const key = Buffer.from(recordKey(5));
    bytes[bytes.indexOf(key) + key.length - 1] = 4;
    await writeFile(path, bytes);
    const refusal = folder.storage().open(owner);
    await expect(refusal).rejects.toThrow(CorruptError);
    await expect(refusal).rejects.toThrow('.ldb is damaged: the block at byte 0 fails its check');
    const trusting = folder.storage({ checkTables: false });
    expect((await trusting.open(owner)).lastRecord).toEqual(older);
    await trusting.close();
  });
});

describe('CRC-32C', () => {
  it('is that of Castagnoli, at any length', () => {
    expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array())).toBe(0);
    for (let length = 1; length < 40; length++) {
      const bytes = noise(length, length);
      let crc = 0xffffffff;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
      }
      expect(crc32c(bytes)).toBe(~crc >>> 0);
    }
    expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8);
  });
});

describe('Snappy', () => {
  const unpack = (...packed: readonly number[]): number[] => [
    ...unpackSnappy(Uint8Array.from(packed), 1000),
  ];

  it('unpacks literals and copies of every form', () => {
    expect(unpack(0)).toEqual([]);
    expect(unpack(3, 0x08, 1, 2, 3)).toEqual([1, 2, 3]);
    // A literal whose length follows in a byte of its own, or in two.
    const long = Array.from({ length: 70 }, (_, at) => at);
    expect(unpack(70, 60 << 2, 69, ...long)).toEqual(long);
    expect(unpack(70, 61 << 2, 69, 0, ...long)).toEqual(long);
    // Copies that reach one, two and four bytes; the first of them overlaps with itself.
    expect(unpack(7, 0x04, 1, 2, 0x01 | (1 << 2), 2)).toEqual([1, 2, 1, 2, 1, 2, 1]);
    expect(unpack(4, 0x04, 1, 2, 0x02 | (1 << 2), 2, 0)).toEqual([1, 2, 1, 2]);
    expect(unpack(3, 0x04, 1, 2, 0x03, 1, 0, 0, 0)).toEqual([1, 2, 2]);
  });

  it.each([
    ['nothing', []],
    ['a length over the limit', [0xff, 0xff, 0x7f]],
    ['less than the length says', [3, 0x00, 1]],
    ['more than the length says', [1, 0x08, 1, 2, 3]],
    ['a copy of what is not there', [4, 0x00, 1, 0x02, 5, 0]],
    ['a copy of nothing', [4, 0x00, 1, 0x02, 0, 0]],
    ['a copy beyond the end', [3, 0x00, 1, 0x01 | (4 << 2), 1]],
    ['a literal that is cut off', [9, 0x20, 1]],
  ])('refuses %s', (_what, packed) => {
    expect(() => unpack(...packed)).toThrow(MalformedError);
  });
});
