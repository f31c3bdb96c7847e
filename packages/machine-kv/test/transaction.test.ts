/** Transactions: all or nothing, in one revision, on conditions. */
import { CommandRejectedError, InvalidArgumentError } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import {
  expectType,
  type KvCompare,
  type KvOperation,
  kv,
  kvMachine,
  maxValueBytes,
} from '../src/index.ts';
import { apply, Hosted, texts } from './harness.ts';

/** a = 1 (created at 2, changed at 4, version 2), b = 2 (created at 3); revision 4. */
function filled(): Hosted {
  const hosted = new Hosted();
  hosted.execute(kv.put('a', '0'));
  hosted.execute(kv.put('b', '2'));
  hosted.execute(kv.put('a', '1'));
  return hosted;
}

describe('compares', () => {
  const holds = (...compare: readonly KvCompare[]): boolean =>
    expectType(filled().execute(kv.txn({ compare })), 'txn').succeeded;
  const a = kv.when('a');
  const missing = kv.when('missing');

  test('of existence', () => {
    expect([holds(a.exists()), holds(a.missing())]).toEqual([true, false]);
    expect([holds(missing.exists()), holds(missing.missing())]).toEqual([false, true]);
  });

  test('of the numbers of a key', () => {
    expect([holds(a.version('=', 2)), holds(a.version('!=', 2))]).toEqual([true, false]);
    expect([holds(a.createRevision('<', 3)), holds(a.createRevision('<', 2))]).toEqual([
      true,
      false,
    ]);
    expect([holds(a.modRevision('>', 3)), holds(a.modRevision('>', 4))]).toEqual([true, false]);
  });

  test('of the numbers of a key that is not there, which are 0', () => {
    expect([holds(missing.modRevision('=', 0)), holds(missing.version('<', 1))]).toEqual([
      true,
      true,
    ]);
  });

  test('of values, as byte strings', () => {
    expect([holds(a.value('=', '1')), holds(a.value('!=', '1'))]).toEqual([true, false]);
    expect([holds(a.value('<', '10')), holds(a.value('>', '10'))]).toEqual([true, false]);
    expect([holds(a.value('>', '')), holds(a.value('<', ''))]).toEqual([true, false]);
  });

  test('of the value of a key that is not there never hold', () => {
    for (const operator of ['=', '!=', '<', '>'] as const) {
      expect(holds(missing.value(operator, ''))).toBe(false);
    }
  });

  test('must all hold', () => {
    expect(holds()).toBe(true);
    expect(holds(a.exists(), missing.missing())).toBe(true);
    expect(holds(a.exists(), missing.exists())).toBe(false);
  });
});

describe('a transaction', () => {
  test('does one branch or the other', () => {
    const hosted = filled();
    const swap = kv.txn({
      compare: [kv.when('a').value('=', '1')],
      then: [kv.put('a', 'then')],
      else: [kv.get('a')],
    });
    expect(hosted.execute(swap)).toMatchObject({ type: 'txn', succeeded: true, revision: 5 });
    const second = expectType(hosted.execute(swap), 'txn');
    expect(second).toMatchObject({ succeeded: false, revision: 5 });
    expect(second.results).toMatchObject([{ type: 'get', pair: { key: 'a', modRevision: 5 } }]);
    expect(hosted.text('a')).toBe('then');
  });

  test('changes everything in one revision, which its results name', () => {
    const hosted = filled();
    const result = hosted.execute(
      kv.txn({ then: [kv.put('x', '1'), kv.delete('b'), kv.put('a', '3')] }),
    );
    expect(expectType(result, 'txn').results.map(({ revision }) => revision)).toEqual([5, 5, 5]);
    expect(hosted.info().revision).toBe(5);
    expect(hosted.all()).toEqual(['a=3', 'x=1']);
    expect(hosted.all(4)).toEqual(['a=1', 'b=2']);
  });

  test('reads what it did itself so far', () => {
    const result = filled().execute(
      kv.txn({ then: [kv.get('x'), kv.put('x', '1'), kv.delete('a'), kv.range({ prefix: '' })] }),
    );
    const [before, , , after] = expectType(result, 'txn').results;
    expect(before).toEqual({ type: 'get', revision: 4 });
    expect(after).toMatchObject({ type: 'range', revision: 5 });
    expect(after?.type === 'range' ? texts(after.pairs) : []).toEqual(['b=2', 'x=1']);
  });

  const overlaps: readonly (readonly [string, readonly KvOperation[]])[] = [
    ['puts a key twice', [kv.put('a', '1'), kv.put('a', '2')]],
    ['puts and deletes a key', [kv.put('a', '1'), kv.delete('a')]],
    ['deletes and puts a key', [kv.delete({ prefix: '' }), kv.put('a', '2')]],
    ['puts into a range that it deletes', [kv.delete({ from: 'a', to: 'b' }), kv.put('aa', '2')]],
  ];

  test.each(overlaps)(
    'that %s is rejected, in the branch that is not done too',
    (_, operations) => {
      for (const command of [kv.txn({ then: operations }), kv.txn({ else: operations })]) {
        const machine = kvMachine();
        const before = machine.stateHash();
        expect(() => apply(machine, command)).toThrow(CommandRejectedError);
        expect(machine.stateHash()).toBe(before);
        expect(() => new Hosted().execute(command)).toThrow(InvalidArgumentError);
      }
    },
  );

  test('may delete overlapping ranges, and put the same key in each branch', () => {
    const hosted = filled();
    const result = hosted.execute(
      kv.txn({
        then: [kv.delete('a'), kv.delete({ prefix: '' }), kv.put('\u{10FFFF}', '1')].slice(0, 2),
        else: [kv.put('a', '1')],
      }),
    );
    expect(expectType(result, 'txn').results).toMatchObject([{ deleted: 1 }, { deleted: 1 }]);
  });

  test('whose results would not fit is rejected before it changes anything', () => {
    const hosted = filled();
    const large = new Uint8Array(maxValueBytes);
    for (const key of ['l1', 'l2', 'l3', 'l4']) hosted.execute(kv.put(key, large));
    const before = hosted.machine.stateHash();
    const four = ['l1', 'l2', 'l3', 'l4'];
    const tooMuch: readonly (readonly KvOperation[])[] = [
      four.map((key) => kv.put(key, '', { previous: true })),
      four.map((key) => kv.get(key)),
      [kv.put('new', large), kv.get('new'), kv.get('new'), kv.get('new'), kv.get('new')],
      [kv.put('a', '5'), kv.delete({ prefix: 'l' }, { previous: true })],
    ];
    for (const then of tooMuch) {
      expect(() => hosted.execute(kv.txn({ then }))).toThrow(CommandRejectedError);
      expect(hosted.machine.stateHash()).toBe(before);
    }
  });

  test('stops its ranges early where all of them together would not fit', () => {
    const hosted = filled();
    const large = new Uint8Array(maxValueBytes);
    for (const key of ['l1', 'l2']) hosted.execute(kv.put(key, large));
    const all = kv.range({ prefix: 'l' });
    const result = expectType(hosted.execute(kv.txn({ then: [all, all, all] })), 'txn');
    expect(
      result.results.map((part) => part.type === 'range' && [part.pairs.length, part.more]),
    ).toEqual([
      [2, false],
      [1, true],
      [0, true],
    ]);
  });
});
