/** The past: reads at revisions, compaction, and what is kept without asking. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CommandRejectedError, CompactedError } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { expectType, kv, versionOverheadBytes } from '../src/index.ts';
import { Store } from '../src/store.ts';
import { groupSize, noVersion, type VersionId } from '../src/version-table.ts';
import { Hosted } from './harness.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

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
  /** A store with a = 0, 1, … so many times. */
  function overwritten(store: Store, times: number): Store {
    for (let change = 0; change < times; change++) {
      store.put('a', Uint8Array.of(change));
      store.commit();
    }
    return store;
  }

  test('is given back: nothing that is left refers to it', () => {
    const store = new Store();
    store.retain({ revisions: 3, bytes: 10_000 });
    overwritten(store, 200);
    // The changes retained; what was in force before the first of them is the state it is read from. What is
    // forgotten goes in groups.
    expect(store.versions.size).toBeLessThan(3 + 1 + groupSize);
    store.retain({ revisions: 3, bytes: 10_000 });
    expect(store.versions.size).toBe(3 + 1);
    let chain = 0;
    for (let id = store.newest('a'); id !== noVersion; id = store.versions.previous(id)) chain += 1;
    expect(chain).toBe(3 + 1);
    store.compact(store.revision);
    expect(store.versions.size).toBe(1);
    expect(store.versions.previous(store.newest('a'))).toBe(noVersion);
    store.delete(store.live('a'));
    store.commit();
    store.compact(store.revision);
    expect(store.versions.size).toBe(0);
    expect(store.newest('a')).toBe(noVersion);
  });

  test('stays for a snapshot until that is released, and goes in small steps behind it', () => {
    const store = new Store();
    store.retain({ revisions: 3, bytes: 10_000 });
    overwritten(store, 5);
    const frozen = store.freeze();
    overwritten(store, 100);
    store.retain({ revisions: 3, bytes: 10_000 });
    // Of the 4 that were there and the 100 since, all are; and they count no more for that.
    expect(store.versions.size).toBe(104);
    expect(store.history.length).toBe(3);
    const valueAt = (id: VersionId): number | undefined => store.viewOfValue(id)[0];
    expect(Array.from(frozen.base(), valueAt)).toEqual([1]);
    expect(Array.from(frozen.changes(), valueAt)).toEqual([2, 3, 4]);
    frozen.release();
    const sizes: number[] = [];
    for (let put = 0; put < 2; put++) sizes.push(overwritten(store, 1).versions.size);
    expect(sizes).toEqual([105 - 2 * groupSize, 106 - 4 * groupSize]);
    overwritten(store, 200);
    expect(store.versions.size).toBeLessThan(3 + 1 + groupSize);
  });

  test('was never on the heap of the collector', () => {
    const store = new Store();
    const value = new Uint8Array(100);
    const overwrite = (): void => {
      for (let key = 0; key < 20_000; key++) {
        store.put(String(key % 1000), value);
        store.commit();
      }
    };
    overwrite();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    overwrite();
    collectGarbage();
    // 10 000 of these versions can be read; as objects they would have 100 bytes each at the least.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000);
    expect(store.versions.size).toBeLessThan(1000 + 10_000 + groupSize);
  });

  test('goes with a snapshot that nobody reads or releases', async () => {
    const store = new Store();
    store.retain({ revisions: 0, bytes: 0 });
    overwritten(store, 1).freeze();
    overwritten(store, 50);
    expect(store.versions.size).toBe(51);
    await expect
      .poll(() => {
        collectGarbage();
        return overwritten(store, 100).versions.size;
      })
      .toBeLessThan(1 + groupSize);
  });

  test('waits for the oldest of several snapshots', () => {
    const store = new Store();
    store.retain({ revisions: 0, bytes: 0 });
    overwritten(store, 2);
    const [first, second] = [store.freeze(), overwritten(store, 2).freeze()];
    second.release();
    overwritten(store, 2);
    store.retain({ revisions: 0, bytes: 0 });
    expect(store.versions.size).toBe(5);
    first.release();
    first.release();
    store.retain({ revisions: 0, bytes: 0 });
    expect(store.versions.size).toBe(1);
  });
});
