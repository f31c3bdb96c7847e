/** Bytes: everything comes back as it was, and nothing hostile is believed. */
import { ByteWriter, decode, encode, InvalidArgumentError, MalformedError } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ledger, ledgerMachine, type LedgerQuery, maxAmount } from '../src/index.ts';
import { readAmount, writeAmount } from '../src/fields.ts';
import { fund, Hosted, opened, someCommand, someSteps, someTransfer, take } from './harness.ts';

const { commands, queries, results, answers } = ledgerMachine();
const someCount = fc.nat(10_000);
const someQuery: fc.Arbitrary<LedgerQuery> = fc.oneof(
  fc.tuple(someTransfer, someCount).map(([id, index]) => ledger.account(id, { index })),
  someTransfer.map((id) => ledger.findTransfer(id)),
  fc
    .tuple(
      someTransfer,
      fc.record(
        {
          from: someCount,
          to: someCount,
          reverse: fc.boolean(),
          cursor: someCount,
          limit: fc.integer({ min: 1, max: 1000 }),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([id, options]) => ledger.history(id, options)),
  fc.record({ index: someCount, cursor: someCount }).map((options) => ledger.statement(options)),
  fc.constantFrom(ledger.totals(), ledger.status()),
  someCount.map((from) => ledger.records(from)),
  fc.tuple(fc.oneof(someTransfer, someCount), someCount).map((both) => ledger.inclusion(...both)),
  fc.tuple(someCount, someCount).map((both) => ledger.consistency(...both)),
);

describe('commands and queries', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(someCommand, (command) => {
        expect(decode(commands, encode(commands, command))).toEqual(command);
      }),
    );
    fc.assert(
      fc.property(someQuery, (query) => {
        expect(decode(queries, encode(queries, query))).toEqual(query);
      }),
    );
  });

  test('that make no sense are refused when they are encoded', () => {
    expect(() => encode(commands, fund('t', 'bank', 1n))).toThrow(InvalidArgumentError);
    expect(() => encode(queries, ledger.account(''))).toThrow(InvalidArgumentError);
  });
});

describe('results and answers', () => {
  test('come back as they were, whatever is asked', () => {
    fc.assert(
      fc.property(
        someSteps,
        fc.array(someQuery, { minLength: 20, maxLength: 20 }),
        (steps, asked) => {
          const hosted = new Hosted();
          for (const step of steps) take(hosted, step);
          for (const query of asked) {
            const answer = hosted.machine.query(query);
            expect(decode(answers, encode(answers, answer))).toEqual(answer);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('an amount', () => {
  test('of up to 128 bits has one form, and as few bytes as it needs', () => {
    const someAmount = fc.oneof(
      fc.bigInt({ min: 0n, max: maxAmount }),
      fc.nat(128).map((bits) => 2n ** BigInt(bits) - 1n),
      fc.nat(127).map((bits) => 2n ** BigInt(bits)),
    );
    const codec = { encode: writeAmount, decode: readAmount };
    fc.assert(
      fc.property(someAmount, (amount) => {
        const bytes = encode(codec, amount);
        expect(decode(codec, bytes)).toBe(amount);
        const digits = amount === 0n ? '' : amount.toString(16);
        expect(bytes.length).toBe(1 + Math.ceil(digits.length / 2));
      }),
    );
    expect(() => decode(codec, Uint8Array.of(2, 0, 1))).toThrow(MalformedError);
    expect(() => decode(codec, Uint8Array.of(17, ...new Array<number>(17).fill(1)))).toThrow(
      MalformedError,
    );
  });
});

describe('hostile bytes', () => {
  const hosted = opened();
  hosted.done(fund('t1', 'alice', 500n));
  hosted.done(ledger.pending({ id: 'p', debit: 'alice', credit: 'bob', amount: 5n }));
  hosted.done(ledger.post({ id: 't2', pending: 'p' }));
  const samples = [
    [commands, encode(commands, ledger.atomic(fund('t1', 'alice', 500n), fund('t2', 'bob', 1n)))],
    [queries, encode(queries, ledger.history('alice', { cursor: 3 }))],
    [results, encode(results, hosted.execute(fund('t1', 'alice', 500n)))],
    [results, encode(results, hosted.execute(fund('t1', 'alice', 501n)))],
    ...[
      ledger.account('alice'),
      ledger.findTransfer('p'),
      ledger.history('alice'),
      ledger.statement(),
      ledger.totals(),
      ledger.status(),
      ledger.records(0),
      ledger.inclusion('t1'),
      ledger.consistency(3),
    ].map((query) => [answers, encode(answers, hosted.machine.query(query))] as const),
  ] as const;

  test('are refused as malformed, or are something else that is well formed', () => {
    for (const [codec, bytes] of samples) {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decode<unknown>(codec, bytes.subarray(0, length))).toThrow(MalformedError);
      }
      expect(() => decode<unknown>(codec, Uint8Array.of(...bytes, 0))).toThrow(MalformedError);
      for (let at = 0; at < bytes.length; at++) {
        for (const bit of [1, 0x80, 0xff]) {
          const damaged = bytes.slice();
          damaged[at] = (damaged[at] ?? 0) ^ bit;
          expectMalformedOrSound(() => decode<unknown>(codec, damaged));
        }
      }
    }
  });

  test('of any kind are refused as malformed, or decode', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const codec of [commands, queries, results, answers]) {
          expectMalformedOrSound(() => decode<unknown>(codec, bytes));
        }
      }),
    );
  });

  test('with counts of millions allocate nothing', () => {
    const many = new ByteWriter()
      .u8(2)
      .u32(2 ** 31)
      .take();
    expect(() => decode(commands, many)).toThrow('do not fit');
    const operations = new ByteWriter()
      .u8(2)
      .u32(257)
      .raw(new Uint8Array(257 * 8))
      .take();
    expect(() => decode(commands, operations)).toThrow('are more than 256');
  });

  function expectMalformedOrSound(run: () => unknown): void {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedError);
    }
  }
});
