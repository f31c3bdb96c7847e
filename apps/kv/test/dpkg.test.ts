import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStanza, readDpkg } from '../src/import/dpkg.ts';
import { collect, pieces, textOf } from './streams.ts';

const limits = { maxKeyBytes: 100, maxValueBytes: 2_000 };
const fixture = new URL('fixtures/status', import.meta.url);

describe('readDpkg', () => {
  it('gives each stanza a key of its own, by package, architecture, version', async () => {
    const records = await collect(readDpkg(pieces(await readFile(fixture)), limits));
    expect(records.map(({ key, line }) => [line, key])).toEqual([
      [1, 'adduser'],
      [11, 'libc6'],
      [18, 'libc6:i386'],
      [25, 'libc6:i386=2.31-13'],
      [32, 'zlib1g'],
    ]);
  });

  it('keeps every byte, however the file is cut into chunks', async () => {
    const file = await readFile(fixture);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), async (chunkBytes) => {
        const records = await collect(readDpkg(pieces(file, chunkBytes), limits));
        const written = Buffer.concat(records.flatMap(({ value }) => formatStanza(value)));
        expect(written.equals(file)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps bytes that are not UTF-8, and takes a last stanza without its empty line', async () => {
    const file = Buffer.from('Package: a\nMaintainer: J\xf6rg\n\nPackage: b\nEnd: here', 'latin1');
    const records = await collect(readDpkg(pieces(file), limits));
    expect(records.map(({ key, value }) => [key, Buffer.from(value).toString('latin1')])).toEqual([
      ['a', 'Package: a\nMaintainer: J\xf6rg\n'],
      ['b', 'Package: b\nEnd: here'],
    ]);
  });

  it.each([
    [
      'no Package field',
      'Package: a\n\nVersion: 1\n\n',
      'MALFORMED',
      'line 3: the stanza has no Package',
    ],
    [
      'the same stanza twice',
      'Package: a\n\n'.repeat(4),
      'MALFORMED',
      'line 7: the stanza of a:unknown=unknown',
    ],
    ['a stanza over the limit', `Package: a\nX: ${'x'.repeat(2_000)}\n`, 'TOO_LARGE', 'line 1: '],
    ['many lines over the limit', `Package: a\n${'X: y\n'.repeat(500)}`, 'TOO_LARGE', 'line 1: '],
    ['a key over the limit', `Package: ${'a'.repeat(101)}\n`, 'TOO_LARGE', 'line 1: '],
  ])('names the line of %s', async (_what, text, code, message) => {
    const reading = collect(readDpkg(pieces(Buffer.from(text)), limits));
    await expect(reading).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('leaves out what somebody takes note of, and goes on', async () => {
    const noted: string[] = [];
    const records = await collect(
      readDpkg(pieces(Buffer.from('Version: 1\n\nPackage: b\n\n')), limits, (error) => {
        noted.push(error.message);
      }),
    );
    expect(records.map(({ key, value }) => [key, textOf(value)])).toEqual([['b', 'Package: b\n']]);
    expect(noted).toEqual(['line 1: the stanza has no Package field']);
  });
});
