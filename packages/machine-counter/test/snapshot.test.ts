/** Snapshots: what is in them, and what is refused although its checksums are right. */
import {
  ByteWriter,
  concatBytes,
  CorruptError,
  crc32,
  ForeignDataError,
  utf8,
} from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { add, type CounterMachine, counterMachine, maxValueBits } from '../src/index.ts';
import { writeInteger } from '../src/integers.ts';
import { apply, collect, Hosted, stream } from './harness.ts';

const preamble = Uint8Array.of(0x51, 0x43, 0x6e, 0x74, 0, 1);

/** So many counters, of long names. */
function many(count: number): CounterMachine {
  const machine = counterMachine();
  for (let at = 0; at < count; at++) apply(machine, add(`${'n'.repeat(100)} ${String(at)}`, 1n));
  return machine;
}

function counter(name: string, value: bigint): Uint8Array {
  const writer = new ByteWriter().string(name);
  writeInteger(value, writer);
  return writer.take();
}

/** A snapshot of these blocks, as another program might write it. */
function forged(...bodies: readonly Uint8Array[]): Uint8Array {
  let checksum = 0;
  const blocks = bodies.map((body) => {
    const length = new ByteWriter().u32(body.length).take();
    checksum = crc32(body, crc32(length, checksum));
    return concatBytes([length, new ByteWriter().u32(checksum).take(), body]);
  });
  return concatBytes([preamble, ...blocks]);
}

const end = new Uint8Array(0);

async function refusal(...chunks: readonly Uint8Array[]): Promise<unknown> {
  return counterMachine()
    .restore(stream(chunks))
    .then(
      () => undefined,
      (error: unknown) => error,
    );
}

describe('a snapshot', () => {
  test('is what the format says', async () => {
    const hosted = new Hosted();
    hosted.execute(add('b', -7n));
    hosted.execute(add('a', 2n ** 40n));
    const written = concatBytes(await collect(hosted.machine.snapshot()));
    const body = concatBytes([counter('a', 2n ** 40n), counter('b', -7n)]);
    expect(written).toEqual(forged(body, end));
    const copy = new Hosted();
    await copy.machine.restore(stream([written]));
    expect(copy.page()).toEqual([[`a=${String(2n ** 40n)}`, 'b=-7'], false]);
  });

  test('comes in chunks of about 16 KiB, whatever is in it', async () => {
    const machine = many(2000);
    for (let at = 0; at < 100; at++)
      apply(machine, add(String(at), 1n << BigInt(maxValueBits - 1)));
    const chunks = await collect(machine.snapshot());
    const full = chunks.slice(1, -2);
    expect(full.length).toBeGreaterThan(10);
    for (const { length } of full) {
      expect(length).toBeGreaterThanOrEqual(16_384);
      expect(length).toBeLessThan(17_200);
    }
  });

  test('with a block that is missing, doubled or in another place is refused', async () => {
    const chunks = await collect(many(1000).snapshot());
    expect(await refusal(...chunks)).toBeUndefined();
    for (let at = 1; at < chunks.length - 1; at++) {
      const [before, block, after] = [
        chunks.slice(0, at),
        chunks.slice(at, at + 1),
        chunks.slice(at + 1),
      ];
      expect(await refusal(...before, ...after)).toBeInstanceOf(CorruptError);
      expect(await refusal(...before, ...block, ...block, ...after)).toBeInstanceOf(CorruptError);
      expect(
        await refusal(...before, ...after.slice(0, 1), ...block, ...after.slice(1)),
      ).toBeInstanceOf(CorruptError);
    }
  });

  test.each([
    ['its names are out of order', [concatBytes([counter('b', 1n), counter('a', 1n)]), end]],
    ['a name is there twice', [counter('a', 1n), counter('a', 1n), end]],
    ['a name is empty', [counter('', 1n), end]],
    ['a name is too long', [counter('n'.repeat(257), 1n), end]],
    ['a counter holds 0', [counter('a', 0n), end]],
    ['a counter is cut short', [counter('a', 1n).subarray(0, -1), end]],
    ['a block is too long', [new Uint8Array(20_000), end]],
    ['it has no end', [counter('a', 1n)]],
    ['it has two ends', [counter('a', 1n), end, end]],
  ])('is refused where %s', async (_, bodies) => {
    expect(await refusal(forged(...bodies))).toBeInstanceOf(CorruptError);
  });

  test('of something else, or of a later version, is refused as such', async () => {
    expect(await refusal(utf8('PK\u0003\u0004 and so on'))).toBeInstanceOf(ForeignDataError);
    expect(await refusal(Uint8Array.of(...preamble.subarray(0, 5), 2))).toBeInstanceOf(
      ForeignDataError,
    );
  });

  test('that is refused is not read to its end', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        while (true) yield utf8('nothing that belongs here');
      } finally {
        closed = true;
      }
    }
    await expect(counterMachine().restore(endless())).rejects.toThrow(ForeignDataError);
    expect(closed).toBe(true);
  });
});

describe('the digest', () => {
  test('tells states apart, and not the ways to them', () => {
    const digest = (...amounts: readonly (readonly [string, bigint])[]): string => {
      const machine = counterMachine();
      for (const [name, amount] of amounts) apply(machine, add(name, amount));
      return machine.stateHash();
    };
    expect(digest(['a', 1n], ['b', 2n])).toBe(digest(['b', 1n], ['a', 1n], ['b', 1n]));
    const digests = [
      digest(),
      digest(['a', 1n]),
      digest(['a', -1n]),
      digest(['a', 2n]),
      digest(['a', 2n ** 64n]),
      digest(['b', 1n]),
      digest(['a', 1n], ['b', 1n]),
      digest(['a1', 1n]),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    for (const each of digests) expect(each).toMatch(/^[0-9a-f]{16}$/);
  });
});
