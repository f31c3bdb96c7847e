import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, totalBytes } from '../src/bytes.ts';
import { FrameWriter } from '../src/frame-writer.ts';
import { asText, bigEndian, filled } from './byte-strings.ts';

const slabBytes = 64 * 1024;

describe('a frame writer', () => {
  const large = filled(FrameWriter.referFromBytes, 1);
  const small = filled(FrameWriter.referFromBytes - 1, 2);

  it('refers to large byte strings and copies small ones', () => {
    const frame = new FrameWriter();
    frame.raw(large);
    frame.raw(small);
    const [first, second, ...rest] = frame.take();
    expect(first).toBe(large);
    expect(second).toEqual(small);
    expect(second?.buffer).not.toBe(small.buffer);
    expect(rest).toHaveLength(0);
  });

  it('keeps fields and byte strings in the order in which they were written', () => {
    const anyPart = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 2 * FrameWriter.referFromBytes }).map((size) => filled(size, 3)),
    );
    fc.assert(
      fc.property(fc.array(fc.array(anyPart)), fc.boolean(), (frames, withLength) => {
        const frame = new FrameWriter();
        const taken: (readonly Uint8Array[])[] = [];
        for (const parts of frames) {
          for (const part of parts) {
            if (typeof part === 'number') frame.fields.u8(part);
            else if (withLength) frame.bytes(part);
            else frame.raw(part);
          }
          const { length } = frame;
          const whole = frame.take();
          expect(totalBytes(whole)).toBe(length);
          expect(frame.length).toBe(0);
          taken.push(whole);
        }
        frames.forEach((parts, at) => {
          const expected = parts.flatMap((part) => {
            if (typeof part === 'number') return [Buffer.of(part)];
            return withLength ? [bigEndian(part.length, 4), part] : [part];
          });
          expect(asText(concatBytes(taken[at] ?? []))).toBe(asText(Buffer.concat(expected)));
        });
      }),
    );
  });

  it('copies what may change, however large', () => {
    const frame = new FrameWriter();
    const changing = filled(2 * slabBytes, 1);
    frame.copy(changing);
    changing.fill(2);
    expect(concatBytes(frame.take())).toEqual(filled(2 * slabBytes, 1));
  });

  it('begins another part where what is begun would be copied into a larger slab', () => {
    const frame = new FrameWriter();
    const piece = filled(500, 1);
    for (let count = 0; count < 1000; count++) frame.raw(piece);
    const parts = frame.take();
    expect(totalBytes(parts)).toBe(500_000);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(slabBytes);
    expect(parts.length).toBeLessThan(12);
  });

  it('has no empty parts', () => {
    const frame = new FrameWriter();
    expect(frame.take()).toEqual([]);
    frame.raw(large);
    frame.raw(large);
    expect(frame.take()).toEqual([large, large]);
  });
});
