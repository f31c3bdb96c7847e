/** The counters as their users see them. */
import { CommandRejectedError, InvalidArgumentError } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  type CounterCommand,
  compareAndSet,
  counterMachine,
  expectType,
  list,
  maxCounters,
  maxListLimit,
  maxNameBytes,
  maxValueBits,
  read,
} from '../src/index.ts';
import { apply, Hosted } from './harness.ts';

const largest = (1n << BigInt(maxValueBits)) - 1n;

describe('a counter', () => {
  test('is 0 before anything happens', () => {
    expect(new Hosted().value('visits')).toBe(0n);
  });

  test('is added to, and taken from; the result is the new value', () => {
    const hosted = new Hosted();
    expect(hosted.execute(add('visits', 2n))).toEqual({ happened: true, value: 2n });
    expect(hosted.execute(add('visits', -5n))).toEqual({ happened: true, value: -3n });
    expect(hosted.value('visits')).toBe(-3n);
    expect(hosted.value('others')).toBe(0n);
  });

  test('is set if it holds what is expected, and left alone otherwise', () => {
    const hosted = new Hosted();
    expect(hosted.execute(compareAndSet('a', 0n, 7n))).toEqual({ happened: true, value: 7n });
    expect(hosted.execute(compareAndSet('a', 0n, 8n))).toEqual({ happened: false, value: 7n });
    expect(hosted.execute(compareAndSet('a', 7n, 7n))).toEqual({ happened: true, value: 7n });
    expect(hosted.value('a')).toBe(7n);
  });

  test('that comes back to 0 leaves nothing behind', () => {
    const hosted = new Hosted();
    hosted.execute(add('a', 5n));
    hosted.execute(add('a', -5n));
    hosted.execute(add('b', 5n));
    hosted.execute(compareAndSet('b', 5n, 0n));
    hosted.execute(add('c', 0n));
    expect(hosted.page()).toEqual([[], false]);
    expect(hosted.machine.stateHash()).toBe(counterMachine().stateHash());
  });

  test('does what a map of integers does', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const integer = fc.oneof(fc.bigInt({ min: -2n, max: 2n }), fc.bigInt());
    const command = fc.oneof(
      fc.tuple(name, integer).map(([of, amount]) => add(of, amount)),
      fc.tuple(name, integer, integer).map(([of, was, will]) => compareAndSet(of, was, will)),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const hosted = new Hosted();
        const model = new Map<string, bigint>();
        for (const each of commands) {
          const before = model.get(each.name) ?? 0n;
          const happened = each.type === 'add' || each.expected === before;
          const after = each.type === 'add' ? before + each.amount : each.value;
          if (happened) model.set(each.name, after);
          const value = happened ? after : before;
          expect(hosted.execute(each)).toEqual({ happened, value });
        }
        const left = [...model].filter(([, value]) => value !== 0n).sort();
        expect(hosted.page()[0]).toEqual(left.map(([of, value]) => `${of}=${String(value)}`));
      }),
    );
  });
});

describe('a list', () => {
  const hosted = new Hosted();
  for (const name of ['b', 'a/2', 'a', 'a/1', 'a/3', 'ab', 'é', '😀'])
    hosted.execute(add(name, 1n));

  test('holds the counters that are not 0, in the order of their names', () => {
    expect(hosted.page()).toEqual([
      ['a=1', 'a/1=1', 'a/2=1', 'a/3=1', 'ab=1', 'b=1', 'é=1', '😀=1'],
      false,
    ]);
  });

  test('is of a prefix, and comes in pages', () => {
    expect(hosted.page({ prefix: 'a/' })).toEqual([['a/1=1', 'a/2=1', 'a/3=1'], false]);
    expect(hosted.page({ prefix: 'a/', limit: 2 })).toEqual([['a/1=1', 'a/2=1'], true]);
    expect(hosted.page({ prefix: 'a/', after: 'a/2', limit: 2 })).toEqual([['a/3=1'], false]);
    expect(hosted.page({ prefix: 'a/', after: 'a/2x' })).toEqual([['a/3=1'], false]);
    expect(hosted.page({ prefix: 'a/', after: '0' })[0]).toHaveLength(3);
    expect(hosted.page({ prefix: 'a/', after: 'b' })).toEqual([[], false]);
    expect(hosted.page({ prefix: 'none' })).toEqual([[], false]);
  });

  test('says that there is more only where there is', () => {
    expect(hosted.page({ limit: 8 })[1]).toBe(false);
    expect(hosted.page({ limit: 7 })[1]).toBe(true);
    expect(hosted.page({ prefix: 'a/', limit: 3 })[1]).toBe(false);
  });
});

describe('a command is rejected, and nothing changes,', () => {
  const cases: readonly (readonly [string, CounterCommand, string])[] = [
    ['that has no name', add('', 1n), 'empty'],
    ['whose name is too long', add('é'.repeat(maxNameBytes / 2 + 1), 1n), 'maxNameBytes'],
    ['whose name is half a character', add('a\uD83D', 1n), 'surrogate'],
    ['that adds too much', add('a', largest + 1n), 'maxValueBits'],
    ['that takes too much', add('a', -largest - 1n), 'maxValueBits'],
    ['that expects too much', compareAndSet('a', largest + 1n, 1n), 'maxValueBits'],
    ['that sets too much', compareAndSet('a', 1n, largest + 1n), 'maxValueBits'],
  ];

  test.each(cases)('%s', (_, command, reason) => {
    const hosted = new Hosted();
    hosted.execute(add('a', 1n));
    const before = hosted.machine.stateHash();
    expect(() => apply(hosted.machine, command)).toThrow(CommandRejectedError);
    expect(() => apply(hosted.machine, command)).toThrow(reason);
    expect(() => hosted.execute(command)).toThrow(InvalidArgumentError);
    expect(hosted.machine.stateHash()).toBe(before);
  });

  test('whose sum has too many bits', () => {
    const hosted = new Hosted();
    for (const [name, bound] of [
      ['high', largest],
      ['low', -largest],
    ] as const) {
      expect(hosted.execute(add(name, bound)).value).toBe(bound);
      const over = add(name, bound > 0n ? 1n : -1n);
      expect(() => hosted.execute(over)).toThrow(CommandRejectedError);
      expect(hosted.value(name)).toBe(bound);
    }
  });

  test('that would make one counter too many', () => {
    const machine = counterMachine();
    const context = { index: 1, position: 0, time: 0 };
    for (let at = 0; at < maxCounters; at++) machine.apply(add(String(at), 1n), context);
    const before = machine.stateHash();
    expect(() => machine.apply(add('new', 1n), context)).toThrow('maxCounters');
    expect(() => machine.apply(compareAndSet('new', 0n, 1n), context)).toThrow('maxCounters');
    expect(machine.stateHash()).toBe(before);
    // Those that are there go on, one that stays at 0 takes no room, and one that comes to 0 gives its own up.
    expect(machine.apply(add('0', 1n), context).value).toBe(2n);
    expect(machine.apply(add('new', 0n), context).value).toBe(0n);
    expect(machine.apply(compareAndSet('0', 2n, 0n), context).happened).toBe(true);
    expect(machine.apply(add('new', 1n), context).value).toBe(1n);
  });
});

describe('a query is refused', () => {
  test.each([
    ['without a name', read('')],
    ['with a prefix that is too long', list({ prefix: 'p'.repeat(maxNameBytes + 1) })],
    ['with half a character', list({ after: '\uDE00' })],
    ['with no limit', list({ limit: 0 })],
    ['with a limit that is too high', list({ limit: maxListLimit + 1 })],
    ['with half a counter', list({ limit: 1.5 })],
  ])('%s', (_, query) => {
    expect(() => counterMachine().query(query)).toThrow(InvalidArgumentError);
    expect(() => new Hosted().query(query)).toThrow(InvalidArgumentError);
  });

  test('or its answer, where it is of another type than it must be', () => {
    const answer = new Hosted().query(read('a'));
    expect(expectType(answer, 'read').value).toBe(0n);
    expect(() => expectType(answer, 'list')).toThrow(InvalidArgumentError);
  });
});
