import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, concatBytes, equalBytes, fromUtf8, totalBytes, utf8 } from '../src/bytes.ts';
import { MalformedError } from '../src/errors.ts';

describe('text', () => {
  it('comes back from its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
  });

  it('keeps a byte order mark: it is a character like any other', () => {
    expect(fromUtf8(utf8('\uFEFFkey'))).toBe('\uFEFFkey');
  });

  it('loses half of a surrogate pair, which has no UTF-8, to U+FFFD', () => {
    expect(fromUtf8(utf8('a\uD800b'))).toBe('a\uFFFDb');
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a character that is cut short', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a code point past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('is refused where the bytes are %s', (_, bytes) => {
    expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(MalformedError);
  });
});

describe('byte strings', () => {
  it('are ordered as their hexadecimal digits are, a prefix first', () => {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const short = fc.uint8Array({ maxLength: 4, max: 2 });
    fc.assert(
      fc.property(short, short, (left, right) => {
        const naive = hex(left) < hex(right) ? -1 : hex(left) > hex(right) ? 1 : 0;
        expect(Math.sign(compareBytes(left, right))).toBe(naive);
        expect(equalBytes(left, right)).toBe(naive === 0);
      }),
    );
  });

  it('are joined in order', () => {
    const parts = [utf8('one '), utf8(''), utf8('two '), utf8('three')];
    expect(fromUtf8(concatBytes(parts))).toBe('one two three');
    expect(totalBytes(parts)).toBe(13);
    expect(concatBytes([])).toHaveLength(0);
  });

  it('are not copied where there is only one', () => {
    const only = utf8('only');
    expect(concatBytes([only])).toBe(only);
  });
});
