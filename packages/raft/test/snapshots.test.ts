/** Compaction and snapshots: section 7 of the paper; thesis, chapter 5. */
import type { SimNode } from '@quorate/conformance/engine';
import { isJoint } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../src/index.ts';
import { raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';
import { append, diskWith, record, Solo } from './solo.ts';

/** Nothing is kept behind a snapshot, so that whoever is behind needs one. */
const trimAll = { keepBytesBehindSnapshot: 0 } as const;

function ready(options: Parameters<typeof raftCluster>[0] = {}): RaftCluster {
  const cluster = raftCluster({ raft: trimAll, ...options });
  cluster.commit();
  cluster.converge();
  return cluster;
}

/** Trims the log of a node up to what it has applied. */
function compact(cluster: RaftCluster, node: SimNode<RaftMessage> = cluster.elect()): void {
  const { applied } = node.consumer;
  node.compact();
  cluster.until(() => node.engine.status.firstIndex === applied + 1, 'the log is trimmed');
}

/** What a snapshot of a real node carries for the engine, at this index and term. */
function contextOf(index: number, term: number): Uint8Array {
  const terms = Array.from({ length: index }, () => term);
  const solo = new Solo({ image: diskWith(terms), raft: trimAll });
  solo.receive('n2', append({ term, previousIndex: index, previousTerm: term, commit: index }));
  solo.step({ type: 'applied', index });
  solo.step({ type: 'compact', ticket: 1, snapshot: { id: 's', index } });
  for (const { ops } of solo.writes) {
    for (const op of ops) if (op.type === 'snapshot') return op.context;
  }
  throw new Error('no snapshot was published');
}

describe('compaction', () => {
  it('is refused where it makes no sense: older than the last one, or ahead of what is applied', () => {
    const solo = new Solo({ image: diskWith([1, 1, 1]), raft: trimAll });
    solo.receive('n2', append({ term: 1, previousIndex: 3, previousTerm: 1, commit: 3 }));
    solo.step({ type: 'applied', index: 2 });
    solo.step({ type: 'compact', ticket: 91, snapshot: { id: 'ahead', index: 3 } });
    solo.step({ type: 'compact', ticket: 92, snapshot: { id: 'good', index: 2 } });
    solo.step({ type: 'compact', ticket: 93, snapshot: { id: 'old', index: 1 } });
    const ending = (ticket: number): unknown =>
      solo.outcomes.find((outcome) => outcome.ticket === ticket);
    expect(ending(91)).toMatchObject({ type: 'rejected', reason: 'stale' });
    expect(ending(92)).toMatchObject({ type: 'done' });
    expect(ending(93)).toMatchObject({ type: 'rejected', reason: 'stale' });
    expect(solo.image.snapshot?.id).toBe('good');
  });
});

describe('a node that is too far behind', () => {
  it('is a member like others meanwhile: it votes, and it is not taken for dead', () => {
    const cluster = ready();
    const leader = cluster.elect();
    const [behind, other] = cluster.followers();
    behind?.crash();
    cluster.commitMany(30);
    cluster.run(50);
    compact(cluster);
    other?.crash();
    cluster.conditions.shipMs = [4000, 4000];
    behind?.start();
    // Its answers keep the leader in office.
    cluster.run(3500);
    expect(leader.leads || cluster.leader === undefined).toBe(true);
    cluster.until(
      () => behind?.consumer.applied === cluster.recorder.commitIndex,
      'caught up',
      30_000,
    );
  });

  it('R30 log that is held back for a transfer goes when the transfer is over, and is bounded', () => {
    const cluster = ready({ raft: { ...trimAll, maxHeldLogBytes: 4000 } });
    const [behind] = cluster.followers();
    behind?.crash();
    cluster.commitMany(30);
    cluster.run(50);
    compact(cluster);
    cluster.conditions.shipMs = [3000, 3000];
    behind?.start();
    cluster.run(300);
    const leader = cluster.elect();
    for (let nth = 0; nth < 20; nth++) {
      cluster.commitMany(20);
      leader.compact();
      cluster.run(20);
    }
    // 400 entries of some 35 bytes are over the bound.
    const { firstIndex, lastIndex } = leader.engine.status;
    expect(lastIndex - firstIndex).toBeLessThan(250);
    cluster.conditions.shipMs = [5, 5];
    cluster.converge(60_000);
    compact(cluster, leader);
  });
});

describe('an installed snapshot', () => {
  it('is durable before it is acknowledged or restored', () => {
    const solo = new Solo({ slowDisk: true, raft: trimAll });
    solo.store();
    solo.step({
      type: 'install',
      ticket: 5,
      snapshot: { id: 'from afar', index: 6 },
      context: contextOf(6, 2),
    });
    expect(solo.outcomes.some((outcome) => outcome.ticket === 5)).toBe(false);
    solo.store();
    expect(solo.outcomes.find((outcome) => outcome.ticket === 5)).toMatchObject({ type: 'done' });
    expect(solo.status).toMatchObject({ commitIndex: 6, lastIndex: 6, firstIndex: 7 });
  });

  it('R10 does not leave a conflicting entry at its last included index', () => {
    // Five entries of term 1; the snapshot ends at index 5 with term 2.
    const solo = new Solo({ image: diskWith([1, 1, 1, 1, 1, 1]), raft: trimAll });
    solo.step({
      type: 'install',
      ticket: 5,
      snapshot: { id: 's', index: 5 },
      context: contextOf(5, 2),
    });
    expect(solo.status).toMatchObject({ lastIndex: 5, commitIndex: 5 });
    expect(solo.terms).toEqual([]);
    solo.receive(
      'n2',
      append({ term: 3, previousIndex: 5, previousTerm: 2, records: [record(3)] }),
    );
    expect(solo.replyTo('n2')).toMatchObject({ match: 6, rejected: undefined });
    const again = new Solo({ image: solo.image, raft: trimAll });
    expect(again.status.lastIndex).toBe(6);
    again.receive('n2', append({ term: 3, previousIndex: 6, previousTerm: 3, commit: 6 }));
    expect(again.status.commitIndex).toBe(6);
  });

  it('keeps what follows it where the log agrees with it', () => {
    const solo = new Solo({ image: diskWith([2, 2, 2, 2]), raft: trimAll });
    solo.step({
      type: 'install',
      ticket: 5,
      snapshot: { id: 's', index: 3 },
      context: contextOf(3, 2),
    });
    expect(solo.status.lastIndex).toBe(4);
    expect(solo.status.commitIndex).toBe(3);
  });

  it('is refused when it is older than what is there', () => {
    const solo = new Solo({ image: diskWith([1, 1, 1]), raft: trimAll });
    solo.receive('n2', append({ term: 1, previousIndex: 3, previousTerm: 1, commit: 3 }));
    solo.step({
      type: 'install',
      ticket: 5,
      snapshot: { id: 's', index: 2 },
      context: contextOf(2, 1),
    });
    expect(solo.outcomes.find((outcome) => outcome.ticket === 5)).toMatchObject({
      type: 'rejected',
      reason: 'stale',
    });
  });

  it('can come in the same turn as the appends that it covers', () => {
    for (const terms of [
      [2, 2, 2, 2, 2, 2],
      [1, 1, 1, 1],
    ]) {
      const solo = new Solo({ raft: trimAll });
      const records = terms.map((term) => record(term));
      solo.step(
        { type: 'receive', from: 'n2', message: append({ term: 3, records }) },
        {
          type: 'install',
          ticket: 5,
          snapshot: { id: 's', index: 4 },
          context: contextOf(4, 2),
        },
      );
      expect(solo.status.commitIndex).toBe(4);
      expect(solo.status.lastIndex).toBe(terms.length);
      expect(new Solo({ image: solo.image, raft: trimAll }).status.lastIndex).toBe(terms.length);
    }
  });

  it('may be of later terms than its last entry: older leaders are not heard any more', () => {
    // n3 has 4 and 5 of term 8, undecided; term 9 decided others of term 7 there (see figure 8).
    const publisher = new Solo({ image: diskWith([7, 7, 7, 7, 7], { term: 9 }), raft: trimAll });
    publisher.receive('n2', append({ term: 9, previousIndex: 5, previousTerm: 7, commit: 5 }));
    publisher.step({ type: 'applied', index: 5 });
    publisher.step({ type: 'compact', ticket: 1, snapshot: { id: 's', index: 5 } });
    const { context } = publisher.image.snapshot ?? {};
    expect(context).toBeDefined();
    const late = new Solo({ image: diskWith([7, 7, 7], { term: 8 }), raft: trimAll });
    late.step({
      type: 'install',
      ticket: 5,
      snapshot: { id: 's', index: 5 },
      context: context ?? new Uint8Array(0),
    });
    expect(late.status).toMatchObject({ commitIndex: 5, lastIndex: 5 });
    // A heartbeat of the leader of term 8, which does not hold what is decided.
    late.forget().receive('n3', append({ term: 8, previousIndex: 5, previousTerm: 8 }));
    expect(late.status.commitIndex).toBe(5);
    for (const { term, match } of late.repliesTo('n3')) expect(term > 8 || match < 4).toBe(true);
  });

  it('is restored only where it is still the current one', () => {
    const solo = new Solo({ slowDisk: true, raft: trimAll });
    solo.store();
    for (const index of [5, 9]) {
      solo.step({
        type: 'install',
        ticket: index,
        snapshot: { id: `s${String(index)}`, index },
        context: contextOf(index, 2),
      });
    }
    const [first = 0, second = 0] = solo.writes
      .filter(({ ops }) => ops.some((op) => op.type === 'snapshot'))
      .map((write) => write.id);
    // Both are durable; the first completion only comes late.
    solo.stored(first);
    if (second > first) expect(solo.restored).toEqual([]);
    solo.stored(second);
    expect(solo.restored.map(({ id }) => id)).toEqual(['s9']);
  });

  it('R11 does not keep a membership that is newer in the log and was never decided', () => {
    for (const seed of seeds(10)) {
      const cluster = ready({ seed, joiners: ['n4', 'n5', 'n6'] });
      const old = cluster.elect();
      cluster.isolate(old.id);
      cluster.until(() => cluster.leader !== old && cluster.leader !== undefined, 'another', 5000);
      cluster.commitMany(10);
      cluster.run(100);
      compact(cluster);
      // A membership further on than the snapshot reaches, at a node that led long ago.
      const images = old.disk.durable;
      expect(images.last).toBeLessThan(12);
      cluster.heal();
      cluster.converge();
      expect(isJoint(old.engine.status.membership)).toBe(false);
    }
    // By hand, so that the undecided membership stands behind the snapshot's index.
    const cluster = ready({ joiners: ['n4'] });
    const old = cluster.elect();
    cluster.isolate(old.id);
    for (let nth = 0; nth < 10; nth++) old.propose([]);
    old.reconfigure([{ type: 'add-voter', member: { id: 'n4' } }]);
    cluster.until(() => isJoint(old.engine.status.membership), 'in force at the old leader');
    cluster.until(() => cluster.leader !== old && cluster.leader !== undefined, 'another', 5000);
    cluster.commitMany(3);
    cluster.run(100);
    compact(cluster);
    expect(cluster.elect().engine.status.lastIndex).toBeLessThan(old.engine.status.lastIndex);
    const installed: string[] = [];
    cluster.observers.push({
      settled: (node, outcome) => {
        if (outcome.type !== 'done' || node !== old) return;
        installed.push(JSON.stringify(node.engine.status.membership.voters.map(({ id }) => id)));
      },
    });
    cluster.heal();
    cluster.converge();
    expect(installed).toEqual(['["n1","n2","n3"]']);
  });
});
