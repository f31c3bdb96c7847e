import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../src/byte-reader.ts';
import { ByteWriter } from '../src/byte-writer.ts';
import { fromUtf8, utf8 } from '../src/bytes.ts';
import { MalformedError } from '../src/errors.ts';
import { FrameWriter } from '../src/frame-writer.ts';
import { filled } from './byte-strings.ts';
import { decodedOrRefused } from './malformed.ts';

describe('a reader', () => {
  it('gives views, not copies', () => {
    const bytes = new ByteWriter().u8(1).bytes(utf8('abc')).take();
    const reader = new ByteReader(bytes, 1);
    const view = reader.bytes();
    expect(fromUtf8(view)).toBe('abc');
    expect(view.buffer).toBe(bytes.buffer);
    expect(view.byteOffset).toBe(bytes.byteOffset + 5);
  });

  it('knows where it is', () => {
    const reader = new ByteReader(filled(10, 0), 1);
    reader.u16();
    expect(reader.offset).toBe(3);
    expect(reader.left).toBe(7);
  });

  it('does not read past the end of its view into the slab behind it', () => {
    const slab = filled(20, 1);
    for (const read of [
      (reader: ByteReader) => reader.u16(),
      (reader: ByteReader) => reader.u32(),
      (reader: ByteReader) => reader.u48(),
      (reader: ByteReader) => reader.f64(),
      (reader: ByteReader) => reader.raw(2),
    ]) {
      expect(() => read(new ByteReader(slab.subarray(5, 6)))).toThrow(MalformedError);
    }
    expect(() => new ByteReader(new Uint8Array()).u8()).toThrow(MalformedError);
    expect(() => new ByteReader(slab.subarray(0, 3), 4)).toThrow(MalformedError);
  });

  it('stays where it is when it refuses', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    expect(() => reader.u32()).toThrow(MalformedError);
    expect(reader.u8()).toBe(1);
  });

  it('refuses a negative count, the usual end of reckoning with hostile lengths', () => {
    const reader = new ByteReader(Uint8Array.of(0, 0, 5), 2);
    expect(() => reader.raw(-1)).toThrow(MalformedError);
    expect(() => reader.raw(reader.u8() - 6)).toThrow(MalformedError);
  });

  it('refuses a truth value other than 0 and 1: an encoding has one form', () => {
    expect(() => new ByteReader(Uint8Array.of(2)).boolean()).toThrow(MalformedError);
  });

  it.each(['bytes', 'string'] as const)('refuses hostile lengths of %s', (type) => {
    const hostile = new ByteWriter()
      .u32(2 ** 32 - 1)
      .raw(filled(8, 0))
      .take();
    expect(() => new ByteReader(hostile)[type]()).toThrow(MalformedError);
    const honest = new ByteWriter().bytes(utf8('12345')).take();
    expect(new ByteReader(honest)[type](5)).toHaveLength(5);
    expect(() => new ByteReader(honest)[type](4)).toThrow(/limit of 4/);
    expect(() => new ByteReader(honest.subarray(0, 8))[type](5)).toThrow(/cut short/);
  });

  it('refuses text that is not UTF-8', () => {
    const bytes = new ByteWriter().bytes(Uint8Array.of(0xff)).take();
    expect(() => new ByteReader(bytes).string()).toThrow(MalformedError);
  });

  it('believes a count only as far as so many items could be there', () => {
    const counted = (count: number, left: number): ByteReader =>
      new ByteReader(new ByteWriter().u32(count).skip(left).take());
    expect(counted(3, 12).count(4)).toBe(3);
    expect(() => counted(3, 11).count(4)).toThrow(MalformedError);
    expect(() => counted(2 ** 32 - 1, 1000).count(1)).toThrow(MalformedError);
    // Items of no size at all would lift the bound.
    expect(() => counted(2 ** 32 - 1, 1000).count(0)).toThrow(MalformedError);
  });

  it('tells when something is left', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2));
    expect(() => {
      reader.end();
    }).toThrow(/2 bytes too many/);
    reader.u16();
    reader.end();
  });

  it('answers hostile bytes with a value or a MalformedError, whatever is asked for', () => {
    const asks: readonly ((reader: ByteReader) => unknown)[] = [
      (reader) => reader.u8(),
      (reader) => reader.u48(),
      (reader) => reader.f64(),
      (reader) => reader.boolean(),
      (reader) => reader.bytes(),
      (reader) => reader.string(),
      (reader) => reader.raw(reader.u8() - 3),
      (reader) => reader.count(3),
    ];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.constantFrom(...asks)),
        (bytes, asked) => {
          const reader = new ByteReader(bytes);
          for (const ask of asked) {
            decodedOrRefused(() => ask(reader));
            expect(reader.offset).toBeGreaterThanOrEqual(0);
            expect(reader.left).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });
});

describe('a reader of bytes in pieces', () => {
  const cuts = fc.array(fc.nat(12), { maxLength: 60 });

  function piecesOf(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const length of lengths) {
      pieces.push(bytes.subarray(at, at + length));
      at = Math.min(at + length, bytes.length);
    }
    pieces.push(bytes.subarray(at));
    return pieces;
  }

  it('reads what a reader of them in one piece reads', () => {
    fc.assert(
      fc.property(cuts, fc.array(fc.nat(30), { maxLength: 12 }), (lengths, fields) => {
        const writer = new ByteWriter();
        for (const field of fields) {
          writer
            .u8(field)
            .u16(field)
            .u32(field)
            .u48(field)
            .f64(field)
            .boolean(field > 9);
          writer.string('s'.repeat(field)).bytes(filled(field, field)).raw(filled(3, field));
          writer
            .u32(field + 2)
            .u16(7)
            .raw(filled(field, field));
        }
        const whole = writer.take();
        const reader = ByteReader.over(piecesOf(whole, lengths));
        expect(reader.left).toBe(whole.length);
        for (const field of fields) {
          expect([reader.u8(), reader.u16(), reader.u32(), reader.u48()]).toEqual(
            new Array(4).fill(field),
          );
          expect(reader.f64()).toBe(field);
          expect(reader.boolean()).toBe(field > 9);
          expect(reader.string()).toBe('s'.repeat(field));
          expect([...reader.bytes()]).toEqual([...filled(field, field)]);
          expect([...reader.raw(3)]).toEqual([...filled(3, field)]);
          const inner = reader.reader();
          expect(inner.left).toBe(field + 2);
          expect(inner.u16()).toBe(7);
          expect([...inner.raw(inner.left)]).toEqual([...filled(field, field)]);
          inner.end();
        }
        reader.end();
        expect(() => reader.u8()).toThrow(MalformedError);
      }),
    );
  });

  it('refuses what is cut short, whatever the pieces', () => {
    fc.assert(
      fc.property(cuts, fc.uint8Array({ maxLength: 40 }), (lengths, bytes) => {
        const reader = ByteReader.over(piecesOf(bytes, lengths));
        expect(() => reader.raw(bytes.length + 1)).toThrow(MalformedError);
        expect(() => reader.raw(-1)).toThrow(MalformedError);
        expect([...reader.raw(bytes.length)]).toEqual([...bytes]);
        expect(() => reader.reader()).toThrow(MalformedError);
      }),
    );
  });

  it('copies nothing that lies in one piece', () => {
    const record = filled(1000, 1);
    const writer = new FrameWriter();
    writer.fields.u8(1);
    writer.bytes(record);
    writer.bytes(record);
    const pieces = writer.take();
    const reader = ByteReader.over(pieces);
    expect(reader.u8()).toBe(1);
    expect(reader.bytes().buffer).toBe(record.buffer);
    expect(reader.reader().raw(1000).buffer).toBe(record.buffer);
    reader.end();
  });

  it('of none is at its end', () => {
    const reader = ByteReader.over([]);
    expect(reader.left).toBe(0);
    reader.end();
    expect(() => reader.u8()).toThrow(MalformedError);
  });
});
