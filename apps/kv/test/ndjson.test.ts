import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from '../src/import/lines.ts';
import { formatNdjson, readNdjson } from '../src/import/ndjson.ts';
import { collect, pieces, textOf } from './streams.ts';

const limits = { maxKeyBytes: 20, maxValueBytes: 100 };

describe('readLines', () => {
  it('splits at line feeds only, wherever the chunks end', async () => {
    for (let chunkBytes = 1; chunkBytes < 20; chunkBytes++) {
      const lines = await collect(
        readLines(pieces(Buffer.from('ab\r\n\n\u2028c\nlast'), chunkBytes), 100),
      );
      expect(lines.map(({ number, bytes, ended }) => [number, textOf(bytes), ended])).toEqual([
        [1, 'ab\r', true],
        [2, '', true],
        [3, '\u2028c', true],
        [4, 'last', false],
      ]);
    }
  });

  it('keeps no more of a line than its limit', async () => {
    const lines = await collect(readLines(pieces(Buffer.from(`${'x'.repeat(1_000)}\nab\n`)), 10));
    expect(lines.map(({ bytes, cut }) => [textOf(bytes), cut])).toEqual([
      ['x'.repeat(10), true],
      ['ab', false],
    ]);
  });
});

describe('NDJSON', () => {
  it('brings any key and value back byte for byte', async () => {
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 5 });
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.string({ unit: 'binary', maxLength: 20 }).map((text) => new Uint8Array(Buffer.from(text))),
      // A byte order mark is data, and decoders like to drop it.
      fc.constant(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { maxLength: 5 }), async (records) => {
        const file = records.map(([name, bytes]) => formatNdjson(name, bytes)).join('');
        const read = await collect(readNdjson(pieces(Buffer.from(file)), limits));
        expect(read.map(({ key: name, value: bytes }) => [name, new Uint8Array(bytes)])).toEqual(
          records,
        );
      }),
    );
  });

  it('names the lines of records, and passes over empty ones', async () => {
    const file = '{"key":"a","value":"1"}\n\n \r\n{"key":"b","valueBase64":"/w==","more":1}';
    const records = await collect(readNdjson(pieces(Buffer.from(file)), limits));
    expect(records.map(({ key, line }) => [key, line])).toEqual([
      ['a', 1],
      ['b', 4],
    ]);
    expect(Buffer.from(records[1]?.value ?? [])).toEqual(Buffer.of(0xff));
  });

  it.each([
    ['no JSON', '{"key":', 'MALFORMED'],
    ['no object', '[1]', 'INVALID_ARGUMENT'],
    ['no key', '{"value":"1"}', 'INVALID_ARGUMENT'],
    ['an empty key', '{"key":"","value":"1"}', 'MALFORMED'],
    ['no value', '{"key":"a"}', 'MALFORMED'],
    ['two values', '{"key":"a","value":"1","valueBase64":"MQ=="}', 'MALFORMED'],
    ['a value that is no text', '{"key":"a","value":1}', 'INVALID_ARGUMENT'],
    ['bad base64', '{"key":"a","valueBase64":"M?=="}', 'INVALID_ARGUMENT'],
    ['half a character', '{"key":"a","value":"\\ud800"}', 'MALFORMED'],
    ['half a character in the key', '{"key":"\\udfff","value":""}', 'MALFORMED'],
    ['bytes that are not UTF-8', Buffer.of(0x22, 0xff, 0x22), 'MALFORMED'],
    ['a long key', `{"key":"${'k'.repeat(21)}","value":""}`, 'TOO_LARGE'],
    ['a long value', `{"key":"a","value":"${'v'.repeat(101)}"}`, 'TOO_LARGE'],
    ['an endless line', `"${'x'.repeat(100_000)}`, 'TOO_LARGE'],
  ])('refuses %s with the number of the line', async (_what, bad, code) => {
    const file = Buffer.concat([Buffer.from('{"key":"ok","value":""}\n'), Buffer.from(bad)]);
    const keys: string[] = [];
    const reading = (async () => {
      for await (const { key } of readNdjson(pieces(file), limits)) keys.push(key);
    })();
    await expect(reading).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^line 2: /) as string,
    });
    expect(keys).toEqual(['ok']);
  });
});
