/** Keys are ordered by code point, which is the order of their UTF-8 bytes. */
import { compareBytes, utf8 } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareCodePoints, KeyOrder, prefixEnd, utf8Length } from '../src/keys.ts';
import { Hosted } from './harness.ts';
import { expectType, kv } from '../src/index.ts';

const text = fc.string({ unit: 'binary', maxLength: 6 });
/** Where the orders of UTF-16 units and of code points differ, close together. */
const tricky = fc.string({
  unit: fc.constantFrom(
    'a',
    'b',
    '\u007F',
    '\u0080',
    '\uD7FF',
    '\uE000',
    '\uFFFF',
    '😀',
    '\u{10FFFF}',
  ),
  maxLength: 5,
});
const bytesOrder = (left: string, right: string): number =>
  Math.sign(compareBytes(utf8(left), utf8(right)));

describe('the order of keys', () => {
  test('puts a character beyond U+FFFF last, where UTF-16 has it before U+E000', () => {
    expect(['\uFFFD', '😀'].sort()).toEqual(['😀', '\uFFFD']);
    expect(['😀', '\uFFFD'].sort(compareCodePoints)).toEqual(['\uFFFD', '😀']);
  });

  test('is the order of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.oneof(text, tricky), fc.oneof(text, tricky), (left, right) => {
        expect(Math.sign(compareCodePoints(left, right))).toBe(bytesOrder(left, right));
      }),
    );
  });

  test('is the same before and after the first key that needs the slow way', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, tricky)), fc.oneof(text, tricky), (keys, probe) => {
        const order = new KeyOrder();
        const admitted: string[] = [];
        for (const key of keys) {
          order.admit(key, utf8Length(key));
          admitted.push(key);
          for (const other of admitted) {
            expect(Math.sign(order.compare(other, probe))).toBe(bytesOrder(other, probe));
            expect(Math.sign(order.compare(probe, other))).toBe(bytesOrder(probe, other));
          }
        }
      }),
    );
  });

  test('is the one that ranges read in, both ways', () => {
    const hosted = new Hosted();
    const keys = ['😀', '\uFFFD', 'z', 'é', '\uD7FF', '\uE000', 'a😀', 'a\uE000', '\uFEFFbom'];
    for (const key of keys) hosted.execute(kv.put(key, 'x'));
    const expected = [...keys].sort(bytesOrder);
    const read = (reverse: boolean): readonly string[] =>
      expectType(hosted.query(kv.range({ prefix: '', reverse })), 'range').pairs.map(
        ({ key }) => key,
      );
    expect(read(false)).toEqual(expected);
    expect(read(true)).toEqual([...expected].reverse());
  });
});

describe('the end of a prefix', () => {
  test('lies behind everything that starts with it, and before everything else that follows', () => {
    fc.assert(
      fc.property(tricky, tricky, (prefix, other) => {
        const end = prefixEnd(prefix);
        const inside =
          compareCodePoints(other, prefix) >= 0 &&
          (end === undefined || compareCodePoints(other, end) < 0);
        expect(inside).toBe(other.startsWith(prefix));
      }),
    );
  });

  test('steps over the surrogates, and carries', () => {
    expect(prefixEnd('a\uD7FF')).toBe('a\uE000');
    expect(prefixEnd('a\u{10FFFF}\u{10FFFF}')).toBe('b');
    expect(prefixEnd('\u{10FFFF}')).toBeUndefined();
    expect(prefixEnd('')).toBeUndefined();
  });
});

describe('the length in UTF-8', () => {
  test('is that of the encoder', () => {
    fc.assert(
      fc.property(fc.oneof(text, tricky), (key) => {
        expect(utf8Length(key)).toBe(utf8(key).length);
      }),
    );
  });

  test.each(['\uD800', 'a\uDC00', '\uD83D\uD83D', '\uDE00\uD83D'])('is none for %j', (key) => {
    expect(utf8Length(key)).toBe(-1);
  });
});
