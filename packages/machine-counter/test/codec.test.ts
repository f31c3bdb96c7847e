/** The binary forms: every integer has one, and what is none is malformed. */
import { ByteReader, ByteWriter, decode, encode, MalformedError } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, counterMachine, list, maxListLimit, maxValueBits } from '../src/index.ts';
import { readInteger, writeInteger } from '../src/integers.ts';

const bound = 1n << BigInt(maxValueBits);

function bytesOf(value: bigint): Uint8Array {
  const writer = new ByteWriter();
  writeInteger(value, writer);
  return writer.take();
}

describe('an integer', () => {
  test('comes back, whatever its sign and size', () => {
    const integer = fc.oneof(
      fc.bigInt({ min: 1n - bound, max: bound - 1n }),
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
      fc.constantFrom(0n, 1n, -1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n, bound - 1n, 1n - bound),
    );
    fc.assert(
      fc.property(integer, (value) => {
        const reader = new ByteReader(bytesOf(value));
        expect(readInteger(reader)).toBe(value);
        expect(reader.left).toBe(0);
      }),
    );
  });

  test('is as short as it can be', () => {
    expect(bytesOf(0n)).toEqual(Uint8Array.of(0, 0));
    expect(bytesOf(-258n)).toEqual(Uint8Array.of(1, 1, 0, 0, 1, 2));
    expect(bytesOf(2n ** 32n)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    expect(bytesOf(bound - 1n)).toHaveLength(2 + maxValueBits / 8);
  });

  test.each([
    ['a zero in front', [1, 0, 0, 0, 0, 0]],
    ['a zero in front of another word', [2, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['a negative 0', [0, 1]],
    ['another sign than two', [0, 2]],
    ['too many words', [129, 0, ...new Array<number>(129 * 4).fill(1)]],
  ])('is malformed with %s', (_, bytes) => {
    expect(() => readInteger(new ByteReader(Uint8Array.from(bytes)))).toThrow(MalformedError);
  });
});

describe('an answer', () => {
  test('is malformed with more counters than a list may have', () => {
    const { answers } = counterMachine();
    const counters = Array.from({ length: maxListLimit }, (_, at) => ({
      name: String(at),
      value: 1n,
    }));
    const page = { type: 'list', counters, more: true } as const;
    expect(decode(answers, encode(answers, page))).toEqual(page);
    const longer = { ...page, counters: [...counters, { name: 'one more', value: 1n }] };
    expect(() => decode(answers, encode(answers, longer))).toThrow(MalformedError);
  });
});

describe('what is written today', () => {
  test('is read for ever', () => {
    const { commands, queries } = counterMachine();
    const command = Uint8Array.of(1, 0, 0, 0, 1, 97, 1, 1, 0, 0, 0, 5);
    expect(encode(commands, add('a', -5n))).toEqual(command);
    const query = Uint8Array.of(2, 0, 0, 0, 1, 97, 0, 0, 0, 0, 3, 232);
    expect(encode(queries, list({ prefix: 'a' }))).toEqual(query);
  });
});
