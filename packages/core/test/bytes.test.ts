import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  concatBytes,
  equalBytes,
  FrameWriter,
  fromUtf8,
  maxU48,
  putU48,
  totalBytes,
  utf8,
} from '../src/bytes.ts';
import { InvalidArgumentError, MalformedError } from '../src/errors.ts';
import { decodedOrRefused } from './malformed.ts';

const slabBytes = 64 * 1024;

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

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
    expect(new ByteReader(new ByteWriter().string('a\uD800b').take()).string()).toBe('a\uFFFDb');
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

/** A field, and its bytes written out the slow way. */
interface Field {
  readonly write: (writer: ByteWriter) => void;
  readonly read: (reader: ByteReader) => unknown;
  readonly value: unknown;
  readonly bytes: Buffer;
}

function bigEndian(value: number, bytes: number): Buffer {
  const digits = BigInt(value)
    .toString(16)
    .padStart(2 * bytes, '0');
  return Buffer.from(digits, 'hex');
}

/** Byte strings as texts, one character a byte: tests compare those much faster. */
function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function integer(type: 'u8' | 'u16' | 'u32' | 'u48', bytes: number): fc.Arbitrary<Field> {
  return fc.maxSafeNat().map((drawn) => {
    const value = drawn % 2 ** (8 * bytes);
    return {
      write: (writer) => writer[type](value),
      read: (reader) => reader[type](),
      value,
      bytes: bigEndian(value, bytes),
    };
  });
}

const anyBytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  // Large enough to leave a slab, and now and then to need one of its own size.
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 80_000 }).map((size) => filled(size, 7)) },
);

const anyField: fc.Arbitrary<Field> = fc.oneof(
  integer('u8', 1),
  integer('u16', 2),
  integer('u32', 4),
  integer('u48', 6),
  fc.double().map((value): Field => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return { write: (writer) => writer.f64(value), read: (reader) => reader.f64(), value, bytes };
  }),
  fc.boolean().map((value): Field => {
    const bytes = Buffer.of(value ? 1 : 0);
    const write = (writer: ByteWriter): ByteWriter => writer.boolean(value);
    return { write, read: (reader) => reader.boolean(), value, bytes };
  }),
  fc.string({ unit: 'binary' }).map((value): Field => {
    const text = Buffer.from(value);
    const bytes = Buffer.concat([bigEndian(text.length, 4), text]);
    const write = (writer: ByteWriter): ByteWriter => writer.string(value);
    return { write, read: (reader) => reader.string(), value, bytes };
  }),
  anyBytes.map((value): Field => {
    const bytes = Buffer.concat([bigEndian(value.length, 4), value]);
    const write = (writer: ByteWriter): ByteWriter => writer.bytes(value);
    return { write, read: (reader) => asText(reader.bytes()), value: asText(value), bytes };
  }),
  anyBytes.map((value): Field => {
    const write = (writer: ByteWriter): ByteWriter => writer.raw(value);
    const read = (reader: ByteReader): string => asText(reader.raw(value.length));
    return { write, read, value: asText(value), bytes: Buffer.from(value) };
  }),
  fc.integer({ min: 0, max: 30 }).map((count): Field => {
    const bytes = Buffer.alloc(count);
    const write = (writer: ByteWriter): ByteWriter => writer.skip(count);
    return { write, read: (reader) => asText(reader.raw(count)), value: asText(bytes), bytes };
  }),
);

describe('a writer', () => {
  it('writes big-endian fields that a reader reads back, in pieces that it never touches again', () => {
    const piece = fc.array(anyField, { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.integer({ min: 0, max: 64 }),
        (pieces, firstSlabBytes) => {
          const writer = new ByteWriter(firstSlabBytes);
          const taken = pieces.map((fields) => {
            for (const field of fields) field.write(writer);
            const { length } = writer;
            const bytes = writer.take();
            expect(bytes).toHaveLength(length);
            expect(writer.length).toBe(0);
            return bytes;
          });
          // Only now, after everything was written: each piece still says what it said.
          pieces.forEach((fields, at) => {
            const bytes = taken[at] ?? new Uint8Array();
            const expected = Buffer.concat(fields.map((field) => field.bytes));
            expect(expected.equals(bytes)).toBe(true);
            const reader = new ByteReader(bytes);
            for (const field of fields) expect(field.read(reader)).toEqual(field.value);
            reader.end();
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gathers small pieces in one slab', () => {
    const writer = new ByteWriter();
    const first = writer.u32(1).take();
    const second = writer.u32(2).take();
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(4);
  });

  it('moves an unfinished piece to a new slab, and leaves finished ones where they are', () => {
    const writer = new ByteWriter(8);
    const finished = writer.u32(0xaaaaaaaa).take();
    writer.u16(0xbbbb);
    writer.raw(filled(100, 0xcc));
    const moved = writer.take();
    expect(finished).toEqual(filled(4, 0xaa));
    expect(moved).toEqual(Uint8Array.of(0xbb, 0xbb, ...filled(100, 0xcc)));
    expect(moved.buffer).not.toBe(finished.buffer);
    expect(moved.buffer.byteLength).toBe(slabBytes);
  });

  it('takes a piece that is larger than a slab', () => {
    const writer = new ByteWriter();
    for (let part = 0; part < 10; part++) writer.raw(filled(slabBytes, part));
    const whole = writer.take();
    expect(whole).toHaveLength(10 * slabBytes);
    for (let part = 0; part < 10; part++) expect(whole[part * slabBytes + 5]).toBe(part);
  });

  it('grows by more than it needs, so that many small fields are not copied each time', () => {
    const writer = new ByteWriter();
    for (let at = 0; at < 200_000; at++) writer.u8(1);
    const whole = writer.take();
    expect(whole).toHaveLength(200_000);
    expect(whole.buffer.byteLength).toBeGreaterThan(4 * slabBytes);
  });

  it('fills a slab to its last byte', () => {
    const writer = new ByteWriter(4);
    expect(writer.u32(1).take().buffer.byteLength).toBe(4);
    expect(writer.take()).toHaveLength(0);
    expect(writer.u8(5).take()).toEqual(Uint8Array.of(5));
  });

  it('leaves room that can be filled in through the piece', () => {
    const piece = new ByteWriter(2).skip(6).string('body').take();
    putU48(new DataView(piece.buffer, piece.byteOffset), 0, 99);
    const reader = new ByteReader(piece);
    expect(reader.u48()).toBe(99);
    expect(reader.string()).toBe('body');
  });

  it.each([
    ['u8', [0, 255], [256, -1, 0.5, Number.NaN, 2 ** 32]],
    ['u16', [0, 65_535], [65_536, -1, 0.5, Number.NaN, 2 ** 32]],
    ['u32', [0, 2 ** 32 - 1], [2 ** 32, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]],
    ['u48', [0, maxU48], [maxU48 + 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 80]],
  ] as const)('refuses what does not fit into %s, and never wraps it', (type, fit, others) => {
    for (const value of fit) {
      expect(new ByteReader(new ByteWriter().u8(9)[type](value).take(), 1)[type]()).toBe(value);
    }
    for (const value of others) {
      const writer = new ByteWriter().u8(9);
      expect(() => writer[type](value)).toThrow(InvalidArgumentError);
      expect(writer.take()).toEqual(Uint8Array.of(9));
    }
  });
});

describe('a writer whose bytes are not kept', () => {
  it('writes over what it gets back, and over nothing that was taken before it', () => {
    const writer = new ByteWriter(64);
    const kept = writer.string('kept').take();
    const first = writer.string('first').take();
    writer.string('second').take();
    writer.giveBack(first);
    const third = writer.string('third').take();
    expect([third.buffer === kept.buffer, third.byteOffset]).toEqual([true, first.byteOffset]);
    expect([kept, third].map((piece) => new ByteReader(piece).string())).toEqual(['kept', 'third']);
  });

  it('takes nothing back into another slab, nor behind something that is begun', () => {
    const writer = new ByteWriter(8);
    const first = writer.raw(filled(8, 1)).take();
    writer.raw(filled(8, 2));
    writer.giveBack(first);
    const second = writer.take();
    writer.u8(3);
    writer.giveBack(second);
    expect([first, second, writer.take()]).toEqual([filled(8, 1), filled(8, 2), Uint8Array.of(3)]);
  });

  it('leaves zeros where it passes over what was given back', () => {
    const writer = new ByteWriter(64);
    writer.giveBack(writer.raw(filled(8, 7)).take());
    expect(writer.skip(8).take()).toEqual(new Uint8Array(8));
  });
});

describe('a field that is known later', () => {
  it('is put into its place, also where the slab has changed since', () => {
    const writer = new ByteWriter(16);
    writer.raw(filled(10, 1)).take();
    writer.u8(1).u32(0);
    writer.raw(filled(100, 2)).setU32(1, 0xfffefdfc);
    const reader = new ByteReader(writer.take());
    expect([reader.u8(), reader.u32(), reader.raw(100)]).toEqual([1, 0xfffefdfc, filled(100, 2)]);
  });

  it('is none where four bytes were not written, and takes no number that does not fit', () => {
    const writer = new ByteWriter();
    writer.u32(1).take();
    for (const at of [-1, 0, 1, Number.NaN]) {
      expect(() => writer.u16(1).u8(1).setU32(at, 1)).toThrow(InvalidArgumentError);
      writer.take();
    }
    expect(() => writer.u32(1).setU32(0, 2 ** 32)).toThrow(InvalidArgumentError);
  });
});

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

describe('moving what was written', () => {
  it('copies it to its place, and goes on in the same memory', () => {
    const writer = new ByteWriter(64);
    const first = writer.u32(1).take();
    const target = new Uint8Array(100).fill(9);
    for (const length of [0, 1, 48, 49, 60]) {
      const bytes = new Uint8Array(length).fill(length);
      writer.raw(bytes).moveTo(target, 3);
      expect(writer.length).toBe(0);
      expect([...target.subarray(3, 3 + length)]).toEqual([...bytes]);
      target.fill(9);
    }
    const next = writer.u32(2).take();
    expect([...first, ...next]).toEqual([0, 0, 0, 1, 0, 0, 0, 2]);
  });

  it('leaves nothing where room is skipped later', () => {
    const writer = new ByteWriter();
    writer.raw(new Uint8Array(20).fill(7)).moveTo(new Uint8Array(20), 0);
    expect([...writer.skip(8).take()]).toEqual(new Array<number>(8).fill(0));
  });

  it('does not keep the memory of a large piece', () => {
    const writer = new ByteWriter();
    writer.raw(new Uint8Array(2_000_000)).moveTo(new Uint8Array(2_000_000), 0);
    expect(writer.u8(1).take().buffer.byteLength).toBeLessThanOrEqual(64 * 1024);
  });

  it('is refused where there is no room, and nothing is lost', () => {
    const writer = new ByteWriter().u32(5);
    const target = new Uint8Array(6);
    expect(() => {
      writer.moveTo(target, 3);
    }).toThrow(InvalidArgumentError);
    expect(() => {
      writer.moveTo(target, -1);
    }).toThrow(InvalidArgumentError);
    expect([...writer.take()]).toEqual([0, 0, 0, 5]);
  });
});

describe('lending what was written', () => {
  it('gives the bytes until the next field is written, in the same memory', () => {
    const writer = new ByteWriter(64);
    const kept = writer.u8(9).take();
    const first = writer.u32(1).lend();
    expect([...first]).toEqual([0, 0, 0, 1]);
    const second = writer.u32(2).lend();
    expect(second).toBe(first);
    expect([...second]).toEqual([0, 0, 0, 2]);
    const third = writer.u16(3).lend();
    expect([...third]).toEqual([0, 3]);
    expect(third.buffer).toBe(first.buffer);
    expect([...writer.u16(4).take(), ...kept]).toEqual([0, 4, 9]);
  });

  it('is of the memory that it was written into, also after that has changed', () => {
    const writer = new ByteWriter(8);
    for (const length of [4, 4, 2_000_000, 4, 4]) {
      const bytes = new Uint8Array(length).fill(length % 251);
      const lent = writer.raw(bytes).lend();
      expect(equalBytes(lent, bytes)).toBe(true);
    }
    expect(writer.u8(1).take().buffer.byteLength).toBeLessThanOrEqual(64 * 1024);
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
