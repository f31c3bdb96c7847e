/** Snapshots: whole, of one moment, and refused where they are not sound. */
import { concatBytes, crc32, CorruptError, ForeignDataError, utf8 } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  expectType,
  kv,
  type KvMachine,
  kvMachine,
  maxLeaseKeys,
  maxValueBytes,
} from '../src/index.ts';
import { apply, collect, Hosted, stream } from './harness.ts';

const preambleBytes = 6;

/** A map with a base, a history, a tombstone and keys in several states. */
function lived(): Hosted {
  const hosted = new Hosted();
  for (const key of ['a', 'b', 'c', 'd']) hosted.execute(kv.put(key, `${key}1`));
  hosted.execute(kv.txn({ then: [kv.put('a', 'a2'), kv.delete('b'), kv.put('😀', '1')] }));
  hosted.execute(kv.compact(5));
  hosted.execute(kv.put('c', 'c2'));
  hosted.execute(kv.put('c', 'c3'));
  hosted.execute(kv.delete({ from: 'd' }));
  hosted.execute(kv.retain({ revisions: 100, bytes: 100_000 }));
  for (const id of [0, 3, 4]) hosted.execute(kv.lease.grant(1000, { id }));
  hosted.execute(kv.put('e', 'held', { lease: 3 }));
  hosted.execute(kv.put('f', 'held', { lease: 4 }));
  hosted.execute(kv.lease.revoke(4));
  return hosted;
}

async function restored(chunks: readonly Uint8Array[]): Promise<KvMachine> {
  const machine = kvMachine();
  await machine.restore(stream(chunks));
  return machine;
}

describe('a snapshot', () => {
  test('brings back the state, the history, the settings and the digest', async () => {
    const original = lived();
    const copy = new Hosted();
    await copy.machine.restore(original.machine.snapshot());
    expect(copy.info()).toEqual(original.info());
    for (const revision of [5, 6, 7, 8, 9, 10, 11, 12])
      expect(copy.all(revision)).toEqual(original.all(revision));
    expect(copy.query(kv.get('a', { revision: 4 }))).toMatchObject({ type: 'compacted' });
    for (const command of [
      kv.put('c', 'c4'),
      kv.put('d', 'd2'),
      kv.compact(7),
      kv.lease.grant(5000),
      kv.lease.revoke(3),
    ]) {
      expect(copy.execute(command)).toEqual(original.execute(command));
      expect(copy.machine.stateHash()).toBe(original.machine.stateHash());
    }
  });

  test('of an empty map is one too', async () => {
    const machine = await restored(await collect(kvMachine().snapshot()));
    expect(machine.stateHash()).toBe(kvMachine().stateHash());
  });

  test('takes the place of what was there', async () => {
    const target = new Hosted();
    target.execute(kv.put('old', '1'));
    await target.machine.restore(lived().machine.snapshot());
    expect(target.all()).toEqual(lived().all());
  });

  test('has the same bytes on every replica in the same state', async () => {
    const original = lived();
    const bytes = concatBytes(await collect(original.machine.snapshot()));
    const copy = await restored([bytes]);
    expect(concatBytes(await collect(copy.snapshot()))).toEqual(bytes);
  });

  test('may arrive in chunks of any size', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 30 }), async (cuts) => {
        const edges = [0, ...cuts.sort((left, right) => left - right), bytes.length];
        const chunks = edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
        expect((await restored(chunks)).stateHash()).toBe(lived().machine.stateHash());
      }),
    );
  });

  test('comes in chunks of about 64 KiB, or as long as a value', async () => {
    const machine = kvMachine();
    for (let key = 0; key < 2000; key++)
      apply(machine, kv.put(`key/${String(key)}`, new Uint8Array(256)));
    const chunks = await collect(machine.snapshot());
    const middle = chunks.slice(2, -2);
    expect(middle.length).toBeGreaterThan(5);
    for (const chunk of middle) {
      expect(chunk.length).toBeGreaterThan(64_000);
      expect(chunk.length).toBeLessThan(67_000);
    }
    apply(machine, kv.put('large', new Uint8Array(maxValueBytes).fill(1)));
    expect((await restored(await collect(machine.snapshot()))).stateHash()).toBe(
      machine.stateHash(),
    );
  });

  test('holds the state at the call while a large map is overwritten, deleted and compacted under it', async () => {
    const hosted = new Hosted();
    const key = (at: number): string => `key/${String((at * 7919) % 5000).padStart(5, '0')}`;
    for (let at = 0; at < 12_000; at++) hosted.execute(kv.put(key(at), String(at)));
    const before = hosted.info();
    const oldest = hosted.query(
      kv.range({ prefix: '', revision: before.compactRevision, limit: 10_000 }),
    );
    const snapshot = hosted.machine.snapshot();
    const chunks: Uint8Array[] = [];
    let at = 0;
    for await (const chunk of snapshot) {
      chunks.push(chunk);
      for (let change = 0; change < 1500; change++, at++) {
        hosted.execute(at % 3 === 0 ? kv.delete(key(at)) : kv.put(key(at), 'later'));
      }
      if (at < 10_000) hosted.execute(kv.compact(hosted.info().revision));
    }
    expect(hosted.machine.stateHash()).not.toBe(before.hash);
    const copy = new Hosted();
    await copy.machine.restore(stream(chunks));
    expect(copy.info()).toEqual(before);
    expect(
      copy.query(kv.range({ prefix: '', revision: before.compactRevision, limit: 10_000 })),
    ).toEqual(oldest);
  });
});

describe('a snapshot that is not sound', () => {
  /** Tries to restore; says what it was refused with, and that the state is as before. */
  async function refusal(chunks: readonly Uint8Array[]): Promise<unknown> {
    const target = new Hosted();
    target.execute(kv.put('mine', '1'));
    const before = target.machine.stateHash();
    const error: unknown = await target.machine.restore(stream(chunks)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(target.machine.stateHash()).toBe(before);
    expect(target.text('mine')).toBe('1');
    return error;
  }

  test('because any one byte of it is another one', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      const error = await refusal([damaged]);
      expect(error).toBeInstanceOf(at < preambleBytes ? ForeignDataError : CorruptError);
    }
  });

  test('because it was cut short anywhere, or something follows', async () => {
    const bytes = concatBytes(await collect(lived().machine.snapshot()));
    for (let length = 0; length < bytes.length; length++) {
      expect(await refusal([bytes.subarray(0, length)])).toBeInstanceOf(CorruptError);
    }
    expect(await refusal([bytes, Uint8Array.of(0)])).toBeInstanceOf(CorruptError);
  });

  test('because a chunk is missing, doubled or in another place', async () => {
    const machine = kvMachine();
    for (let key = 0; key < 2000; key++) apply(machine, kv.put(String(key), new Uint8Array(256)));
    const chunks = await collect(machine.snapshot());
    for (let at = 0; at < chunks.length; at++) {
      const chunk = chunks.slice(at, at + 1);
      const without = [...chunks.slice(0, at), ...chunks.slice(at + 1)];
      expect(await refusal(without)).toBeDefined();
      expect(await refusal([...chunks.slice(0, at), ...chunk, ...chunks.slice(at)])).toBeDefined();
      if (at > 0) {
        const swapped = [
          ...chunks.slice(0, at - 1),
          ...chunk,
          ...chunks.slice(at - 1, at),
          ...chunks.slice(at + 1),
        ];
        expect(await refusal(swapped)).toBeDefined();
      }
    }
  });

  test('because the source fails halfway', async () => {
    const chunks = await collect(lived().machine.snapshot());
    const target = new Hosted();
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield* chunks.slice(0, 2);
      await Promise.resolve();
      throw new Error('the disk is gone');
    }
    await expect(target.machine.restore(failing())).rejects.toThrow('the disk is gone');
    expect(target.machine.stateHash()).toBe(kvMachine().stateHash());
  });

  // From here on the checksums are right and the content is not: the writer was another program.
  const block = (
    kind: number,
    body: readonly number[],
    crc: number,
  ): readonly [Uint8Array, number] => {
    const bytes = new Uint8Array(body.length + 9);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, kind);
    view.setUint32(1, body.length);
    bytes.set(body, 5);
    const sum = crc32(bytes.subarray(0, body.length + 5), crc);
    view.setUint32(body.length + 5, sum);
    return [bytes, sum];
  };
  const forged = (...blocks: readonly (readonly [number, readonly number[]])[]): Uint8Array[] => {
    const chunks: Uint8Array[] = [Uint8Array.from([0x51, 0x4b, 0x56, 0x53, 0, 2])];
    let crc = 0;
    for (const [kind, body] of blocks) {
      const [bytes, sum] = block(kind, body, crc);
      chunks.push(bytes);
      crc = sum;
    }
    return chunks;
  };
  const u32 = (value: number): number[] => [0, 0, value >> 8, value & 255];
  const u48 = (value: number): number[] => [0, 0, ...u32(value)];
  const field = (text: string): number[] => [...u32(text.length), ...utf8(text)];
  const header = (revision: number, compactRevision: number): readonly [number, number[]] => [
    1,
    [...u48(revision), ...u48(compactRevision), ...u48(1000), ...u48(60_000), ...u48(7), ...u48(1)],
  ];
  const lease = (id: number, ttlMs: number): number[] => [...u48(id), ...u48(ttlMs), ...u48(1000)];
  const base = (key: string, create: number, mod: number, version: number, lease = 0): number[] => [
    ...field(key),
    ...field('v'),
    ...u48(create),
    ...u48(mod),
    ...u32(0),
    ...u48(version),
    ...u48(lease),
  ];
  const put = (revision: number, key: string, lease = 0): number[] => [
    ...u48(revision),
    1,
    ...field(key),
    ...field('v'),
    ...u48(lease),
  ];
  const gone = (revision: number, key: string): number[] => [...u48(revision), 0, ...field(key)];
  const end: readonly [number, number[]] = [5, field('0123456789abcdef')];

  const wrong: readonly (readonly [string, string, Uint8Array[]])[] = [
    ['no header', 'header is not the first', forged([2, base('a', 2, 2, 1)])],
    ['two headers', 'header is not the first', forged(header(5, 5), header(5, 5))],
    ['an unknown block', 'where it belongs', forged(header(5, 5), [6, []])],
    [
      'a base behind the changes',
      'where it belongs',
      forged(header(6, 5), [3, put(6, 'a')], [2, base('b', 2, 2, 1)]),
    ],
    [
      'a block that is too long',
      'too long',
      [...forged(header(5, 5)), Uint8Array.of(2, 0x7f, 0, 0, 0)],
    ],
    ['a compact revision in the future', 'contradict', forged(header(5, 6))],
    ['a compact revision of 0', 'contradict', forged(header(5, 0))],
    ['half a record', 'cut short: ', forged(header(5, 5), [2, base('a', 2, 2, 1).slice(0, -1)])],
    ['an empty key', 'empty', forged(header(5, 5), [2, base('', 2, 2, 1)])],
    [
      'a key twice',
      'there twice',
      forged(header(5, 5), [2, [...base('a', 2, 2, 1), ...base('a', 3, 3, 1)]]),
    ],
    ['a base newer than its revision', 'contradict', forged(header(6, 5), [2, base('a', 6, 6, 1)])],
    [
      'a key changed before it was there',
      'contradict',
      forged(header(5, 5), [2, base('a', 4, 3, 1)]),
    ],
    ['a key older than the map', 'contradict', forged(header(5, 5), [2, base('a', 1, 1, 1)])],
    [
      'more versions than revisions',
      'version of a key',
      forged(header(5, 5), [2, base('a', 2, 3, 3)]),
    ],
    [
      'fewer versions than changes',
      'version of a key',
      forged(header(5, 5), [2, base('a', 2, 3, 1)]),
    ],
    [
      'a key with a lease that is not there',
      'lease that is not there',
      forged(header(5, 5), [2, base('a', 2, 2, 1, 7)], end),
    ],
    [
      'a changed key with a lease that is not there',
      'lease that is not there',
      forged(header(6, 5), [3, put(6, 'a', 7)], [4, lease(8, 1000)], end),
    ],
    [
      'more keys on a lease than there may be',
      'or full',
      forged(
        header(5, 5),
        [
          2,
          Array.from({ length: maxLeaseKeys + 1 }, (_, at) => base(String(at), 2, 2, 1, 7)).flat(),
        ],
        [4, lease(7, 1000)],
        end,
      ),
    ],
    ['a lease without a number', 'no number', forged(header(5, 5), [4, lease(0, 1000)])],
    [
      'a lease twice',
      'there twice',
      forged(header(5, 5), [4, [...lease(1, 1000), ...lease(1, 1000)]]),
    ],
    ['a lease that is too short', 'too short', forged(header(5, 5), [4, lease(1, 99)])],
    [
      'no number for the next lease',
      'has no number',
      forged([1, [...u48(5), ...u48(5), ...u48(9), ...u48(9), ...u48(7), ...u48(0)]]),
    ],
    [
      'leases before changes',
      'where it belongs',
      forged(header(6, 5), [4, lease(1, 1000)], [3, put(6, 'a')]),
    ],
    ['a revision left out', 'misplaced', forged(header(7, 5), [3, [...put(7, 'a')]])],
    [
      'a revision that goes back',
      'misplaced',
      forged(header(7, 5), [3, [...put(6, 'a'), ...put(5, 'b')]]),
    ],
    [
      'a revision beyond the last',
      'misplaced',
      forged(header(6, 5), [3, [...put(6, 'a'), ...put(7, 'b')]]),
    ],
    [
      'a key that changes twice in a revision',
      'changes twice',
      forged(header(6, 5), [3, [...put(6, 'a'), ...gone(6, 'a')]]),
    ],
    [
      'more history than it retains',
      'than it retains',
      forged(
        [1, [...u48(7), ...u48(5), ...u48(1), ...u48(60_000), ...u48(7), ...u48(1)]],
        [3, [...put(6, 'a'), ...put(7, 'a')]],
        end,
      ),
    ],
    ['the deletion of nothing', 'not there', forged(header(6, 5), [3, gone(6, 'a')])],
    ['too few changes', 'changes are missing', forged(header(7, 5), [3, put(6, 'a')], end)],
    ['another digest', 'digest', forged(header(6, 5), [3, put(6, 'a')], end)],
  ];

  test.each(wrong)('because it holds %s', async (_, reason, chunks) => {
    const error = await refusal(chunks);
    expect(error).toBeInstanceOf(CorruptError);
    expect(String(error)).toContain(reason);
  });

  test('because it is of another program, of a later version, or older than any release', async () => {
    expect(await refusal([utf8('PK\u0003\u0004 and so on')])).toBeInstanceOf(ForeignDataError);
    for (const format of [1, 3]) {
      expect(await refusal([Uint8Array.of(0x51, 0x4b, 0x56, 0x53, 0, format)])).toBeInstanceOf(
        ForeignDataError,
      );
    }
  });
});

describe('the digest', () => {
  test('does not depend on how a replica got there', async () => {
    const direct = lived();
    const [first, second] = [new Hosted(), new Hosted()];
    for (const key of ['a', 'b', 'c', 'd']) first.execute(kv.put(key, `${key}1`));
    await second.machine.restore(first.machine.snapshot());
    for (const command of [
      kv.txn({ then: [kv.put('a', 'a2'), kv.delete('b'), kv.put('😀', '1')] }),
      kv.compact(5),
      kv.put('c', 'c2'),
      kv.put('c', 'c3'),
      kv.delete({ from: 'd' }),
      kv.retain({ revisions: 100, bytes: 100_000 }),
      ...[0, 3, 4].map((id) => kv.lease.grant(1000, { id })),
      kv.put('e', 'held', { lease: 3 }),
      kv.put('f', 'held', { lease: 4 }),
      kv.lease.revoke(4),
    ]) {
      second.execute(command);
    }
    expect(second.machine.stateHash()).toBe(direct.machine.stateHash());
    expect(second.machine.stateHash()).toMatch(/^[0-9a-f]{16}$/);
  });

  test('tells states apart that differ in anything', () => {
    const after = (...commands: Parameters<Hosted['execute']>[0][]): string => {
      const hosted = new Hosted();
      for (const command of commands) hosted.execute(command);
      return hosted.machine.stateHash();
    };
    const a1 = kv.put('a', '1');
    const hashes = [
      after(),
      after(a1),
      after(kv.put('a', '2')),
      after(kv.put('a', '1\0')),
      after(kv.put('b', '1')),
      after(kv.put('a', '')),
      after(kv.put('a', new Uint8Array(5000))),
      after(kv.put('a', new Uint8Array(5001))),
      after(kv.put('a', new Uint8Array(5000).fill(1, 4999))),
      after(a1, a1),
      after(a1, kv.compact(2)),
      after(a1, kv.delete('a')),
      after(a1, kv.delete('a'), a1),
      after(kv.put('b', '1'), kv.delete('b'), a1),
      after(kv.txn({ then: [a1, kv.put('b', '1')] })),
      after(kv.txn({ then: [kv.put('b', '1'), a1] })),
      after(kv.lease.grant(1000)),
      after(kv.lease.grant(1001)),
      after(kv.lease.grant(1000, { id: 1 })),
      after(kv.lease.grant(1000, { id: 2 })),
      after(kv.lease.grant(1000), kv.lease.revoke(1)),
      after(kv.lease.grant(1000), a1),
      after(kv.lease.grant(1000), kv.put('a', '1', { lease: 1 })),
      after(kv.lease.grant(1000), kv.put('a', '1', { lease: 1 }), kv.lease.revoke(1)),
      after(kv.retain({ revisions: 9, bytes: 1000 })),
      after(kv.retain({ revisions: 1000, bytes: 9 })),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('returns to nothing but the counters when everything is gone', () => {
    const [one, other] = [new Hosted(), new Hosted()];
    for (const [hosted, key] of [
      [one, 'a'],
      [other, 'b'],
    ] as const) {
      hosted.execute(kv.put(key, key));
      hosted.execute(kv.delete(key));
      expect(expectType(hosted.query(kv.info()), 'info').keys).toBe(0);
      hosted.execute(kv.compact(3));
    }
    expect(one.machine.stateHash()).toBe(other.machine.stateHash());
  });
});
