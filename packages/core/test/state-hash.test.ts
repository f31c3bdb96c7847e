/** The pieces of a digest: what they tell apart, and what they do not care for. */
import { describe, expect, test } from 'vitest';
import { Hasher, HashSum, hashHex } from '../src/index.ts';

const hasher = new Hasher();

describe('a hash', () => {
  test('is the same for ever: digests of replicas of two versions are compared', () => {
    const hash = hasher
      .start()
      .number(2 ** 40 + 1)
      .text('é😀')
      .bytes(Uint8Array.of(1, 2, 3, 4, 5))
      .finish();
    expect(hashHex(hash)).toBe('17d7b85d6c3d2d0f');
  });

  test('tells fields apart, and where one ends', () => {
    const hashes = [
      () => hasher.start(),
      () => hasher.start().number(0),
      () => hasher.start().number(1),
      () => hasher.start().number(2 ** 32),
      () => hasher.start().text('ab').text('c'),
      () => hasher.start().text('a').text('bc'),
      () => hasher.start().bytes(Uint8Array.of(1)),
      () => hasher.start().bytes(Uint8Array.of(1, 0)),
      () => hasher.start().bytes(new Uint8Array(4096)),
      () => hasher.start().bytes(new Uint8Array(4097)),
      () => hasher.start().bytes(new Uint8Array(4097).fill(1, 4096)),
    ].map((make) => hashHex(make().finish()));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('of bytes does not depend on where they lie, or on what was hashed before', () => {
    const hash = (bytes: Uint8Array): string => hashHex(hasher.start().bytes(bytes).finish());
    const bytes = Uint8Array.of(9, 1, 2, 3, 4, 5, 9).subarray(1, 6);
    const alone = hash(Uint8Array.of(1, 2, 3, 4, 5));
    hash(new Uint8Array(300).fill(0xff));
    expect(hash(bytes)).toBe(alone);
  });
});

describe('a sum of hashes', () => {
  test('does not care for order, and gives back what goes', () => {
    const [one, other] = [new HashSum(), new HashSum()];
    one.add(5, -7);
    one.add(2 ** 31 - 1, 12);
    other.add(2 ** 31 - 1, 12);
    other.add(1, 1);
    other.add(5, -7);
    other.subtract(1, 1);
    expect(hashHex(other)).toBe(hashHex(one));
    other.subtract(5, -7);
    other.subtract(2 ** 31 - 1, 12);
    expect(hashHex(other)).toBe('0'.repeat(16));
  });
});
