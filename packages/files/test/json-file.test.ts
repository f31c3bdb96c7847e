/** Small checked files of JSON: replaced in one durable step, and never believed when damaged. */
import { seededRandom } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonFields, readJsonFile, writeJsonFile } from '../src/index.ts';
import { type Loss, simulatedDisk } from '../src/simulated/index.ts';
import { contentOf, put, simulatedGround } from './grounds.ts';

const path = '/data/file.json';
const text = new TextEncoder();

const fields: JsonFields = {
  storage: 'file',
  format: 1,
  nested: { list: [1, 2.5, 'drei', null, true] },
  text: 'ümläut "quoted" \u001f',
};

describe('a file', () => {
  it('gives back what was written, and is replaced as a whole', async () => {
    const { files } = await simulatedGround();
    expect(await readJsonFile(files, path, 1000)).toBeUndefined();
    await writeJsonFile(files, path, fields);
    expect(await readJsonFile(files, path, 1000)).toEqual(fields);
    await writeJsonFile(files, path, { other: 1 });
    expect(await readJsonFile(files, path, 1000)).toEqual({ other: 1 });
    expect(await files.list('/data')).toEqual(['file.json']);
  });

  it('can be read by people: one field a line, the checksum last', async () => {
    const { files } = await simulatedGround();
    await writeJsonFile(files, path, { storage: 'file', format: 1 });
    const content = new TextDecoder().decode(await contentOf(files, path));
    expect(content).toMatch(
      /^\{\n {2}"storage": "file",\n {2}"format": 1,\n {2}"checksum": "[0-9a-f]{8}"\n\}\n$/,
    );
  });

  it('gives back any JSON', async () => {
    const { files } = await simulatedGround();
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (any) => {
        // A field of this name belongs to the file.
        const { checksum: _, ...wanted } = any;
        await writeJsonFile(files, path, wanted);
        expect(JSON.stringify(await readJsonFile(files, path, 10_000_000))).toBe(
          JSON.stringify(wanted),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is not written with a field that is called as its checksum', async () => {
    const { files } = await simulatedGround();
    await expect(writeJsonFile(files, path, { checksum: 'mine' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await files.list('/data')).toEqual([]);
  });
});

describe('damage', () => {
  it('in any bit is CORRUPT, or makes no difference', async () => {
    const { files } = await simulatedGround();
    await writeJsonFile(files, path, fields);
    const content = (await contentOf(files, path)) ?? new Uint8Array();
    let same = 0;
    for (let at = 0; at < content.length * 8; at++) {
      const damaged = content.slice();
      damaged[at >> 3] = (damaged[at >> 3] ?? 0) ^ (1 << (at & 7));
      await files.remove(path);
      await put(files, path, damaged);
      const read = await readJsonFile(files, path, 1000).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'CORRUPT' });
        return 'corrupt';
      });
      if (read === 'corrupt') continue;
      expect(read).toEqual(fields);
      same++;
    }
    // The two letters that JSON lets anybody write large or small are in an escape of four digits.
    expect(same).toBeLessThan(3);
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"storage": "fi'],
    ['a list', '[1, 2]'],
    ['null', 'null'],
    ['no checksum', '{"storage": "file"}'],
    ['bytes that are no text', '\u0000\u0001'],
    ['too much', `{"a": "${'x'.repeat(2000)}"}`],
  ])('%s in its place is CORRUPT', async (_, damaged) => {
    const { files } = await simulatedGround();
    await put(files, path, text.encode(damaged));
    await expect(readJsonFile(files, path, 1000)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining(path) as string,
    });
  });

  it('S1: a file that is too large is not read as a whole', async () => {
    const { files } = await simulatedGround();
    await put(files, path, new Uint8Array(1_000_000).fill(32));
    let longest = 0;
    const counting = {
      ...files,
      open: async (...words: Parameters<typeof files.open>) => {
        const file = await files.open(...words);
        const read = (into: Uint8Array, position: number): Promise<number> => {
          longest = Math.max(longest, position + into.length);
          return file.read(into, position);
        };
        return { read, close: () => file.close() } as typeof file;
      },
    };
    await expect(readJsonFile(counting, path, 1000)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(longest).toBeLessThanOrEqual(1001);
  });

  it('that is an error of the disk is told as such, not as damage', async () => {
    const disk = simulatedDisk();
    await disk.files().makeFolder('/data');
    await writeJsonFile(disk.files(), path, fields);
    disk.fail({ operation: 'read' });
    await expect(readJsonFile(disk.files(), path, 1000)).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe.each<Loss>(['nothing', 'unsynced', 'partly', 'garbage'])(
  'with a power loss of %s at any operation',
  (loss) => {
    it('either what was there or what was written is found', async () => {
      for (let seed = 1; seed <= 10; seed++) {
        const disk = simulatedDisk({ random: seededRandom(seed) });
        await disk.files().makeFolder('/data');
        await writeJsonFile(disk.files(), path, { version: 0 });
        const outcomes = new Set<boolean>();
        for (let nth = 1, last = 0; ; nth++) {
          disk.crashAt(nth, loss);
          const version = last + 1;
          const written = await writeJsonFile(disk.files(), path, { version }).then(
            () => true,
            () => false,
          );
          const read = await readJsonFile(disk.files(), path, 1000);
          expect([{ version: last }, { version }]).toContainEqual(read);
          outcomes.add(read?.['version'] === version);
          if (!disk.crashed) {
            expect(written).toBe(true);
            expect(read).toEqual({ version });
            // It is durable, too.
            disk.crash('unsynced');
            expect(await readJsonFile(disk.files(), path, 1000)).toEqual({ version });
            // Remove the draft of before, create, write, sync, rename, sync the folder.
            expect(nth).toBe(7);
            break;
          }
          last = Number(read?.['version']);
        }
        expect(outcomes).toContain(true);
      }
    });
  },
);

it('S5: a write that failed halfway changes nothing, and the next one starts over', async () => {
  for (const operation of ['create', 'write', 'sync', 'rename', 'syncFolder'] as const) {
    const disk = simulatedDisk();
    await disk.files().makeFolder('/data');
    await writeJsonFile(disk.files(), path, { version: 1 });
    disk.fail({ operation });
    await expect(writeJsonFile(disk.files(), path, { version: 2 })).rejects.toMatchObject({
      code: 'EIO',
    });
    await writeJsonFile(disk.files(), path, { version: 3 });
    disk.crash('unsynced');
    expect(await readJsonFile(disk.files(), path, 1000)).toEqual({ version: 3 });
  }
});
