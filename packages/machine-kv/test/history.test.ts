/** The past: reads at revisions, compaction, and what is kept without asking. */
import { CommandRejectedError, CompactedError } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { expectType, kv, versionOverheadBytes } from '../src/index.ts';
import { Store } from '../src/store.ts';
import { Hosted } from './harness.ts';

/** Revision n + 1 has a = n. */
function filled(changes: number): Hosted {
  const hosted = new Hosted();
  for (let change = 1; change <= changes; change++) hosted.execute(kv.put('a', String(change)));
  return hosted;
}

describe('a read at a revision', () => {
  test('sees the map as it was', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('a', '1'));
    hosted.execute(kv.put('b', '1'));
    hosted.execute(kv.delete('a'));
    hosted.execute(kv.put('a', '2'));
    expect([1, 2, 3, 4, 5].map((revision) => hosted.all(revision))).toEqual([
      [],
      ['a=1'],
      ['a=1', 'b=1'],
      ['b=1'],
      ['a=2', 'b=1'],
    ]);
    expect(hosted.query(kv.get('a', { revision: 4 }))).toEqual({ type: 'get', revision: 4 });
  });

  test('that is not there yet says so', () => {
    expect(filled(2).query(kv.get('a', { revision: 4 }))).toEqual({
      type: 'future',
      revision: 4,
      currentRevision: 3,
    });
  });
});

describe('compaction', () => {
  test('forgets what was before a revision, and nothing of that revision', () => {
    const hosted = filled(5);
    expect(hosted.execute(kv.compact(4))).toEqual({
      type: 'compact',
      revision: 6,
      compactRevision: 4,
    });
    expect(hosted.query(kv.get('a', { revision: 3 }))).toEqual({
      type: 'compacted',
      revision: 3,
      compactRevision: 4,
    });
    expect(hosted.text('a', 4)).toBe('3');
    expect(hosted.text('a')).toBe('5');
    expect(hosted.info()).toMatchObject({ revision: 6, changes: 2 });
  });

  test('keeps a key that was deleted later, and forgets one that was deleted before', () => {
    const hosted = new Hosted();
    hosted.execute(kv.put('early', '1'));
    hosted.execute(kv.put('late', '1'));
    hosted.execute(kv.delete('early'));
    hosted.execute(kv.delete('late'));
    hosted.execute(kv.compact(4));
    expect(hosted.all(4)).toEqual(['late=1']);
    expect(hosted.all()).toEqual([]);
    hosted.execute(kv.compact(5));
    expect(hosted.info()).toMatchObject({ keys: 0, bytes: 0, changes: 0, historyBytes: 0 });
  });

  test('of the future, or of what is compacted already, is rejected', () => {
    const hosted = filled(5);
    hosted.execute(kv.compact(4));
    const before = hosted.machine.stateHash();
    for (const revision of [7, 4, 3, 0]) {
      expect(() => hosted.execute(kv.compact(revision))).toThrow(CommandRejectedError);
    }
    expect(hosted.machine.stateHash()).toBe(before);
    hosted.execute(kv.compact(6));
  });

  test('is told apart by expectType', () => {
    const hosted = filled(5);
    hosted.execute(kv.compact(4));
    const answer = hosted.query(kv.get('a', { revision: 2 }));
    expect(() => expectType(answer, 'get')).toThrow(CompactedError);
    expect(expectType(answer, 'compacted').compactRevision).toBe(4);
  });
});

describe('retention', () => {
  test('keeps the newest ten thousand revisions unless told otherwise', () => {
    const hosted = filled(10_002);
    expect(hosted.info()).toMatchObject({ revision: 10_003, compactRevision: 3, changes: 10_000 });
  });

  test('keeps as many revisions as told, at once and from then on', () => {
    const hosted = filled(10);
    expect(hosted.execute(kv.retain({ revisions: 3, bytes: 10_000 }))).toEqual({
      type: 'retain',
      revision: 11,
      compactRevision: 8,
    });
    expect(hosted.text('a', 8)).toBe('7');
    hosted.execute(kv.put('b', '1'));
    expect(hosted.info()).toMatchObject({ compactRevision: 9, changes: 3, retainRevisions: 3 });
  });

  test('keeps no more bytes than told, whatever the number of revisions', () => {
    const hosted = new Hosted();
    hosted.execute(kv.retain({ revisions: 1000, bytes: 5 * (versionOverheadBytes + 101) }));
    for (let change = 0; change < 20; change++) {
      hosted.execute(kv.put('a', new Uint8Array(100).fill(change)));
    }
    expect(hosted.info()).toMatchObject({
      changes: 5,
      historyBytes: 5 * (versionOverheadBytes + 101),
    });
  });

  test('of nothing keeps the present alone', () => {
    const hosted = filled(3);
    hosted.execute(kv.retain({ revisions: 0, bytes: 0 }));
    hosted.execute(kv.put('a', 'new'));
    hosted.execute(kv.delete({ prefix: '' }));
    hosted.execute(kv.put('b', '1'));
    expect(hosted.all()).toEqual(['b=1']);
    expect(hosted.info()).toMatchObject({ revision: 7, compactRevision: 7, historyBytes: 0 });
  });

  test('gives up the whole past where a single revision is over the bound', () => {
    const hosted = new Hosted();
    hosted.execute(kv.retain({ revisions: 1000, bytes: 1000 }));
    for (let key = 0; key < 50; key++) hosted.execute(kv.put(String(key), 'x'));
    hosted.execute(kv.delete({ prefix: '' }));
    expect(hosted.info()).toMatchObject({
      keys: 0,
      compactRevision: 52,
      changes: 0,
      historyBytes: 0,
    });
  });
});

describe('what is forgotten', () => {
  test('is let go of: nothing that is left refers to it', () => {
    const store = new Store();
    store.retain({ revisions: 3, bytes: 10_000 });
    for (let change = 0; change < 20; change++) {
      store.put('a', new Uint8Array(1));
      store.commit();
    }
    let versions = 0;
    for (let at = store.newest('a'); at !== undefined; at = at.previous) versions += 1;
    // The changes retained; what was in force before the first of them is the state it is read from.
    expect(versions).toBe(3 + 1);
    store.compact(store.revision);
    expect(store.newest('a')?.previous).toBeUndefined();
  });
});
