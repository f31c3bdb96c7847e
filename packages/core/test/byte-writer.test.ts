import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../src/byte-reader.ts';
import { ByteWriter, maxU48, putU48 } from '../src/byte-writer.ts';
import { equalBytes } from '../src/bytes.ts';
import { InvalidArgumentError } from '../src/errors.ts';
import { asText, bigEndian, filled } from './byte-strings.ts';

const slabBytes = 64 * 1024;

/** A field, and its bytes written out the slow way. */
interface Field {
  readonly write: (writer: ByteWriter) => void;
  readonly read: (reader: ByteReader) => unknown;
  readonly value: unknown;
  readonly bytes: Buffer;
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

  it('writes half of a surrogate pair, which has no UTF-8, as U+FFFD', () => {
    expect(new ByteReader(new ByteWriter().string('a\uD800b').take()).string()).toBe('a\uFFFDb');
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
    writer.giveBack(first);
    writer.u8(3);
    writer.giveBack(second);
    expect([first, second, writer.take()]).toEqual([filled(8, 1), filled(8, 2), Uint8Array.of(3)]);
  });

  it('makes one view for pieces of one length, each given back before the next', () => {
    const writer = new ByteWriter(64);
    const kept = writer.u8(9).take();
    const first = writer.u32(1).take();
    writer.giveBack(first);
    const second = writer.u32(2).take();
    expect(second).toBe(first);
    writer.giveBack(second);
    const third = writer.u16(3).take();
    const fourth = writer.u32(4).take();
    expect([kept, third, fourth].map((piece) => [...piece])).toEqual([[9], [0, 3], [0, 0, 0, 4]]);
  });

  it('does not keep the memory of a large piece', () => {
    const writer = new ByteWriter(8);
    for (const length of [4, 4, 2_000_000, 4, 4]) {
      const piece = writer.raw(filled(length, length % 251)).take();
      expect(equalBytes(piece, filled(length, length % 251))).toBe(true);
      writer.giveBack(piece);
    }
    expect(writer.u8(1).take().buffer.byteLength).toBeLessThanOrEqual(slabBytes);
  });

  it('says the same as one whose bytes are, whatever is given back', () => {
    const pieces = fc.array(fc.tuple(fc.nat(90), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(pieces, (drawn) => {
        const writer = new ByteWriter(64);
        const kept: [piece: Uint8Array, value: number][] = [];
        drawn.forEach(([length, isKept], value) => {
          const piece = writer.raw(filled(length, value)).take();
          expect(piece).toEqual(filled(length, value));
          if (isKept) kept.push([piece, value]);
          else writer.giveBack(piece);
        });
        for (const [piece, value] of kept) expect(piece).toEqual(filled(piece.length, value));
      }),
    );
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
