import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, encodeEntry, MalformedError, openEntry, Payloads } from '../src/index.ts';

const lists = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 });

function opened(payloads: readonly Uint8Array[]): Payloads {
  const entry = { kind: 'commands', time: 1, incarnation: 2, ticket: 3, payloads } as const;
  return openEntry(encodeEntry(entry, 5), 5).payloads;
}

it('are what went into the record, as views and one by one', () => {
  fc.assert(
    fc.property(lists, (list) => {
      for (const payloads of [opened(list), Payloads.of(...list)]) {
        expect(payloads).toHaveLength(list.length);
        expect([...payloads]).toEqual(list);
        const visited: (readonly [number, Uint8Array])[] = [];
        payloads.each((reader, position) => {
          visited.push([position, reader.raw(reader.left)]);
        });
        expect(visited).toEqual([...list.entries()]);
      }
    }),
  );
});

it('are each read from its beginning to its end, whatever was read of the one before', () => {
  const payloads = opened([Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)]);
  const lefts: number[] = [];
  payloads.each((reader) => {
    lefts.push(reader.left);
    if (reader.left > 1) reader.u8();
    expect(() => reader.raw(reader.left + 1)).toThrow(MalformedError);
    expect(() => reader.u16()).toThrow(MalformedError);
  });
  expect(lefts).toEqual([2, 0, 1]);
});

it('are no copies, where they lie in a record', () => {
  const record = Uint8Array.of(0, 0, 0, 1, 7);
  const [only] = Payloads.readFrom(record, new ByteReader(record), 1);
  record[4] = 8;
  expect(only).toEqual(Uint8Array.of(8));
});

it('are refused where one is longer than the rest', () => {
  const bytes = Uint8Array.of(0, 0, 0, 1, 7, 0, 0, 0, 2, 7);
  expect(() => Payloads.readFrom(bytes, new ByteReader(bytes), 2)).toThrow(MalformedError);
});
