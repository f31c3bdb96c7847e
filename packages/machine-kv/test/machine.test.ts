/** The map as its users see it: puts, deletions, reads, and what is refused. */
import { CommandRejectedError, equalBytes, InvalidArgumentError, utf8 } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import {
  expectType,
  type KvCommand,
  kv,
  kvMachine,
  maxAnswerBytes,
  maxKeyBytes,
  maxValueBytes,
} from '../src/index.ts';
import { apply, Hosted, texts } from './harness.ts';

describe('revisions', () => {
  test('start at 1 for the empty map; the first change makes 2, as in etcd', () => {
    const hosted = new Hosted();
    expect(hosted.info().revision).toBe(1);
    expect(hosted.execute(kv.put('a', '1'))).toEqual({ type: 'put', revision: 2 });
  });

  test('count commands that change something, and no others', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('a', '1'));
    hosted.execute(kv.delete('missing'));
    hosted.execute(kv.txn({ then: [kv.get('a')] }));
    hosted.execute(kv.txn({ then: [kv.delete('missing')] }));
    hosted.execute(kv.compact(2));
    hosted.execute(kv.retain({ revisions: 5, bytes: 1000 }));
    expect(hosted.info().revision).toBe(2);
    hosted.execute(kv.put('a', '1'));
    expect(hosted.info().revision).toBe(3);
  });
});

describe('a key', () => {
  test('has a create revision, a modification revision and a version', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('other', 'x'));
    hosted.execute(kv.put('a', '1'));
    hosted.execute(kv.put('a', '2'));
    const { pair } = expectType(hosted.query(kv.get('a')), 'get');
    expect(pair).toEqual({
      key: 'a',
      value: utf8('2'),
      createRevision: 3,
      modRevision: 4,
      version: 2,
    });
  });

  test('starts anew after it was deleted', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('a', '1'));
    hosted.execute(kv.put('a', '2'));
    hosted.execute(kv.delete('a'));
    expect(hosted.text('a')).toBeUndefined();
    hosted.execute(kv.put('a', '3'));
    const { pair } = expectType(hosted.query(kv.get('a')), 'get');
    expect(pair).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 });
  });

  test('may be 1024 bytes long, and its value a mebibyte', () => {
    const hosted = new Hosted();
    const key = 'é'.repeat(maxKeyBytes / 2);
    const value = new Uint8Array(maxValueBytes).fill(7);
    hosted.execute(kv.put(key, value));
    const { pair } = expectType(hosted.query(kv.get(key)), 'get');
    expect(equalBytes(pair?.value ?? new Uint8Array(0), value)).toBe(true);
  });

  test('may have an empty value, which is not the same as none', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('a', ''));
    expect(hosted.text('a')).toBe('');
  });
});

describe('put', () => {
  test('returns the pair before, if asked to', () => {
    const hosted = new Hosted();
    expect(hosted.execute(kv.put('a', '1', { previous: true }))).toEqual({
      type: 'put',
      revision: 2,
    });
    expect(hosted.execute(kv.put('a', '2', { previous: true }))).toEqual({
      type: 'put',
      revision: 3,
      previous: { key: 'a', value: utf8('1'), createRevision: 2, modRevision: 2, version: 1 },
    });
    expect(hosted.execute(kv.put('a', '3'))).toEqual({ type: 'put', revision: 4 });
  });

  test('keeps a copy of the value, not the memory that it came in', () => {
    const machine = kvMachine();
    for (const bytes of [5, 2000]) {
      const frame = new Uint8Array(1 << 20).fill(1);
      apply(machine, kv.put('a', frame.subarray(10, 10 + bytes)));
      frame.fill(9);
      const { pair } = expectType(machine.query(kv.get('a')), 'get');
      expect(pair?.value).toEqual(new Uint8Array(bytes).fill(1));
      expect(pair?.value.buffer.byteLength).toBeLessThanOrEqual(4096);
    }
  });
});

describe('delete', () => {
  const filled = (): Hosted => {
    const hosted = new Hosted();
    for (const key of ['a', 'b/1', 'b/2', 'b/3', 'c']) hosted.execute(kv.put(key, key));
    return hosted;
  };

  test('takes one key, a prefix or a range, in one revision', () => {
    const one = filled();
    expect(one.execute(kv.delete('b/2'))).toEqual({
      type: 'delete',
      revision: 7,
      deleted: 1,
      previous: [],
    });
    expect(one.all()).toEqual(['a=a', 'b/1=b/1', 'b/3=b/3', 'c=c']);
    const prefix = filled();
    expect(prefix.execute(kv.delete({ prefix: 'b/' }))).toMatchObject({ revision: 7, deleted: 3 });
    expect(prefix.all()).toEqual(['a=a', 'c=c']);
    const range = filled();
    expect(range.execute(kv.delete({ from: 'b/2', to: 'c' }))).toMatchObject({
      revision: 7,
      deleted: 2,
    });
    expect(range.all()).toEqual(['a=a', 'b/1=b/1', 'c=c']);
    expect(range.execute(kv.delete({}))).toMatchObject({ revision: 8, deleted: 3 });
    expect(range.all()).toEqual([]);
  });

  test('returns the pairs before, if asked to', () => {
    const result = filled().execute(kv.delete({ prefix: 'b/' }, { previous: true }));
    expect(texts(expectType(result, 'delete').previous)).toEqual(['b/1=b/1', 'b/2=b/2', 'b/3=b/3']);
  });

  test('of nothing is an ordinary result', () => {
    expect(filled().execute(kv.delete('nothing', { previous: true }))).toEqual({
      type: 'delete',
      revision: 6,
      deleted: 0,
      previous: [],
    });
  });

  test('does not return more than fits: that is rejected, and nothing is deleted', () => {
    const hosted = new Hosted();
    const value = new Uint8Array(maxValueBytes);
    for (const key of ['a', 'b', 'c', 'd']) hosted.execute(kv.put(key, value));
    const before = hosted.machine.stateHash();
    const all = { prefix: '' };
    expect(() => hosted.execute(kv.delete(all, { previous: true }))).toThrow(CommandRejectedError);
    expect(hosted.machine.stateHash()).toBe(before);
    expect(hosted.execute(kv.delete(all))).toMatchObject({ deleted: 4 });
  });
});

describe('range', () => {
  const filled = (): Hosted => {
    const hosted = new Hosted();
    for (const key of ['a', 'b/1', 'b/2', 'b/3', 'c']) hosted.execute(kv.put(key, key));
    return hosted;
  };
  const keysOf = (hosted: Hosted, options: Parameters<typeof kv.range>[0]): readonly string[] =>
    expectType(hosted.query(kv.range(options)), 'range').pairs.map(({ key }) => key);

  test('reads a prefix, or from a key up to another one', () => {
    const hosted = filled();
    expect(keysOf(hosted, { prefix: 'b/' })).toEqual(['b/1', 'b/2', 'b/3']);
    expect(keysOf(hosted, { from: 'b/2', to: 'c' })).toEqual(['b/2', 'b/3']);
    expect(keysOf(hosted, { from: 'b/2' })).toEqual(['b/2', 'b/3', 'c']);
    expect(keysOf(hosted, { to: 'b/2' })).toEqual(['a', 'b/1']);
    expect(keysOf(hosted, { from: 'c', to: 'b' })).toEqual([]);
    expect(keysOf(hosted, { prefix: 'x' })).toEqual([]);
  });

  test('reads backwards', () => {
    expect(keysOf(filled(), { prefix: 'b/', reverse: true })).toEqual(['b/3', 'b/2', 'b/1']);
    expect(keysOf(filled(), { prefix: '', reverse: true, limit: 2 })).toEqual(['c', 'b/3']);
  });

  test('stops at the limit and says that there is more', () => {
    const hosted = filled();
    expect(expectType(hosted.query(kv.range({ prefix: 'b/', limit: 2 })), 'range')).toMatchObject({
      more: true,
    });
    expect(expectType(hosted.query(kv.range({ prefix: 'b/', limit: 3 })), 'range')).toMatchObject({
      more: false,
    });
  });

  test('counts beyond the limit, if asked to', () => {
    const answer = filled().query(kv.range({ prefix: 'b/', limit: 0, count: true }));
    expect(answer).toEqual({ type: 'range', revision: 6, pairs: [], more: true, count: 3 });
  });

  test('leaves the values out, if asked to', () => {
    const answer = filled().query(kv.range({ prefix: 'c', keysOnly: true }));
    expect(expectType(answer, 'range').pairs).toMatchObject([
      { key: 'c', value: new Uint8Array(0), version: 1 },
    ]);
  });

  test('leaves no gap: behind a pair that did not fit, none is answered that would', () => {
    const hosted = new Hosted();
    const value = new Uint8Array(maxValueBytes);
    for (const key of ['a', 'b', 'c', 'd']) hosted.execute(kv.put(key, value));
    hosted.execute(kv.put('e', 'small'));
    const answer = expectType(hosted.query(kv.range({ prefix: '', count: true })), 'range');
    expect(answer.pairs.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(answer).toMatchObject({ more: true, count: 5 });
  });

  test('stops before an answer grows over its bound; the revision it names reads on', () => {
    const hosted = new Hosted();
    const value = new Uint8Array(maxValueBytes / 2);
    const keys = Array.from({ length: 12 }, (_, at) => String.fromCharCode(97 + at));
    for (const key of keys) hosted.execute(kv.put(key, value));
    const read: string[] = [];
    let page = expectType(hosted.query(kv.range({ prefix: '' })), 'range');
    const { revision } = page;
    for (;;) {
      read.push(...page.pairs.map(({ key }) => key));
      expect(page.pairs.reduce((sum, pair) => sum + pair.value.length, 0)).toBeLessThan(
        maxAnswerBytes,
      );
      if (!page.more) break;
      hosted.execute(kv.delete(keys[11 - (read.length % 3)] ?? ''));
      const from = `${read.at(-1) ?? ''}\0`;
      page = expectType(hosted.query(kv.range({ from, revision })), 'range');
    }
    expect(read).toEqual(keys);
  });
});

describe('info', () => {
  test('counts what is there and what is only kept for the past', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('é', '123'));
    hosted.execute(kv.put('b', '1'));
    hosted.execute(kv.put('b', '12'));
    hosted.execute(kv.put('c', ''));
    hosted.execute(kv.delete('c'));
    expect(hosted.info()).toEqual({
      type: 'info',
      revision: 6,
      compactRevision: 1,
      keys: 2,
      bytes: 8,
      changes: 5,
      // 128 a change, the first `b`, the `c` that is gone and its tombstone.
      historyBytes: 5 * 128 + 2 + 1 + 1,
      retainRevisions: 10_000,
      retainBytes: 256 * 1024 * 1024,
      leases: 0,
      hash: hosted.machine.stateHash(),
    });
  });
});

describe('what makes no sense', () => {
  const value = new Uint8Array(1);
  const senseless: readonly (readonly [string, KvCommand])[] = [
    ['an empty key', kv.put('', value)],
    ['a key that is too long', kv.put('é'.repeat(513), value)],
    ['half a character', kv.put('a\uD83D', value)],
    ['half a character in a prefix', kv.delete({ prefix: '\uDE00' })],
    ['half a character in a bound', kv.delete({ from: 'a', to: '\uDE00' })],
    ['a bound that is too long', kv.delete({ from: 'a'.repeat(1025) })],
    ['a value that is too long', kv.put('a', new Uint8Array(maxValueBytes + 1))],
    ['a negative revision', kv.compact(-1)],
    ['half a revision', kv.compact(1.5)],
    ['no number', kv.retain({ revisions: Number.NaN, bytes: 0 })],
    ['a number too large', kv.retain({ revisions: 0, bytes: 2 ** 48 })],
    ['a compare of a bad key', kv.txn({ compare: [kv.when('').exists()] })],
    ['a compare with a bad number', kv.txn({ compare: [kv.when('a').version('=', -1)] })],
    [
      'too many compares',
      kv.txn({ compare: Array.from({ length: 129 }, () => kv.when('a').exists()) }),
    ],
    ['too many operations', kv.txn({ else: Array.from({ length: 129 }, () => kv.get('a')) })],
    ['a read of the past in a transaction', kv.txn({ then: [kv.get('a', { revision: 1 })] })],
    ['a limit too large', kv.txn({ then: [kv.range({ prefix: '', limit: 10_001 })] })],
  ];

  test.each(senseless)('%s is refused when it is encoded, and when it is applied', (_, command) => {
    expect(() => new Hosted().execute(command)).toThrow(InvalidArgumentError);
    const machine = kvMachine();
    const before = machine.stateHash();
    expect(() => apply(machine, command)).toThrow(CommandRejectedError);
    expect(machine.stateHash()).toBe(before);
  });

  test('of a query is refused too', () => {
    expect(() => kvMachine().query(kv.get(''))).toThrow(InvalidArgumentError);
    expect(() => kvMachine().query(kv.range({ prefix: 'a', limit: -1 }))).toThrow(
      InvalidArgumentError,
    );
  });
});

describe('expectType', () => {
  test('refuses another type', () => {
    expect(() => expectType(new Hosted().execute(kv.put('a', '1')), 'delete')).toThrow(
      InvalidArgumentError,
    );
  });
});
