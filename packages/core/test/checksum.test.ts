import { crc32 as nativeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../src/bytes.ts';
import { crc32 } from '../src/checksum.ts';

describe('crc32', () => {
  it.each([
    ['', 0],
    ['a', 0xe8b7be43],
    ['abc', 0x352441c2],
    // The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j is the known one', (text, expected) => {
    expect(crc32(utf8(text))).toBe(expected);
  });

  it('of zeros tells how many there are', () => {
    expect(crc32(new Uint8Array(1))).toBe(0xd202ef8d);
    expect(crc32(new Uint8Array(32))).toBe(0x190a55ad);
  });

  it('equals the native one of Node, whatever the length and wherever the view lies', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat({ max: 300 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (bytes, skip, seed) => {
          const view = bytes.subarray(Math.min(skip, bytes.length));
          expect(crc32(view)).toBe(nativeCrc32(view));
          // The native one may forget the seed where there is nothing to read; this one keeps it.
          expect(crc32(view, seed)).toBe(view.length === 0 ? seed : nativeCrc32(view, seed));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('goes on from part to part', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (parts) => {
        const inParts = parts.reduce((sum, part) => crc32(part, sum), 0);
        expect(inParts).toBe(crc32(Uint8Array.from(parts.flatMap((part) => [...part]))));
      }),
    );
  });

  it('changes with every single bit', () => {
    const bytes = utf8('a record that an engine keeps');
    const sums = new Set([crc32(bytes)]);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      sums.add(crc32(flipped));
    }
    expect(sums.size).toBe(1 + 8 * bytes.length);
  });
});
