/** The binary forms: what goes in comes out, and bytes from strangers do no harm. */
import { type Codec, CommandRejectedError, decode, encode, MalformedError } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type KvAnswer,
  type KvCommand,
  type KvQuery,
  type KvResult,
  kv,
  kvMachine,
} from '../src/index.ts';
import { apply, someCommand, someKey, someRange } from './harness.ts';

const machine = kvMachine();

/** Commands that make sense; the others are never encoded. */
const sensible = someCommand.filter((command) => {
  try {
    encode(machine.commands, command);
    return true;
  } catch {
    return false;
  }
});
const someQuery: fc.Arbitrary<KvQuery> = fc.oneof(
  someRange(fc.nat()),
  fc.tuple(someKey, fc.nat()).map(([key, revision]) => kv.get(key, { revision })),
  fc.constant(kv.info()),
  fc.tuple(fc.nat({ max: 7 }), someKey).map(([id, from]) => kv.lease.info(id + 1, { from })),
  fc.tuple(fc.nat(), fc.nat(10_000)).map(([from, limit]) => kv.lease.list({ from, limit })),
);

/** Results and answers as a machine gives them. */
function said(
  commands: readonly KvCommand[],
  queries: readonly KvQuery[],
): readonly [KvResult[], KvAnswer[]] {
  const fresh = kvMachine();
  const results: KvResult[] = [];
  for (const command of commands) {
    try {
      results.push(apply(fresh, command));
    } catch (error) {
      expect(error).toBeInstanceOf(CommandRejectedError);
    }
  }
  return [results, queries.map((query) => fresh.query(query))];
}

/** Any at all. The unit `binary` of fast-check is the same, and takes seconds to be made. */
const someCharacter = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((point) => String.fromCodePoint(point));

function roundTrips<T>(codec: Codec<T>, value: T): void {
  expect(decode(codec, encode(codec, value))).toEqual(value);
}

describe('a round trip', () => {
  test('keeps commands and queries', () => {
    fc.assert(
      fc.property(sensible, someQuery, (command, query) => {
        roundTrips(machine.commands, command);
        roundTrips(machine.queries, query);
      }),
    );
  });

  test('keeps results and answers', () => {
    fc.assert(
      fc.property(fc.array(sensible), fc.array(someQuery), (commands, queries) => {
        const [results, answers] = said(commands, queries);
        for (const result of results) roundTrips(machine.results, result);
        for (const answer of answers) roundTrips(machine.answers, answer);
      }),
    );
  });

  test('keeps any key', () => {
    fc.assert(
      fc.property(fc.string({ unit: someCharacter, minLength: 1, maxLength: 50 }), (key) => {
        roundTrips(machine.commands, kv.put(key, ''));
        roundTrips(machine.commands, kv.put(`\uFEFF${key}`, ''));
      }),
    );
  });
});

describe('bytes from strangers', () => {
  const codecs: readonly (readonly [string, Codec<unknown>])[] = [
    ['commands', machine.commands],
    ['results', machine.results],
    ['queries', machine.queries],
    ['answers', machine.answers],
  ];

  /** Decodes, or finds the bytes malformed; anything else fails the test. */
  function attempt<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
    try {
      return decode(codec, bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedError);
      return undefined;
    }
  }

  test.each(codecs)('at random are %s or malformed', (_, codec) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 17 }),
        fc.uint8Array({ maxLength: 64 }),
        (type, rest) => {
          attempt(codec, Uint8Array.of(type, ...rest));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('that were a command before they were damaged are malformed, or apply, or are rejected', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(sensible, damage)), (commands) => {
        const target = kvMachine();
        for (const [command, changes] of commands) {
          const bytes = encode(machine.commands, command).slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const damaged = attempt(machine.commands, bytes);
          if (damaged === undefined) continue;
          const before = target.stateHash();
          try {
            apply(target, damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(CommandRejectedError);
            expect(target.stateHash()).toBe(before);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('that are cut short or too long are malformed', () => {
    fc.assert(
      fc.property(sensible, fc.nat(), (command, cut) => {
        const bytes = encode(machine.commands, command);
        const short = bytes.subarray(0, cut % bytes.length);
        expect(() => decode(machine.commands, short)).toThrow(MalformedError);
        expect(() => decode(machine.commands, Uint8Array.of(...bytes, 0))).toThrow(MalformedError);
      }),
    );
  });

  test('that promise more than they hold allocate nothing', () => {
    const fourBillion = [0xff, 0xff, 0xff, 0xff];
    const revision = [0, 0, 0, 0, 0, 1];
    const hostile: readonly (readonly [Codec<unknown>, readonly number[]])[] = [
      [machine.commands, [1, 0, ...fourBillion]],
      [machine.commands, [5, ...fourBillion]],
      [machine.results, [2, ...revision, ...revision, ...fourBillion]],
      [machine.results, [5, ...revision, 1, ...fourBillion]],
      [machine.answers, [4, 0, ...revision, ...fourBillion]],
      [machine.answers, [14, 0, 0, ...fourBillion]],
      [machine.answers, [15, 0, ...fourBillion]],
    ];
    for (const [codec, bytes] of hostile) {
      expect(() => decode(codec, Uint8Array.from(bytes))).toThrow(MalformedError);
    }
  });

  test('with flags that are not known yet are malformed', () => {
    const bytes = encode(machine.queries, kv.range({ prefix: '' })).slice();
    bytes[1] = 8;
    expect(() => decode(machine.queries, bytes)).toThrow(MalformedError);
  });
});
