/** The digest: whatever differs in what happens makes it another one. */
import { describe, expect, it } from 'vitest';
import { Digest } from '../../src/world/digest.ts';

function digestOf(...parts: readonly (number | string)[]): string {
  const digest = new Digest();
  for (const part of parts) {
    if (typeof part === 'number') digest.add(part);
    else digest.text(part);
  }
  return digest.value;
}

describe('a digest', () => {
  it('is the same for the same', () => {
    expect(digestOf(1, 'n1', 2.5)).toBe(digestOf(1, 'n1', 2.5));
    expect(digestOf()).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is another one for another number, however little it differs', () => {
    const numbers = [0, 1, -1, 0.5, 0.25, 1e-6, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 40 + 1, 1e12 + 0.5];
    const digests = numbers.map((number) => digestOf(number));
    expect(new Set(digests).size).toBe(numbers.length);
  });

  it('is another one for another text, another order, and for less', () => {
    const digests = [
      digestOf('a', 'b'),
      digestOf('b', 'a'),
      digestOf('ab'),
      digestOf('a'),
      digestOf('a', 'b', 0),
      digestOf('a', 0, 'b'),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('hardly ever meets another one', () => {
    const digests = new Set<string>();
    for (let number = 0; number < 50_000; number++) digests.add(digestOf(number, 'x', number % 7));
    expect(digests.size).toBe(50_000);
  });
});
