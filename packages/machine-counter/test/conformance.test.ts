/** The counters pass the suite that every machine must pass. */
import { machineSuite } from '@quorate/conformance/machine';
import { ByteWriter, type Random } from '@quorate/core';
import { describe, it } from 'vitest';
import { add, compareAndSet, counterMachine, list, read } from '../src/index.ts';

const names = ['a', 'a/1', 'a/2', 'b', 'é', '\uE000', '😀'];
const bits = [1, 8, 31, 32, 33, 64, 4095];

machineSuite({
  framework: { describe, it },
  name: 'machine-counter',
  create: counterMachine,
  command: (random) => {
    const name = random.pick(names);
    // Small ones meet what a counter holds, and bring it back to 0.
    const small = BigInt(random.below(5) - 2);
    if (random.chance(0.3)) return compareAndSet(name, small, BigInt(random.below(3)));
    return add(name, random.chance(0.7) ? small : integer(random));
  },
  query: (random) =>
    random.chance(0.5)
      ? read(random.pick(names))
      : list({
          prefix: random.pick(['', ...names]),
          after: random.pick(['', ...names]),
          limit: 1 + random.below(4),
        }),
  badCommand: (random) =>
    random.pick([
      // No name, half a surrogate pair, a name that is too long, a value that is, none, an unknown type.
      new ByteWriter().u8(1).string('').u8(1).boolean(false).u32(1).take(),
      new ByteWriter()
        .u8(1)
        .bytes(Uint8Array.of(0xed, 0xa0, 0x80))
        .u8(0)
        .boolean(false)
        .take(),
      new ByteWriter().u8(1).string('n'.repeat(257)).u8(1).boolean(false).u32(1).take(),
      new ByteWriter().u8(1).string('a').u8(129).boolean(false).skip(512).u32(1).take(),
      new ByteWriter().u8(2).string('a').u8(0).boolean(false).take(),
      new ByteWriter()
        .u8(3 + random.below(200))
        .string('a')
        .take(),
    ]),
  grow: (nth) => add(`counter ${String(nth)} ${'n'.repeat(100)}`, 1n << 2000n),
  without: ['expiry', 'renewal'],
});

function integer(random: Random): bigint {
  const magnitude = (1n << BigInt(random.pick(bits))) - BigInt(random.below(2));
  return random.chance(0.5) ? magnitude : -magnitude;
}
