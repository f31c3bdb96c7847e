/** The machine suite passes a sound machine, and finds every fault that is planted in it. */
import { ConformanceError } from '@quorate/conformance';
import { type MachineSuiteOptions, machineSuite } from '@quorate/conformance/machine';
import { ByteWriter, encode, type Random } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { type Answer, Board, type Command, type Query, type Result } from './board.ts';
import { type Fault, faults } from './faults.ts';

type Options = MachineSuiteOptions<Command, Result, Query, Answer>;

const names = ['a', 'b', 'c', 'd', 'long names', 'ä', '😀'];

const board = (fault: Fault | undefined): Omit<Options, 'framework'> => ({
  name: fault ?? 'the suite, on a sound machine',
  create: () => new Board(fault),
  command: (random) =>
    random.chance(0.3)
      ? { type: 'take', name: random.pick(names) }
      : {
          type: 'pin',
          name: random.pick(names),
          text: new Uint8Array(random.below(4)).fill(random.below(256)),
          ttlMs: random.pick([0, 20, 5000, 60_000]),
        },
  query: (random) => ({ name: random.pick(names) }),
  badCommand: (random) =>
    random.pick([encode(new Board(undefined).commands, { type: 'nonsense' }), tooLong(random)]),
  grow: (nth) => ({ type: 'pin', name: `note ${String(nth)}`, text: new Uint8Array(8), ttlMs: 0 }),
  histories: 3,
  seed: 1,
});

function tooLong(random: Random): Uint8Array {
  return new ByteWriter()
    .u8(0)
    .string('a')
    .u48(0)
    .bytes(new Uint8Array(65 + random.below(9)))
    .take();
}

machineSuite({ ...board(undefined), framework: { describe, it }, histories: 10 });

/** The tests of the suite, for a machine with a fault. */
function tests(
  fault: Fault | undefined,
  options: Partial<Options> = {},
): Map<string, () => Promise<void>> {
  const registered = new Map<string, () => Promise<void>>();
  machineSuite({
    ...board(fault),
    ...options,
    framework: {
      describe: (_name, body) => body(),
      it: (name, body) => registered.set(name, body),
    },
  });
  return registered;
}

/** What a test says. */
async function outcome(test: (() => Promise<void>) | undefined): Promise<unknown> {
  if (test === undefined) throw new Error('the suite has no such test');
  return test().then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the suite finds a machine that', () => {
  for (const [fault, name] of Object.entries(faults) as [Fault, string][]) {
    it(fault, async () => {
      const error = await outcome(tests(fault).get(name));
      expect(error).toBeInstanceOf(ConformanceError);
      expect(String(error)).toContain('with seed');
    });
  }
});

describe('what a machine does not have', () => {
  it('is not asked for', () => {
    const all = [...tests(undefined).keys()];
    const few = tests(undefined, {
      without: ['damage', 'equalSnapshots', 'expiry', 'growth', 'renewal', 'stateHash'],
    });
    const left = new Set(few.keys());
    expect(all.filter((name) => !left.has(name))).toHaveLength(11);
  });

  it('must not be there', async () => {
    const without = tests(undefined, { without: ['stateHash', 'renewal'] });
    expect(await outcome(without.get('stateHash is there, or named in `without`'))).toBeInstanceOf(
      ConformanceError,
    );
    expect(await outcome(without.get(faults['hides its expiry']))).toBeInstanceOf(ConformanceError);
  });

  it('may be a checksum: what is damaged then need not be found', async () => {
    const unchecked = tests('does not look at the checksum', { without: ['damage'], histories: 1 });
    for (const test of unchecked.values()) expect(await outcome(test)).toBeUndefined();
  });
});
