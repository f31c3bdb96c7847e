import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../src/bytes.ts';
import { MalformedError } from '../src/errors.ts';
import { type Codec, decode, encode } from '../src/machine.ts';

interface Pair {
  readonly key: string;
  readonly value: number;
}

const pairs: Codec<Pair> = {
  encode: (pair, writer) => void writer.string(pair.key).f64(pair.value),
  decode: (reader) => ({ key: reader.string(), value: reader.f64() }),
};

describe('a codec', () => {
  it('gives back what went in, through bytes of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double(), (key, value) => {
        expect(decode(pairs, encode(pairs, { key, value }))).toEqual({ key, value });
      }),
    );
  });

  it('finds exactly one value, or refuses', () => {
    const bytes = encode(pairs, { key: 'k', value: 1 });
    expect(() => decode(pairs, bytes.subarray(0, -1))).toThrow(MalformedError);
    expect(() => decode(pairs, Uint8Array.of(...bytes, 0))).toThrow(MalformedError);
    expect(() => decode(pairs, utf8(''))).toThrow(MalformedError);
  });
});
