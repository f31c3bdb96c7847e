/** Leases: what hangs on one is there only while somebody keeps it alive. */
import { CommandRejectedError, InvalidArgumentError } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import {
  expectType,
  type KvCommand,
  kv,
  type KvMachine,
  kvMachine,
  type KvPut,
  maxExpirySteps,
  maxLeaseKeys,
  maxLeases,
  maxLeaseTtlMs,
  minLeaseTtlMs,
} from '../src/index.ts';
import { apply, Hosted } from './harness.ts';

/** Lease 1 of a second with a/1 and a/2, lease 7 of two seconds with b. */
function filled(): Hosted {
  const hosted = new Hosted();
  hosted.execute(kv.lease.grant(1000));
  hosted.execute(kv.lease.grant(2000, { id: 7 }));
  hosted.execute(kv.put('a/1', 'x', { lease: 1 }));
  hosted.execute(kv.put('a/2', 'x', { lease: 1 }));
  hosted.execute(kv.put('b', 'x', { lease: 7 }));
  hosted.execute(kv.put('free', 'x'));
  return hosted;
}

const keysOf = (hosted: Hosted, lease: number): readonly string[] =>
  expectType(hosted.query(kv.lease.info(lease)), 'lease-info').keys;

describe('a grant', () => {
  test('makes a lease with an id that counts up, or with one of its own', () => {
    const hosted = new Hosted();
    const grant = (id?: number): number =>
      expectType(hosted.execute(kv.lease.grant(500, id === undefined ? {} : { id })), 'lease-grant')
        .lease;
    expect([grant(), grant(2), grant(3), grant(), grant(2 ** 48 - 1), grant()]).toEqual([
      1,
      2,
      3,
      4,
      2 ** 48 - 1,
      5,
    ]);
    expect(hosted.info()).toMatchObject({ leases: 6, revision: 1 });
  });

  test('never chooses an id twice, though the lease is gone', () => {
    const hosted = new Hosted();
    hosted.execute(kv.lease.grant(500));
    hosted.execute(kv.lease.revoke(1));
    expect(hosted.execute(kv.lease.grant(500))).toEqual({
      type: 'lease-grant',
      lease: 2,
      ttlMs: 500,
    });
  });

  test('of an id in use is rejected, and changes nothing', () => {
    const hosted = filled();
    const before = hosted.machine.stateHash();
    expect(() => hosted.execute(kv.lease.grant(500, { id: 7 }))).toThrow(CommandRejectedError);
    expect(hosted.machine.stateHash()).toBe(before);
  });

  test('is rejected once there are too many', () => {
    const machine = kvMachine();
    for (let lease = 0; lease < maxLeases; lease++) apply(machine, kv.lease.grant(1000));
    const before = machine.stateHash();
    expect(() => apply(machine, kv.lease.grant(1000))).toThrow(/maxLeases/);
    expect(machine.stateHash()).toBe(before);
    apply(machine, kv.lease.revoke(5));
    expect(apply(machine, kv.lease.grant(1000))).toMatchObject({ lease: maxLeases + 1 });
  });
});

describe('a put', () => {
  test('hangs a key on a lease, which its pair names; moves it; and takes it off', () => {
    const hosted = filled();
    expect(keysOf(hosted, 1)).toEqual(['a/1', 'a/2']);
    const leaseOf = (key: string): number | undefined =>
      expectType(hosted.query(kv.get(key)), 'get').pair?.lease;
    expect(leaseOf('a/1')).toBe(1);
    expect(leaseOf('free')).toBeUndefined();
    hosted.execute(kv.put('a/1', 'y', { lease: 7 }));
    expect([leaseOf('a/1'), keysOf(hosted, 1), keysOf(hosted, 7)]).toEqual([
      7,
      ['a/2'],
      ['a/1', 'b'],
    ]);
    hosted.execute(kv.put('a/1', 'z'));
    expect([leaseOf('a/1'), keysOf(hosted, 7)]).toEqual([undefined, ['b']]);
    expect(expectType(hosted.query(kv.get('a/1', { revision: 2 })), 'get').pair?.lease).toBe(1);
  });

  test('to a lease that is not there is rejected, in a transaction as a whole', () => {
    const hosted = filled();
    const before = hosted.machine.stateHash();
    const bad = kv.put('c', 'x', { lease: 8 });
    expect(() => hosted.execute(bad)).toThrow(CommandRejectedError);
    expect(() => hosted.execute(kv.txn({ then: [kv.put('d', '1'), bad] }))).toThrow(
      CommandRejectedError,
    );
    expect(hosted.machine.stateHash()).toBe(before);
    // The branch that is not done may name what it likes.
    expect(hosted.execute(kv.txn({ then: [kv.put('d', '1')], else: [bad] }))).toMatchObject({
      succeeded: true,
    });
  });

  test('in a transaction hangs keys on leases too, and can be made to depend on them', () => {
    const hosted = filled();
    const mine = kv.txn({
      compare: [kv.when('b').lease('=', 7), kv.when('free').lease('=', 0)],
      then: [kv.put('c', 'x', { lease: 1 }), kv.put('b', 'x'), kv.delete('a/1')],
    });
    expect(expectType(hosted.execute(mine), 'txn').succeeded).toBe(true);
    expect([keysOf(hosted, 1), keysOf(hosted, 7)]).toEqual([['a/2', 'c'], []]);
    expect(expectType(hosted.execute(mine), 'txn').succeeded).toBe(false);
  });

  test('hangs no more keys on a lease than can be deleted at once', () => {
    const machine = kvMachine();
    apply(machine, kv.lease.grant(1000));
    const put = (key: number): KvPut => kv.put(String(key), '', { lease: 1 });
    for (let key = 0; key < maxLeaseKeys - 1; key++) apply(machine, put(key));
    const before = machine.stateHash();
    expect(() => apply(machine, kv.txn({ then: [put(-1), put(-2)] }))).toThrow(
      CommandRejectedError,
    );
    expect(machine.stateHash()).toBe(before);
    apply(machine, put(-1));
    expect(() => apply(machine, put(-2))).toThrow(/maxLeaseKeys/);
    apply(machine, put(-1));
    apply(machine, kv.delete('-1'));
    apply(machine, put(-2));
    expect(apply(machine, kv.lease.revoke(1))).toMatchObject({ deleted: maxLeaseKeys });
  });
});

describe('a revocation', () => {
  test('deletes the keys that hang on the lease, in one revision', () => {
    const hosted = filled();
    const { revision } = hosted.info();
    expect(hosted.execute(kv.lease.revoke(1))).toEqual({
      type: 'lease-revoke',
      lease: 1,
      found: true,
      revision: revision + 1,
      deleted: 2,
    });
    expect(hosted.all()).toEqual(['b=x', 'free=x']);
    expect(hosted.all(revision)).toEqual(['a/1=x', 'a/2=x', 'b=x', 'free=x']);
    expect(hosted.lease(1)).toBeUndefined();
    // What was put anew on no lease stays.
    hosted.execute(kv.put('b', 'y'));
    expect(hosted.execute(kv.lease.revoke(7))).toMatchObject({ found: true, deleted: 0 });
    expect(hosted.all()).toEqual(['b=y', 'free=x']);
  });

  test('of a lease that is not there, or has no keys, makes no revision', () => {
    const hosted = filled();
    hosted.execute(kv.delete('b'));
    const { revision } = hosted.info();
    expect(hosted.execute(kv.lease.revoke(9))).toMatchObject({
      found: false,
      revision,
      deleted: 0,
    });
    expect(hosted.execute(kv.lease.revoke(7))).toMatchObject({ found: true, revision, deleted: 0 });
    expect(hosted.info().revision).toBe(revision);
  });
});

describe('time', () => {
  test('runs out by entries of the leader alone, and those leases that are due end', () => {
    const hosted = filled();
    expect(hosted.machine.nextExpiry()).toBe(1_001_000);
    hosted.time = 1_000_999;
    hosted.expire();
    expect(hosted.info().leases).toBe(2);
    hosted.time = 1_001_000;
    hosted.execute(kv.put('free', 'y'));
    expect(hosted.lease(1)).toEqual({ lease: 1, ttlMs: 1000, remainingMs: 0, keyCount: 2 });
    hosted.expire();
    expect(hosted.all()).toEqual(['b=x', 'free=y']);
    expect(hosted.machine.nextExpiry()).toBe(1_002_000);
    hosted.time = 1_003_000;
    hosted.expire();
    expect(hosted.all()).toEqual(['free=y']);
    expect(hosted.machine.nextExpiry()).toBeUndefined();
  });

  test('ends leases in the order in which they ran out, each in a revision of its own', () => {
    const hosted = new Hosted();
    for (const [id, ttl] of [
      [5, 300],
      [3, 300],
      [4, 200],
    ] as const) {
      hosted.execute(kv.lease.grant(ttl, { id }));
      hosted.execute(kv.put(`k${String(id)}`, '', { lease: id }));
    }
    hosted.time += 1000;
    hosted.expire();
    expect([4, 5, 6, 7].map((revision) => hosted.all(revision))).toEqual([
      ['k3=', 'k4=', 'k5='],
      ['k3=', 'k5='],
      ['k5='],
      [],
    ]);
  });

  test('begins anew with each renewal', () => {
    const hosted = filled();
    hosted.time += 900;
    expect(hosted.lease(1)?.remainingMs).toBe(1000);
    expect(hosted.execute(kv.lease.keepAlive(1))).toEqual({
      type: 'lease-keep-alive',
      lease: 1,
      found: true,
      ttlMs: 1000,
    });
    expect([hosted.lease(1)?.remainingMs, hosted.lease(7)?.remainingMs]).toEqual([1000, 1100]);
    hosted.time += 999;
    hosted.expire();
    // Nothing ended, so nothing has happened, and the clock is that of the last command.
    expect(hosted.lease(1)?.remainingMs).toBe(1000);
    hosted.execute(kv.put('other', ''));
    expect(hosted.lease(1)?.remainingMs).toBe(1);
    // It is late, but nobody has ended it.
    hosted.time += 100;
    expect(hosted.execute(kv.lease.keepAlive(1))).toMatchObject({ found: true });
    hosted.expire();
    expect(hosted.lease(1)?.remainingMs).toBe(1000);
    expect(hosted.execute(kv.lease.keepAlive(9))).toEqual({
      type: 'lease-keep-alive',
      lease: 9,
      found: false,
      ttlMs: 0,
    });
  });

  test('begins anew for all when somebody else leads', () => {
    const hosted = filled();
    hosted.time += 5000;
    hosted.renew();
    hosted.expire();
    expect([hosted.lease(1)?.remainingMs, hosted.lease(7)?.remainingMs]).toEqual([1000, 2000]);
    expect(hosted.machine.nextExpiry()).toBe(1_006_000);
    // The digest is that of a map in which each was renewed by itself.
    const other = filled();
    other.time += 5000;
    other.execute(kv.lease.keepAlive(7));
    other.execute(kv.lease.keepAlive(1));
    expect(other.machine.stateHash()).toBe(hosted.machine.stateHash());
  });

  test('is part of the state: a restored map ends its leases at the same place', async () => {
    const hosted = filled();
    hosted.time += 700;
    hosted.execute(kv.lease.keepAlive(7));
    const copy = new Hosted();
    await copy.machine.restore(hosted.machine.snapshot());
    copy.time = hosted.time;
    for (const target of [hosted, copy]) {
      expect(target.lease(1)).toEqual({ lease: 1, ttlMs: 1000, remainingMs: 300, keyCount: 2 });
      target.time += 300;
      target.expire();
      expect(target.all()).toEqual(['b=x', 'free=x']);
      target.execute(kv.lease.grant(1000));
    }
    expect(copy.machine.stateHash()).toBe(hosted.machine.stateHash());
  });

  test('ends no more at once than is bounded; the rest is due still', () => {
    const machine: KvMachine = kvMachine();
    const leases = maxExpirySteps + 10;
    for (let lease = 0; lease < leases; lease++) apply(machine, kv.lease.grant(1000));
    const context = { index: 1, position: 0, time: 5000 };
    machine.expire(context);
    expect(machine.query(kv.info())).toMatchObject({ leases: 10 });
    expect(machine.nextExpiry()).toBe(1000);
    machine.expire(context);
    expect(machine.nextExpiry()).toBeUndefined();
  });
});

describe('what can be asked', () => {
  test('are all leases, in pages', () => {
    const hosted = new Hosted();
    for (const id of [9, 2, 40]) hosted.execute(kv.lease.grant(1000, { id }));
    hosted.execute(kv.put('a', '', { lease: 9 }));
    const page = expectType(hosted.query(kv.lease.list({ limit: 2 })), 'lease-list');
    expect(page).toEqual({
      type: 'lease-list',
      leases: [
        { lease: 2, ttlMs: 1000, remainingMs: 1000, keyCount: 0 },
        { lease: 9, ttlMs: 1000, remainingMs: 1000, keyCount: 1 },
      ],
      more: true,
    });
    expect(hosted.query(kv.lease.list({ from: 10 }))).toMatchObject({
      leases: [{ lease: 40 }],
      more: false,
    });
    expect(hosted.query(kv.lease.list({ limit: 0 }))).toMatchObject({ leases: [], more: true });
  });

  test('are the keys of a lease, in pages and in order', () => {
    const hosted = new Hosted();
    hosted.execute(kv.lease.grant(1000));
    const keys = ['\uFFFD', '😀', 'a', 'é', 'b'];
    for (const key of keys) hosted.execute(kv.put(key, '', { lease: 1 }));
    const read: string[] = [];
    let from = '';
    for (;;) {
      const page = expectType(hosted.query(kv.lease.info(1, { from, limit: 2 })), 'lease-info');
      read.push(...page.keys);
      if (!page.more) break;
      from = `${page.keys.at(-1) ?? ''}\0`;
    }
    expect(read).toEqual(['a', 'b', 'é', '\uFFFD', '😀']);
    expect(hosted.query(kv.lease.info(2))).toEqual({ type: 'lease-info', keys: [], more: false });
  });

  test('are no more keys than fit into an answer', () => {
    const machine = kvMachine();
    apply(machine, kv.lease.grant(1000));
    const name = 'k'.repeat(1000);
    for (let key = 0; key < 1500; key++) {
      apply(machine, kv.put(`${name}${String(key).padStart(4, '0')}`, '', { lease: 1 }));
    }
    const answer = expectType(machine.query(kv.lease.info(1, { limit: 10_000 })), 'lease-info');
    expect(answer.more).toBe(true);
    expect(answer.keys.length).toBeLessThan(1500);
    expect(answer.keys.length).toBeGreaterThan(1000);
  });
});

describe('what makes no sense', () => {
  const senseless: readonly (readonly [string, KvCommand])[] = [
    ['a life that is too short', kv.lease.grant(minLeaseTtlMs - 1)],
    ['a life that is too long', kv.lease.grant(maxLeaseTtlMs + 1)],
    ['half a millisecond', kv.lease.grant(500.5)],
    ['no number', kv.lease.grant(500, { id: Number.NaN })],
    ['a number too large', kv.lease.grant(500, { id: 2 ** 48 })],
    ['the renewal of no lease', kv.lease.keepAlive(0)],
    ['the revocation of no lease', kv.lease.revoke(0)],
    ['a put on half a lease', kv.put('a', '', { lease: 0.5 })],
    ['a compare with a negative lease', kv.txn({ compare: [kv.when('a').lease('=', -1)] })],
  ];

  test.each(senseless)('%s is refused when it is encoded, and when it is applied', (_, command) => {
    expect(() => new Hosted().execute(command)).toThrow(InvalidArgumentError);
    const machine = kvMachine();
    const before = machine.stateHash();
    expect(() => apply(machine, command)).toThrow(CommandRejectedError);
    expect(machine.stateHash()).toBe(before);
  });

  test('of a query is refused too', () => {
    const machine = kvMachine();
    for (const query of [
      kv.lease.info(0),
      kv.lease.info(1, { limit: 10_001 }),
      kv.lease.info(1, { from: '\uD83D' }),
      kv.lease.list({ from: -1 }),
      kv.lease.list({ limit: 0.5 }),
    ]) {
      expect(() => machine.query(query)).toThrow(InvalidArgumentError);
    }
  });
});
