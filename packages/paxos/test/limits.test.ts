/** Bounds: on what is taken in, handed out, kept in memory, read from disk and believed. */
import { encodeEntry, InvariantError } from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import { describe, expect, it } from 'vitest';
import { headerBytes } from '../src/record.ts';
import { electionTimeoutMs, paxosCluster } from './paxos-cluster.ts';
import { accept, command, groupOf, Solo, votesFrom } from './solo.ts';

describe('what a leader takes in', () => {
  it('is bounded in bytes until it is chosen and durable: more is refused as overload', () => {
    const solo = new Solo({ paxos: { maxUncommittedBytes: 500 } }).reign();
    const first = solo.status.lastIndex + 1;
    const tickets = Array.from({ length: 6 }, () => solo.propose(new Uint8Array(50)));
    const ends = tickets.map((ticket) => solo.ending(ticket)?.type);
    expect(ends).toEqual(['accepted', 'accepted', 'accepted', 'rejected', 'rejected', 'rejected']);
    expect(solo.ending(tickets[3] ?? 0)).toMatchObject({ reason: 'overloaded' });
    solo.acknowledge('n2', first + 2);
    expect(solo.ending(solo.propose(new Uint8Array(50)))).toMatchObject({ type: 'accepted' });
  });

  it('may be one record of any size', () => {
    const solo = new Solo({ paxos: { maxUncommittedBytes: 500 } }).reign();
    expect(solo.ending(solo.propose(new Uint8Array(5000)))).toMatchObject({ type: 'accepted' });
    expect(solo.ending(solo.propose('x'))).toMatchObject({ reason: 'overloaded' });
  });

  it('counts what waits for a slot', () => {
    const solo = new Solo({ paxos: { maxUncommittedBytes: 500, window: 1 } }).reign();
    const tickets = Array.from({ length: 6 }, () => solo.propose(new Uint8Array(50)));
    expect(tickets.filter((each) => solo.ending(each)?.type === 'rejected')).toHaveLength(3);
    for (let slot = 0; slot < 3; slot++) solo.acknowledge('n2', solo.status.lastIndex);
    expect(solo.ending(solo.propose(new Uint8Array(50)))).toMatchObject({ type: 'accepted' });
  });

  it('is commands, or nothing: neither memberships nor anything of the engine’s own', () => {
    const solo = new Solo().reign();
    const propose = (record: Uint8Array): unknown => {
      solo.step({ type: 'propose', ticket: 99, record });
      return solo.ending(99);
    };
    expect(propose(membershipRecord(groupOf(['n9']), headerBytes))).toMatchObject({
      reason: 'invalid',
    });
    expect(propose(noop([new Uint8Array(6)]))).toMatchObject({ reason: 'invalid' });
    expect(propose(new Uint8Array(headerBytes))).toMatchObject({ reason: 'invalid' });
    const unknown = command('x');
    unknown[headerBytes] = 77;
    expect(propose(unknown)).toMatchObject({ reason: 'invalid' });
    expect(propose(noop([]))).toMatchObject({ type: 'accepted' });
  });
});

describe('what is handed out', () => {
  it('is no more than the consumer may owe, and goes on as it applies', () => {
    const solo = new Solo({ paxos: { maxUnappliedBytes: 250 } });
    solo.receive(
      'n2',
      accept('1.n2', { proposals: votesFrom(1, '1.n2', ...Array.from('abcdefgh')) }),
    );
    solo.receive('n2', accept('1.n2', { chosen: 8 }));
    expect(solo.committed.length).toBeLessThan(5);
    for (let turns = 0; turns < 9; turns++) {
      solo.step({ type: 'applied', index: solo.committed.at(-1)?.index ?? 0 });
    }
    expect(solo.committed.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is paged in from the disk where memory does not hold it any more', () => {
    const solo = new Solo({
      paxos: { maxUnappliedBytes: 250, maxTailBytes: 0, maxAppendBytes: 250 },
    });
    for (let slot = 1; slot <= 20; slot++) {
      const proposals = votesFrom(slot, '1.n2', String(slot));
      solo.receive('n2', accept('1.n2', { chosen: slot - 1, proposals }));
    }
    expect(solo.status.tailBytes).toBeLessThan(400);
    for (let turns = 0; turns < 30; turns++) {
      solo.step({ type: 'applied', index: solo.committed.at(-1)?.index ?? 0 });
    }
    expect(solo.committed.map(({ index }) => index)).toEqual(
      Array.from({ length: 19 }, (_, at) => at + 1),
    );
  });

  it('must have been handed out before it is applied', () => {
    const solo = new Solo();
    expect(() => solo.step({ type: 'applied', index: 1 })).toThrow(InvariantError);
  });
});

describe('what is kept in memory', () => {
  it('is bounded, and what is not durable comes on top', () => {
    const solo = new Solo({ slowDisk: true, paxos: { maxTailBytes: 300 } }).store();
    for (let slot = 1; slot <= 30; slot++) {
      const proposals = votesFrom(slot, '1.n2', String(slot));
      solo.receive('n2', accept('1.n2', { chosen: slot - 1, proposals }));
    }
    expect(solo.status.tailBytes).toBeGreaterThan(2000);
    solo.store();
    expect(solo.status.tailBytes).toBeLessThanOrEqual(300);
  });

  it('is bounded where values are chosen that were durable long before', () => {
    const solo = new Solo({ paxos: { maxTailBytes: 300 } });
    solo.receive(
      'n2',
      accept('1.n2', { proposals: votesFrom(2, '1.n2', ...Array.from('abcdefghijkl')) }),
    );
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'first') }));
    solo.receive('n2', accept('1.n2', { chosen: 13 }));
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(14, '1.n2', 'last') }));
    expect(solo.status.commitIndex).toBe(13);
    expect(solo.status.tailBytes).toBeLessThanOrEqual(300);
  });
});

describe('time', () => {
  it('does not fall', () => {
    const solo = new Solo();
    expect(() => {
      solo.engine.step({ type: 'tick' }, solo.now - 1);
    }).toThrow(InvariantError);
  });

  it('costs an idle group nothing but heartbeats, and a group of one nothing at all', () => {
    const alone = new Solo({ voters: ['n1'] });
    for (let ticks = 0; !alone.leads && ticks < 9; ticks++) alone.tick();
    expect(alone.wakeAt).toBe(Number.POSITIVE_INFINITY);
    const cluster = paxosCluster();
    cluster.commit();
    cluster.converge();
    cluster.run(electionTimeoutMs);
    const before = cluster.network.frames;
    cluster.run(10 * electionTimeoutMs);
    // Fifty heartbeats to two followers, and their answers.
    expect(cluster.network.frames - before).toBeLessThanOrEqual(204);
  });
});

describe('the same inputs', () => {
  it('give the same effects, byte for byte', () => {
    const run = (): unknown => {
      const solo = new Solo().reign();
      for (let nth = 0; nth < 20; nth++) {
        solo.propose(String(nth));
        if (nth % 3 === 0) solo.acknowledge('n2', solo.status.lastIndex);
        if (nth % 5 === 0) solo.tick();
      }
      const { sent, writes, committed, outcomes } = solo;
      return { sent, writes, committed, outcomes };
    };
    expect(run()).toEqual(run());
  });
});

/** A no-op that may hold something, its ballot still open. */
function noop(payloads: readonly Uint8Array[]): Uint8Array {
  return encodeEntry({ kind: 'noop', time: 0, incarnation: 0, ticket: 0, payloads }, headerBytes);
}
