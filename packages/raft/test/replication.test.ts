/** Log replication, commitment and the repair of logs: sections 5.3 and 5.4, figures 7 and 8. */
import { entryKind, seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../src/index.ts';
import { headerBytes, recordTerm } from '../src/record.ts';
import { raftCluster, seeds } from './raft-cluster.ts';
import { append, diskWith, membershipEntry, noop, record, Solo } from './solo.ts';

/** The terms of a node's whole log, as written. */
function termsOf(node: ReturnType<ReturnType<typeof raftCluster>['node']>): readonly number[] {
  const { written } = node.disk;
  const terms: number[] = [];
  for (let index = written.first; index <= written.last; index++) {
    const bytes = written.record(index);
    terms.push(bytes === undefined ? -1 : recordTerm(bytes));
  }
  return terms;
}

describe('figure 7', () => {
  const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  const followers: Readonly<Record<string, readonly number[]>> = {
    a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
    b: [1, 1, 1, 4],
    c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    e: [1, 1, 1, 4, 4, 4, 4],
    f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
  };

  it('all six logs become that of the leader of term 8', () => {
    const voters = [...Object.keys(followers), 'z'];
    const disks = {
      ...Object.fromEntries(
        Object.entries(followers).map(([node, terms]) => [
          node,
          diskWith(terms, { node, voters, term: 7 }),
        ]),
      ),
      z: diskWith(leaderLog, { node: 'z', voters, term: 7 }),
    };
    const cluster = raftCluster({ voters, disks });
    cluster.network.tap = (from, _to, message) =>
      message.type === 'vote-request' && from !== 'z' ? 'drop' : 'pass';
    const leader = cluster.elect();
    expect(leader.id).toBe('z');
    cluster.commit();
    cluster.converge();
    const { epoch } = leader.engine.status;
    for (const node of cluster.nodes) {
      expect([node.id, termsOf(node)]).toEqual([node.id, [...leaderLog, epoch, epoch]]);
    }
  });
});

describe('figure 8', () => {
  it('R2 an entry of an earlier term is not committed by counting, only behind one of the own term', () => {
    const solo = new Solo({
      image: diskWith([1, 2], { voters: ['n1', 'n2', 'n3', 'n4', 'n5'] }),
    }).lead();
    const own = solo.status.lastIndex;
    expect(own).toBe(3);
    // (c): the entry of term 2 is on a majority.
    for (const id of ['n2', 'n3', 'n4']) solo.acknowledge(id, 2);
    expect(solo.status.commitIndex).toBe(0);
    expect(solo.committed).toEqual([]);
    // (e): an entry of the own term is.
    solo.acknowledge('n2', own).acknowledge('n3', own);
    expect(solo.status.commitIndex).toBe(own);
  });

  it('R2 a restarted leader hands nothing over before its own term has committed', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed });
      cluster.commitMany(5);
      cluster.converge();
      for (const node of cluster.nodes) node.crash();
      for (const node of cluster.nodes) node.start();
      const leader = cluster.elect();
      const { epoch } = leader.engine.status;
      cluster.until(() => leader.engine.status.commitIndex > 0, 'a commit');
      const at = leader.engine.status.commitIndex;
      expect(recordTerm(leader.disk.written.record(at) ?? new Uint8Array(6))).toBe(epoch);
    }
  });
});

describe('a follower', () => {
  it('R7 commits only what this append verified', () => {
    // Entries 3 to 5 are left over from a leader of term 1; the leader of term 2 has others there.
    const solo = new Solo({ image: diskWith([1, 1, 1, 1, 1]) });
    solo.receive('n3', append({ term: 2, previousIndex: 2, previousTerm: 1, commit: 5 }));
    expect(solo.status.commitIndex).toBe(2);
    expect(solo.committed.map(({ index }) => index)).toEqual([1, 2]);
    solo.receive(
      'n3',
      append({ term: 2, previousIndex: 2, previousTerm: 1, commit: 5, records: [record(2)] }),
    );
    expect(solo.status.commitIndex).toBe(3);
    expect(solo.terms).toEqual([1, 1, 2]);
  });

  it('R7 also when the append has nothing new and stops short of the end of the log', () => {
    const solo = new Solo({ image: diskWith([1, 1, 1, 1]) });
    solo.receive('n3', append({ term: 3, commit: 9, records: [record(1), record(1)] }));
    expect(solo.status.commitIndex).toBe(2);
    expect(solo.replyTo('n3')).toMatchObject({ match: 2, verified: 2 });
  });

  it('R7 acknowledges only what the leader of this term has verified', () => {
    const solo = new Solo({ image: diskWith([1, 1, 1, 1]) });
    solo.receive('n3', append({ term: 2, previousIndex: 1, previousTerm: 1 }));
    expect(solo.replyTo('n3').match).toBe(1);
  });

  it('R8 keeps what it has when an old, shorter append comes again', () => {
    const solo = new Solo();
    const records = [record(1, 'a'), record(1, 'b'), record(1, 'c')];
    solo.receive('n2', append({ term: 1, records: records.slice(0, 1) }));
    solo.receive('n2', append({ term: 1, records }));
    const writes = solo.writes.length;
    solo.receive('n2', append({ term: 1, records: records.slice(0, 1) }));
    solo.receive('n2', append({ term: 1, records: [] }));
    expect(solo.status.lastIndex).toBe(3);
    expect(solo.writes.slice(writes).flatMap(({ ops }) => ops)).toEqual([]);
    solo.receive(
      'n2',
      append({ term: 1, previousIndex: 1, previousTerm: 1, records: records.slice(1, 2) }),
    );
    expect(solo.status.lastIndex).toBe(3);
    expect(solo.terms).toEqual([1, 1, 1]);
  });

  it('R8 never lets its acknowledged match fall', () => {
    const solo = new Solo();
    const records = [record(1), record(1), record(1)];
    solo.receive('n2', append({ term: 1, records }));
    solo.receive('n2', append({ term: 1, records: records.slice(0, 1) }));
    expect(solo.replyTo('n2').match).toBe(3);
  });

  it('truncates only where an entry conflicts, and exactly there', () => {
    const solo = new Solo({ image: diskWith([1, 1, 2, 2, 2]) });
    solo.receive(
      'n3',
      append({
        term: 4,
        previousIndex: 1,
        previousTerm: 1,
        records: [record(1), record(2), record(3)],
      }),
    );
    expect(solo.terms).toEqual([1, 1, 2, 3]);
  });

  it('ignores a leader of an earlier term, and tells it', () => {
    const solo = new Solo({ image: diskWith([1, 1], { term: 5 }) });
    solo.receive(
      'n3',
      append({ term: 4, previousIndex: 1, previousTerm: 1, records: [record(4)] }),
    );
    expect(solo.terms).toEqual([1, 1]);
    expect(solo.status.leader).not.toBe('n3');
    expect(solo.replyTo('n3').term).toBe(5);
  });
});

describe('R14 the commit index of a leader', () => {
  it('is that of a naive count, whatever order acknowledgements come in', () => {
    for (const seed of seeds(60)) {
      const random = seededRandom(seed);
      const size = random.pick([2, 3, 4, 5, 7]);
      const voters = Array.from({ length: size }, (_, at) => `n${String(at + 1)}`);
      const solo = new Solo({ image: diskWith([1, 1, 2, 2], { voters }) }).lead();
      for (let nth = 0; nth < 12; nth++) solo.propose();
      const { lastIndex } = solo.status;
      const ownFrom = 5;
      const match = new Map<string, number>([['n1', lastIndex]]);
      for (let nth = 0; nth < 60; nth++) {
        const id = random.pick(voters.slice(1));
        const index = 1 + random.below(lastIndex);
        solo.acknowledge(id, index);
        match.set(id, Math.max(match.get(id) ?? 0, index));
        let naive = 0;
        for (let at = ownFrom; at <= lastIndex; at++) {
          const holders = voters.filter((voter) => (match.get(voter) ?? 0) >= at).length;
          if (holders > size / 2) naive = at;
        }
        expect([seed, solo.status.commitIndex]).toEqual([seed, naive]);
      }
    }
  });
});

describe('R28 repair', () => {
  const tail = (terms: number, length: number, first: number): number[] =>
    Array.from({ length }, (_, at) => first + Math.floor((at * terms) / length));

  it.each([
    ['a later term', tail(1, 10_000, 3), tail(1, 10_000, 2)],
    ['a later term against seven', tail(1, 10_000, 20), tail(7, 10_000, 3)],
    ['an earlier term against seven', tail(1, 10_000, 2), tail(7, 10_000, 3)],
    ['seven terms against an earlier one', tail(7, 10_000, 3), tail(1, 10_000, 2)],
    [
      'terms that alternate',
      tail(5, 10_000, 4).map((term) => term * 2 + 1),
      tail(5, 10_000, 4).map((term) => term * 2),
    ],
    [
      'terms that alternate the other way',
      tail(5, 10_000, 4).map((term) => term * 2),
      tail(5, 10_000, 4).map((term) => term * 2 + 1),
    ],
  ])('of a divergent tail of 10 000 entries, %s, takes a round a term', (_what, lead, follow) => {
    // n1 holds `lead`, n3 `follow`, behind ten entries that they share; both reach up to 10 010.
    const shared = Array.from({ length: 10 }, () => 1);
    const term = Math.max(...lead, ...follow) + 1;
    const cluster = raftCluster({
      disks: {
        n1: diskWith([...shared, ...lead], { node: 'n1', term }),
        n2: diskWith([...shared, ...lead], { node: 'n2', term }),
        n3: diskWith([...shared, ...follow], { node: 'n3', term }),
      },
      raft: { maxAppendBytes: 64 * 1024 },
    });
    let rejections = 0;
    cluster.network.tap = (from, to, message) => {
      if (message.type === 'vote-request' && from !== 'n1') return 'drop';
      if (from === 'n3' && to === 'n1' && message.type === 'append-reply') {
        if (message.rejected !== undefined) rejections += 1;
      }
      return 'pass';
    };
    cluster.elect();
    cluster.commit();
    cluster.converge();
    const terms = new Set([...lead, ...follow]).size;
    expect(rejections).toBeLessThanOrEqual(terms + 1);
    expect(termsOf(cluster.node('n3'))).toEqual(termsOf(cluster.node('n1')));
  });

  it('of a log that is only shorter takes one round', () => {
    const cluster = raftCluster({
      disks: {
        n1: diskWith(tail(3, 5000, 1), { node: 'n1' }),
        n2: diskWith(tail(3, 5000, 1), { node: 'n2' }),
      },
    });
    let rejections = 0;
    cluster.network.tap = (from, _to, message) => {
      if (message.type === 'append-reply' && from === 'n3' && message.rejected !== undefined)
        rejections += 1;
      return 'pass';
    };
    cluster.commit();
    cluster.converge();
    expect(rejections).toBeLessThanOrEqual(2);
  });
});

describe('a new leader', () => {
  const firstOwn = (solo: Solo): readonly [number, string] => {
    const [sent] = solo.appendsTo('n2');
    const bytes = sent?.records[0] ?? new Uint8Array(headerBytes);
    return [recordTerm(bytes), entryKind(bytes, headerBytes)];
  };

  it('commits what earlier leaders left with an entry of its own, without a client', () => {
    const { membership } = new Solo().status;
    const records = [membershipEntry(1, membership), record(1)];
    const solo = new Solo()
      .receive('n2', append({ term: 1, records }))
      .forget()
      .lead();
    expect(solo.appendsTo('n2')[0]).toMatchObject({ previousIndex: 2, previousTerm: 1 });
    expect(firstOwn(solo)).toEqual([solo.status.epoch, 'noop']);
    solo.acknowledge('n2', 3);
    expect(solo.status.commitIndex).toBe(3);
  });

  it('counts no acknowledgement of an earlier leadership of its own', () => {
    const solo = new Solo().lead();
    solo.acknowledge('n2', 1);
    solo.propose();
    solo.propose();
    const late: RaftMessage = {
      type: 'append-reply',
      term: 1,
      match: 3,
      verified: 3,
      round: 0,
      sentAt: solo.now,
      rejected: undefined,
    };
    // Another leader takes both proposals away, and then this node leads again.
    const records = [noop(2)];
    solo.receive('n2', append({ term: 2, previousIndex: 1, previousTerm: 1, records })).lead();
    expect(solo.status).toMatchObject({ epoch: 3, lastIndex: 3, commitIndex: 1 });
    solo.receive('n2', late);
    expect(solo.status.commitIndex).toBe(1);
  });

  it('writes down who the group is where the log does not say it yet, for those who join', () => {
    const solo = new Solo({ image: diskWith([1, 1]) }).lead();
    expect(firstOwn(solo)).toEqual([solo.status.epoch, 'membership']);
    const { membership } = new Solo().status;
    expect(solo.status.membership).toEqual(membership);
    const joiner = new Solo({ node: 'n9', voters: [] });
    const [sent] = solo.appendsTo('n2');
    const records = [noop(1), noop(1), ...(sent?.records ?? [])];
    joiner.receive('n1', append({ term: solo.status.epoch, records }));
    expect(joiner.status.membership).toEqual(membership);
  });
});
