import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter, maxU48 } from '../src/byte-writer.ts';
import { utf8 } from '../src/bytes.ts';
import {
  decodeEntry,
  drawIncarnation,
  encodedEntryBytes,
  encodeEntry,
  encodeWritten,
  type Entry,
  entryKind,
  entryOverheadBytes,
  noopRecord,
  payloadOverheadBytes,
  stampTicket,
  stampTime,
} from '../src/entry.ts';
import { InvalidArgumentError, MalformedError } from '../src/errors.ts';
import { decodedOrRefused } from './malformed.ts';

const u48 = fc.integer({ min: 0, max: maxU48 });

const anyEntry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom('noop', 'commands', 'membership'),
  time: u48,
  incarnation: u48,
  ticket: u48,
  payloads: fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }),
});

const anyHeaderBytes = fc.integer({ min: 0, max: 20 });

const someEntry: Entry = {
  kind: 'commands',
  time: 1_700_000_000_000,
  incarnation: 0x0a0b0c0d0e0f,
  ticket: 7,
  payloads: [utf8('put a'), utf8('')],
};

describe('the record of an entry', () => {
  it('decodes to the entry, whatever the engine puts into its header', () => {
    fc.assert(
      fc.property(anyEntry, anyHeaderBytes, (entry, headerBytes) => {
        const record = encodeEntry(entry, headerBytes);
        expect(record.subarray(0, headerBytes)).toEqual(new Uint8Array(headerBytes));
        record.fill(0xee, 0, headerBytes);
        expect(decodeEntry(record, headerBytes)).toEqual(entry);
        expect(entryKind(record, headerBytes)).toBe(entry.kind);
      }),
    );
  });

  it('is the same where its payloads were written one by one', () => {
    const payloads = new ByteWriter();
    fc.assert(
      fc.property(anyEntry, anyHeaderBytes, (entry, headerBytes) => {
        for (const payload of entry.payloads) payloads.bytes(payload);
        const record = encodeWritten(entry, entry.payloads.length, payloads, headerBytes);
        expect(record).toEqual(encodeEntry(entry, headerBytes));
        expect(record.buffer.byteLength).toBe(record.length);
        expect(payloads.length).toBe(0);
      }),
    );
  });

  it('is laid out as documented', () => {
    const record = Buffer.from(encodeEntry(someEntry, 3));
    expect(record.toString('hex', 0, 3)).toBe('000000');
    const entry = record.subarray(3);
    expect(entry.readUInt8(0)).toBe(1);
    expect(entry.readUIntBE(1, 6)).toBe(1_700_000_000_000);
    expect(entry.readUIntBE(7, 6)).toBe(0x0a0b0c0d0e0f);
    expect(entry.readUIntBE(13, 6)).toBe(7);
    expect(entry.readUInt32BE(19)).toBe(2);
    expect(entry.readUInt32BE(23)).toBe(5);
    expect(entry.toString('utf8', 27, 32)).toBe('put a');
    expect(entry.readUInt32BE(32)).toBe(0);
    expect(entry).toHaveLength(36);
  });

  it.each([
    ['noop', 0],
    ['commands', 1],
    ['membership', 2],
  ] as const)('names the kind %s by the byte %i', (kind, byte) => {
    const record = encodeEntry({ ...someEntry, kind }, 4);
    expect(record[4]).toBe(byte);
  });

  it('has exactly the announced size', () => {
    expect(encodeEntry({ ...someEntry, payloads: [] }, 0)).toHaveLength(entryOverheadBytes);
    fc.assert(
      fc.property(anyEntry, anyHeaderBytes, (entry, headerBytes) => {
        const payloadBytes = entry.payloads.map((payload) => payloadOverheadBytes + payload.length);
        const expected = payloadBytes.reduce((sum, bytes) => sum + bytes, entryOverheadBytes);
        expect(encodedEntryBytes(entry.payloads)).toBe(expected);
        expect(encodeEntry(entry, headerBytes)).toHaveLength(headerBytes + expected);
      }),
    );
  });

  it('has a slab of its own size, unless it shares the writer of others', () => {
    expect(encodeEntry(someEntry, 8).buffer.byteLength).toBe(44);
    const writer = new ByteWriter();
    const first = encodeEntry(someEntry, 8, writer);
    const second = encodeEntry({ ...someEntry, ticket: 8 }, 8, writer);
    expect(second.buffer).toBe(first.buffer);
    expect(decodeEntry(first, 8)).toEqual(someEntry);
    expect(decodeEntry(second, 8).ticket).toBe(8);
  });

  it('is not made for numbers that it cannot hold', () => {
    for (const field of ['time', 'incarnation', 'ticket'] as const) {
      for (const value of [-1, maxU48 + 1, 0.5, Number.NaN]) {
        expect(() => encodeEntry({ ...someEntry, [field]: value }, 8)).toThrow(
          InvalidArgumentError,
        );
      }
    }
  });

  it('gives its payloads as views', () => {
    const record = encodeEntry(someEntry, 8);
    const [first] = decodeEntry(record, 8).payloads;
    expect(first?.buffer).toBe(record.buffer);
  });

  it('of a no-op belongs to nobody and holds nothing', () => {
    expect(decodeEntry(noopRecord(8), 8)).toEqual({
      kind: 'noop',
      time: 0,
      incarnation: 0,
      ticket: 0,
      payloads: [],
    });
  });
});

describe('a stamp', () => {
  it('changes its own field and nothing else', () => {
    fc.assert(
      fc.property(anyEntry, anyHeaderBytes, u48, u48, (entry, headerBytes, time, ticket) => {
        const record = encodeEntry(entry, headerBytes);
        record.fill(0xee, 0, headerBytes);
        stampTime(record, headerBytes, time);
        expect(decodeEntry(record, headerBytes)).toEqual({ ...entry, time });
        stampTicket(record, headerBytes, ticket);
        expect(decodeEntry(record, headerBytes)).toEqual({ ...entry, time, ticket });
        expect(record.subarray(0, headerBytes)).toEqual(new Uint8Array(headerBytes).fill(0xee));
      }),
    );
  });

  it.each([
    ['time', stampTime],
    ['ticket', stampTicket],
  ])('of the %s never reaches past a short record into its neighbour', (_, stamp) => {
    const slab = new Uint8Array(100);
    for (let length = 0; length < 8 + entryOverheadBytes; length++) {
      const short = slab.subarray(10, 10 + length);
      expect(() => {
        stamp(short, 8, maxU48);
      }).toThrow(MalformedError);
    }
    expect(slab).toEqual(new Uint8Array(100));
  });

  it.each([-1, maxU48 + 1, 0.5, Number.NaN])('does not wrap %d', (value) => {
    const record = encodeEntry(someEntry, 8);
    expect(() => {
      stampTime(record, 8, value);
    }).toThrow(InvalidArgumentError);
    expect(decodeEntry(record, 8)).toEqual(someEntry);
  });
});

describe('a record that nobody vouches for', () => {
  it('is refused where it is cut short anywhere, or goes on behind its end', () => {
    const record = encodeEntry(someEntry, 8);
    for (let length = 0; length < record.length; length++) {
      expect(() => decodeEntry(record.subarray(0, length), 8)).toThrow(MalformedError);
    }
    expect(() => decodeEntry(Uint8Array.of(...record, 0), 8)).toThrow(MalformedError);
  });

  it('is refused where its kind is unknown or missing', () => {
    const record = encodeEntry(someEntry, 8);
    record[8] = 3;
    for (const bytes of [record, record.subarray(0, 8), new Uint8Array()]) {
      expect(() => decodeEntry(bytes, 8)).toThrow(MalformedError);
      expect(() => entryKind(bytes, 8)).toThrow(MalformedError);
    }
  });

  it('is refused where it announces more payloads than there can be, before room is made for them', () => {
    const record = encodeEntry(someEntry, 0);
    new DataView(record.buffer, record.byteOffset).setUint32(19, 2 ** 32 - 1);
    expect(() => decodeEntry(record, 0)).toThrow(/do not fit/);
  });

  it('is refused where a payload is longer than the rest', () => {
    const record = encodeEntry(someEntry, 0);
    new DataView(record.buffer, record.byteOffset).setUint32(23, 2 ** 32 - 1);
    expect(() => decodeEntry(record, 0)).toThrow(MalformedError);
  });

  it('gives an entry or a MalformedError, and has one encoding', () => {
    const damaged = fc.tuple(anyEntry, fc.nat(), fc.nat({ max: 255 })).map(([entry, at, byte]) => {
      const record = encodeEntry(entry, 2);
      record[at % record.length] = byte;
      return record;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), (record) => {
        const entry = decodedOrRefused(() => decodeEntry(record, 2));
        if (entry !== undefined) {
          expect(encodeEntry(entry, 2).subarray(2)).toEqual(Uint8Array.from(record.subarray(2)));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('an incarnation', () => {
  it('is never 0, which means nobody, and fits into its field', () => {
    expect(drawIncarnation(() => 0)).toBe(1);
    expect(drawIncarnation(() => 1 - 2 ** -53)).toBe(maxU48);
  });

  it('uses two draws, so that a generator of 32 bits fills it', () => {
    const draws = [0.5, 0.25];
    expect(drawIncarnation(() => draws.shift() ?? 0)).toBe(2 ** 47 + 2 ** 22);
  });
});
