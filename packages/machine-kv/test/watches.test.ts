/** Watches: what happens to some keys, in order, each change once, from wherever one left off. */
import {
  CompactedError,
  type Cursor,
  decode,
  encode,
  fromUtf8,
  InvalidArgumentError,
  isWatchable,
  MalformedError,
} from '@quorate/core';
import { describe, expect, test } from 'vitest';
import {
  type KvEvent,
  type KvWatch,
  kv,
  kvMachine,
  maxTakeSteps,
  maxValueBytes,
} from '../src/index.ts';
import { Store } from '../src/store.ts';
import { Watches } from '../src/watches/watches.ts';
import { apply, collect, Hosted, stream } from './harness.ts';

const never = (): void => {
  throw new Error('nobody is to be woken');
};

/** Events as `revision.position key=value`, or `key!` where it was deleted. */
function texts(events: readonly KvEvent[]): readonly string[] {
  return events.map((event) => {
    const what =
      event.type === 'put' ? `${event.pair.key}=${fromUtf8(event.pair.value)}` : `${event.key}!`;
    const before = event.previous === undefined ? '' : ` was ${fromUtf8(event.previous.value)}`;
    return `${String(event.revision)}.${String(event.position)} ${what}${before}`;
  });
}

const all = (cursor: Cursor<KvWatch, KvEvent>): readonly string[] =>
  texts(cursor.take(100_000, 1e9));

/** Revisions 2 to 6. */
function filled(): Hosted {
  const hosted = new Hosted();
  hosted.execute(kv.put('a', '1'));
  hosted.execute(kv.txn({ then: [kv.put('b/1', '1'), kv.put('a', '2'), kv.put('b/2', '1')] }));
  hosted.execute(kv.delete({ prefix: 'b/' }));
  hosted.execute(kv.put('c', '1'));
  hosted.execute(kv.put('a', '3'));
  return hosted;
}

const everything = [
  '2.0 a=1',
  '3.0 b/1=1',
  '3.1 a=2',
  '3.2 b/2=1',
  '4.0 b/1!',
  '4.1 b/2!',
  '5.0 c=1',
  '6.0 a=3',
];

describe('a watch', () => {
  const seen = (keys: Parameters<typeof kv.watch>[0], options = {}): readonly string[] =>
    all(filled().machine.watch(kv.watch(keys, { revision: 1, ...options }), never));

  test('sees one key, a prefix, a range or all, in order', () => {
    expect(seen('a')).toEqual(['2.0 a=1', '3.1 a=2', '6.0 a=3']);
    expect(seen({ prefix: 'b/' })).toEqual(['3.0 b/1=1', '3.2 b/2=1', '4.0 b/1!', '4.1 b/2!']);
    expect(seen({ from: 'b/2', to: 'c\0' })).toEqual(['3.2 b/2=1', '4.1 b/2!', '5.0 c=1']);
    expect(seen({ prefix: '' })).toEqual(everything);
    expect(seen({ from: 'x' })).toEqual([]);
  });

  test('begins at any revision, and behind any change of it', () => {
    expect(seen('a', { revision: 3 })).toEqual(['3.1 a=2', '6.0 a=3']);
    expect(seen('a', { revision: 3, position: 2 })).toEqual(['6.0 a=3']);
    expect(seen({ prefix: '' }, { revision: 3, position: 2 })).toEqual(everything.slice(3));
    expect(seen({ prefix: '' }, { revision: 3, position: 9 })).toEqual(everything.slice(4));
    expect(seen({ prefix: '' }, { revision: 6 })).toEqual(['6.0 a=3']);
  });

  test('leaves out what is not wanted, and tells what was there before where that is', () => {
    expect(seen({ prefix: 'b/' }, { puts: false })).toEqual(['4.0 b/1!', '4.1 b/2!']);
    expect(seen({ prefix: 'b/' }, { deletes: false })).toEqual(['3.0 b/1=1', '3.2 b/2=1']);
    expect(seen('a', { previous: true })).toEqual(['2.0 a=1', '3.1 a=2 was 1', '6.0 a=3 was 2']);
    expect(seen('b/2', { previous: true, puts: false })).toEqual(['4.1 b/2! was 1']);
  });

  test('from now on sees what comes, and is woken once for it', () => {
    const hosted = filled();
    let wakes = 0;
    const cursor = hosted.machine.watch(kv.watch('a'), () => {
      wakes += 1;
    });
    hosted.execute(kv.put('a', '4'));
    expect([wakes, all(cursor), all(cursor)]).toEqual([0, ['7.0 a=4'], []]);
    hosted.execute(kv.put('b', '1'));
    expect(wakes).toBe(0);
    hosted.execute(kv.put('a', '5'));
    hosted.execute(kv.put('a', '6'));
    expect([wakes, all(cursor)]).toEqual([1, ['9.0 a=5', '10.0 a=6']]);
    // There is no promise to wake before take has found nothing.
    hosted.execute(kv.put('a', '7'));
    expect([wakes, all(cursor), all(cursor)]).toEqual([1, ['11.0 a=7'], []]);
    cursor.close();
    cursor.close();
    hosted.execute(kv.put('a', '8'));
    expect([wakes, all(cursor)]).toEqual([1, []]);
  });

  test('is woken when the revision is whole', () => {
    const hosted = new Hosted();
    const revisions: number[] = [];
    const cursor: Cursor<KvWatch, KvEvent> = hosted.machine.watch(kv.watch({ prefix: '' }), () =>
      revisions.push(cursor.rest.revision),
    );
    expect(all(cursor)).toEqual([]);
    hosted.execute(kv.txn({ then: [kv.put('a', '1'), kv.put('b', '1')] }));
    expect(revisions).toEqual([2]);
    expect(all(cursor)).toEqual(['2.0 a=1', '2.1 b=1']);
  });

  test('of a revision that is not there yet waits for it', () => {
    const hosted = filled();
    let wakes = 0;
    const cursor = hosted.machine.watch(kv.watch('a', { revision: 9, position: 1 }), () => {
      wakes += 1;
    });
    expect(all(cursor)).toEqual([]);
    for (const value of ['4', '5']) hosted.execute(kv.put('a', value));
    expect(cursor.rest).toMatchObject({ revision: 9, position: 1 });
    hosted.execute(kv.put('a', '6'));
    expect([wakes, cursor.rest.revision]).toEqual([0, 10]);
    hosted.execute(kv.put('a', '7'));
    expect([wakes, all(cursor)]).toEqual([1, ['10.0 a=7']]);
  });

  test('sees the end of leases, each at its revision', () => {
    const hosted = new Hosted();
    hosted.execute(kv.lease.grant(200));
    hosted.execute(kv.lease.grant(100));
    for (const lease of [1, 2]) {
      for (const key of ['x', 'y'])
        hosted.execute(kv.put(`${key}${String(lease)}`, '1', { lease }));
    }
    let wakes = 0;
    const cursor = hosted.machine.watch(kv.watch({ prefix: '' }, { previous: true }), () => {
      wakes += 1;
    });
    cursor.take(1, 1);
    hosted.time += 500;
    hosted.expire();
    expect([wakes, all(cursor)]).toEqual([
      1,
      ['6.0 x2! was 1', '6.1 y2! was 1', '7.0 x1! was 1', '7.1 y1! was 1'],
    ]);
  });
});

describe('taking', () => {
  /** 40 revisions of 1 to 120 changes, more than 64 of which some are in one revision. */
  function long(): Hosted {
    const hosted = new Hosted();
    for (let revision = 0; revision < 40; revision++) {
      const changes = revision % 13 === 5 ? 120 : (revision % 5) + 1;
      const then = Array.from({ length: changes }, (_, at) =>
        kv.put(`k${String((revision * 31 + at) % 200)}`, `${String(revision)}.${String(at)}`),
      );
      hosted.execute(kv.txn({ then }));
    }
    return hosted;
  }

  test('goes on from every place, through the bytes of a request', () => {
    const { machine } = long();
    const whole = machine.watch(kv.watch({ prefix: 'k1' }, { revision: 1 }), never).take(9999, 1e9);
    const expected = texts(whole);
    expect(expected.length).toBeGreaterThan(200);
    for (let taken = 1; taken < expected.length; taken++) {
      const first = machine.watch(kv.watch({ prefix: 'k1' }, { revision: 1 }), never);
      expect(texts(first.take(taken, 1e9))).toEqual(expected.slice(0, taken));
      const rest = decode(machine.watches, encode(machine.watches, first.rest));
      const second = machine.watch(rest, never);
      expect(texts(second.take(9999, 1e9))).toEqual(expected.slice(taken));
    }
  });

  test('goes on from every revision that is left, however much was compacted', () => {
    const hosted = long();
    const expected = all(hosted.machine.watch(kv.watch({ prefix: '' }, { revision: 1 }), never));
    const after = (revision: number): readonly string[] =>
      expected.filter((text) => Number.parseInt(text, 10) >= revision);
    for (let compacted = 2; compacted <= 41; compacted++) {
      hosted.execute(kv.compact(compacted));
      for (let revision = 1; revision <= compacted; revision++) {
        const watch = kv.watch('a', { revision });
        expect(() => hosted.machine.watch(watch, never)).toThrow(CompactedError);
      }
      for (let revision = compacted + 1; revision <= 42; revision++) {
        const watch = kv.watch({ prefix: '' }, { revision });
        expect(all(hosted.machine.watch(watch, never))).toEqual(after(revision));
      }
    }
  });

  test('is bounded in events, and in bytes but for the first', () => {
    const hosted = new Hosted();
    const value = new Uint8Array(10_000);
    for (let at = 0; at < 10; at++) hosted.execute(kv.put(`k${String(at)}`, value));
    hosted.execute(kv.put('large', new Uint8Array(maxValueBytes)));
    const cursor = hosted.machine.watch(kv.watch({ prefix: '' }, { revision: 1 }), never);
    expect(cursor.take(3, 1e9)).toHaveLength(3);
    expect(cursor.take(100, 25_000)).toHaveLength(2);
    expect(cursor.take(100, 0)).toHaveLength(1);
    expect(cursor.take(100, 50_000)).toHaveLength(4);
    expect(cursor.take(100, 50_000)).toMatchObject([{ pair: { key: 'large' } }]);
    for (const most of [0, -1, Number.NaN]) {
      expect(() => cursor.take(most, 1)).toThrow(InvalidArgumentError);
    }
  });

  test('stops looking after a while, and asks to be called again', () => {
    const machine = kvMachine();
    apply(machine, kv.retain({ revisions: 1e6, bytes: 1e9 }));
    for (let at = 0; at < 2.5 * maxTakeSteps; at++) apply(machine, kv.put('noise', ''));
    apply(machine, kv.put('signal', '1'));
    let wakes = 0;
    const cursor = machine.watch(kv.watch('signal', { revision: 2 }), () => {
      wakes += 1;
    });
    expect([all(cursor), wakes]).toEqual([[], 1]);
    expect(cursor.rest.revision).toBe(2 + maxTakeSteps);
    expect([all(cursor), wakes]).toEqual([[], 2]);
    expect([all(cursor).length, wakes]).toEqual([1, 2]);
    expect([all(cursor), wakes]).toEqual([[], 2]);
  });
});

describe('compaction', () => {
  test('overtakes one who is slow, and says what is left', () => {
    const hosted = filled();
    const cursor = hosted.machine.watch(kv.watch('a', { revision: 2 }), never);
    expect(texts(cursor.take(1, 1e9))).toEqual(['2.0 a=1']);
    hosted.execute(kv.compact(4));
    for (const attempt of [1, 2]) {
      expect(() => cursor.take(attempt, 1e9)).toThrow(
        /^the changes of revision 3 have been forgotten, the oldest left are those of 5; /,
      );
    }
    cursor.close();
    expect(cursor.rest).toMatchObject({ revision: 3, position: 1 });
  });

  test('does not overtake one who has seen everything, however long nothing happens to its keys', () => {
    const hosted = filled();
    hosted.execute(kv.retain({ revisions: 2, bytes: 1e9 }));
    let wakes = 0;
    const watch = kv.watch('quiet', { revision: 6 });
    const idle = hosted.machine.watch(watch, () => {
      wakes += 1;
    });
    const full = hosted.machine.watch(kv.watch('a', { revision: 6 }), never);
    expect([all(idle), all(full)]).toEqual([[], ['6.0 a=3']]);
    for (let at = 0; at < 100; at++) hosted.execute(kv.put('noise', String(at)));
    for (const cursor of [idle, full]) expect(cursor.rest.revision).toBe(107);
    const resumed = hosted.machine.watch(idle.rest, never);
    expect(all(resumed)).toEqual([]);
    resumed.close();
    hosted.execute(kv.put('quiet', '1'));
    hosted.execute(kv.put('noise', ''));
    expect([wakes, all(idle), all(full)]).toEqual([1, ['107.0 quiet=1'], []]);
  });

  test('of the very revision that somebody is woken for is told as such', () => {
    const hosted = new Hosted();
    hosted.execute(kv.retain({ revisions: 0, bytes: 0 }));
    let wakes = 0;
    const cursor = hosted.machine.watch(kv.watch('a'), () => {
      wakes += 1;
    });
    expect(all(cursor)).toEqual([]);
    hosted.execute(kv.put('a', '1'));
    expect(wakes).toBe(1);
    expect(() => all(cursor)).toThrow(CompactedError);
  });

  test('lets go of what it forgets, though somebody has not seen it', () => {
    const store = new Store();
    const cursor = new Watches(store).open(kv.watch({ prefix: '' }, { revision: 1 }), never);
    for (let at = 0; at < 500; at++) {
      store.put('a', new Uint8Array(2000));
      store.commit();
    }
    expect(cursor.take(10, 1e9)).toHaveLength(10);
    store.compact(101);
    // What was in force at revision 101, and all since.
    expect(store.versions.size).toBe(401);
    expect(() => cursor.take(1, 1)).toThrow(CompactedError);
  });
});

describe('a restore', () => {
  test('leaves watches where they are, or tells that their place is gone', async () => {
    const hosted = filled();
    const other = filled();
    const woken: string[] = [];
    const watch = (name: string, request: KvWatch): Cursor<KvWatch, KvEvent> =>
      hosted.machine.watch(request, () => woken.push(name));
    const idle = watch('idle', kv.watch('a'));
    const behind = watch('behind', kv.watch('a', { revision: 3 }));
    const slow = watch('slow', kv.watch('a', { revision: 2 }));
    const future = watch('future', kv.watch('a', { revision: 9 }));
    expect([all(idle), all(future), texts(behind.take(1, 1))]).toEqual([[], [], ['3.1 a=2']]);
    for (const value of ['4', '5']) other.execute(kv.put('a', value));
    other.execute(kv.compact(3));
    await hosted.machine.restore(other.machine.snapshot());
    expect(woken.sort()).toEqual(['future', 'idle']);
    expect(all(idle)).toEqual(['7.0 a=4', '8.0 a=5']);
    expect(all(behind)).toEqual(['6.0 a=3', '7.0 a=4', '8.0 a=5']);
    expect(() => all(slow)).toThrow(CompactedError);
    expect(all(future)).toEqual([]);
    hosted.execute(kv.put('a', '6'));
    expect([all(future), all(idle)]).toEqual([['9.0 a=6'], ['9.0 a=6']]);
  });

  test('of an older state has those wait who have seen more', async () => {
    const old = await collect(filled().machine.snapshot());
    const hosted = filled();
    hosted.execute(kv.put('a', '4'));
    const cursor = hosted.machine.watch(kv.watch('a', { revision: 7 }), () => undefined);
    expect([all(cursor), all(cursor)]).toEqual([['7.0 a=4'], []]);
    await hosted.machine.restore(stream(old));
    expect([all(cursor), cursor.rest.revision]).toEqual([[], 8]);
    for (const value of ['other 4', '5']) hosted.execute(kv.put('a', value));
    expect(all(cursor)).toEqual(['8.0 a=5']);
  });

  test('that fails changes nothing', async () => {
    const hosted = filled();
    const cursor = hosted.machine.watch(kv.watch('a'), () => undefined);
    expect(all(cursor)).toEqual([]);
    await expect(hosted.machine.restore(stream([new Uint8Array(3)]))).rejects.toThrow('cut short');
    hosted.execute(kv.put('a', '4'));
    expect(all(cursor)).toEqual(['7.0 a=4']);
  });
});

describe('thousands who watch', () => {
  test('are woken by what concerns them alone', () => {
    const machine = kvMachine();
    const woken: number[] = [];
    const watchers = 6000;
    const group = (at: number): string => String(at % 2000).padStart(4, '0');
    const requests = [
      (at: number) => kv.watch(`g/${group(at)}`),
      (at: number) => kv.watch({ prefix: `g/${group(at)}` }),
      (at: number) => kv.watch({ from: `g/${group(at)}`, to: `g/${group(at)}/` }),
    ];
    const cursors = Array.from({ length: watchers }, (_, at) => {
      const request = requests[Math.floor(at / 2000)]?.(at) ?? kv.watch('');
      const cursor = machine.watch(request, () => woken.push(at));
      expect(cursor.take(1, 1)).toEqual([]);
      return cursor;
    });
    apply(machine, kv.put('elsewhere', ''));
    expect(woken).toEqual([]);
    apply(machine, kv.put('g/0123', 'x'));
    expect(woken.splice(0).sort()).toEqual([123, 2123, 4123]);
    apply(machine, kv.put('g/0123/below', 'x'));
    // The first one has nothing to look for, the others have been told and have not looked yet.
    expect(woken).toEqual([]);
    expect(cursors.map((cursor) => cursor.take(9, 1e9).length).reduce((sum, n) => sum + n)).toBe(4);
    apply(machine, kv.delete({ prefix: 'g/' }));
    // Those who took something have not asked again yet.
    expect(woken).toEqual([]);
    for (const cursor of cursors) cursor.close();
  });
});

describe('what makes no sense', () => {
  const senseless: readonly (readonly [string, KvWatch])[] = [
    ['an empty key', kv.watch('')],
    ['half a character', kv.watch({ prefix: '\uD83D' })],
    ['neither puts nor deletions', kv.watch('a', { puts: false, deletes: false })],
    ['a position of no revision', kv.watch('a', { position: 1 })],
    ['a negative revision', kv.watch('a', { revision: -1 })],
    ['half a position', kv.watch('a', { revision: 1, position: 0.5 })],
  ];

  test.each(senseless)('%s is refused', (_, request) => {
    const machine = kvMachine();
    expect(() => machine.watch(request, never)).toThrow(InvalidArgumentError);
    expect(() => encode(machine.watches, request)).toThrow(InvalidArgumentError);
  });

  test('as bytes is malformed', () => {
    const machine = kvMachine();
    const request = encode(machine.watches, kv.watch('a', { revision: 5 }));
    for (let cut = 0; cut < request.length; cut++) {
      expect(() => decode(machine.watches, request.subarray(0, cut))).toThrow(MalformedError);
    }
    for (const at of [0, 1]) {
      const damaged = request.slice();
      damaged[at] = 0x55;
      expect(() => decode(machine.watches, damaged)).toThrow(MalformedError);
      expect(() => decode(machine.events, damaged)).toThrow(MalformedError);
    }
  });

  test('of a machine: this one can be watched', () => {
    expect(isWatchable(kvMachine())).toBe(true);
  });
});
