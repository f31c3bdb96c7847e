/**
 * Changes of voters under the worst timing: a leader of the old voters comes into office while the new
 * ones have decided already, and each of its means to find out (promises, lessons, accepts) arrives
 * late, alone, or never. Whatever is decided, read or promised wrongly is found by the cluster's checks.
 */
import type { Membership, NodeId } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { holdsMembership } from '../src/record.ts';
import {
  acceptAll,
  cutInHalves,
  decideWithTheNew,
  type Divided,
  divide,
  electOfTheOld,
  leaderOfTheOld,
  learner,
  type PaxosSimNode,
  remove,
  voter,
} from './divided.ts';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import {
  accept,
  ballot,
  groupOf,
  learned,
  membershipVote,
  prepare,
  promise,
  Solo,
  votesFrom,
} from './solo.ts';

const idsOf = (members: Membership['voters']): string => members.map(({ id }) => id).join();

describe('a leader of the old voters, where the new ones have decided', () => {
  it('chooses again what it is taught, and goes on behind it', () => {
    for (const seed of seeds(8)) {
      const divided = divide(seed);
      const { cluster, leader, after } = divided;
      const place = decideWithTheNew(divided);
      const record = cluster.recorder.decided(place);
      leader.crash();
      // What others know comes right behind their promises.
      const promised = new Set<NodeId>();
      cluster.network.tap = (from, _to, { type }) => {
        const isNew = after.some(({ id }) => id === from);
        if (isNew && type === 'promise') promised.add(from);
        if (isNew && (type === 'survey' || type === 'prepare')) return 'drop';
        return type === 'learned' ? 'hold' : 'pass';
      };
      electOfTheOld(divided);
      cluster.until(() => promised.size === after.length, 'promises of the new voters');
      cluster.run(10);
      cluster.network.tap = () => 'pass';
      cluster.network.release();
      const later = cluster.decide('later', 20 * electionTimeoutMs);
      expect(later).toBeGreaterThan(place);
      leader.start();
      cluster.converge(40 * electionTimeoutMs);
      expect(cluster.recorder.decided(place)).toBe(record);
    }
  });

  it('proposes nothing where others know what is chosen, as long as nobody teaches it', () => {
    for (const seed of seeds(8)) {
      const divided = divide(seed);
      const { cluster, leader, after } = divided;
      const place = decideWithTheNew(divided);
      leader.crash();
      // The new voters promise, say how far they know, and teach nothing; nor do they want to lead.
      cluster.network.tap = (from, _to, { type }) => {
        const isNew = after.some(({ id }) => id === from);
        if (isNew && (type === 'survey' || type === 'prepare')) return 'drop';
        return type === 'learned' ? 'drop' : 'pass';
      };
      const next = electOfTheOld(divided);
      const ticket = next.propose([]);
      cluster.run(4 * electionTimeoutMs);
      expect(next.up).toBe(true);
      expect(next.engine.status.commitIndex).toBeLessThan(place);
      expect(next.engine.status.lastIndex).toBeLessThan(place);
      expect(cluster.requests.placeOf(ticket)).toBeUndefined();
      cluster.network.tap = () => 'pass';
      cluster.decide('later', 20 * electionTimeoutMs);
      leader.start();
      cluster.converge(40 * electionTimeoutMs);
    }
  });

  it.each(['linearizable', 'lease'] as const)(
    'answers no %s read before the new voters have promised',
    (guarantee) => {
      for (const seed of seeds(6)) {
        const divided = divide(seed);
        const { cluster, leader, after } = divided;
        const place = decideWithTheNew(divided);
        leader.crash();
        // They take what the new leader says, so its rounds and its lease have their answers. What they
        // have accepted before is in their promises alone, and those are late.
        cluster.network.tap = (from, _to, { type }) => {
          if (type === 'learned') return 'drop';
          const isNew = after.some(({ id }) => id === from);
          return isNew && (type === 'promise' || type === 'survey' || type === 'prepare')
            ? 'drop'
            : 'pass';
        };
        const next = electOfTheOld(divided);
        cluster.until(
          () => after.every((node) => node.engine.status.leader === next.id),
          'the new voters to follow it',
        );
        const tickets = Array.from({ length: 20 }, () => {
          cluster.run(20);
          return next.read(guarantee);
        });
        cluster.run(20);
        for (const ticket of tickets) expect(cluster.requests.ending(ticket)).toBeUndefined();
        cluster.network.tap = () => 'pass';
        const last = tickets.at(-1) ?? 0;
        cluster.until(() => cluster.requests.ending(last) !== undefined, 'an answer');
        const ending = cluster.requests.ending(last);
        expect(ending?.type).toBe('ready');
        expect(ending).toHaveProperty('index');
        if (ending?.type === 'ready') expect(ending.index).toBeGreaterThanOrEqual(place);
      }
    },
  );

  it('does not win voters by an accept who have given their word to a leader with a lease', () => {
    let answered = 0;
    for (const seed of seeds(8)) {
      const divided = divide(seed);
      const { cluster, leader } = divided;
      cutInHalves(divided);
      const next = electOfTheOld(divided);
      answered += readWhileOvertaken(divided, next);
      cluster.heal();
      cluster.converge(40 * electionTimeoutMs);
      expect(leader.up).toBe(true);
    }
    expect(answered).toBeGreaterThan(0);
  });

  it('nor where they have learned something that was chosen in its ballot', () => {
    let answered = 0;
    for (const seed of seeds(8)) {
      const divided = divide(seed);
      const { cluster, after } = divided;
      cutInHalves(divided);
      const next = electOfTheOld(divided);
      // An old question of theirs, answered late.
      const knownIn = { round: next.engine.status.epoch, node: next.id };
      for (const node of after) {
        node.receive(next.id, {
          type: 'learned',
          from: 1,
          records: [],
          more: false,
          chosen: 0,
          knownIn,
        });
      }
      answered += readWhileOvertaken(divided, next);
      cluster.heal();
      cluster.converge(40 * electionTimeoutMs);
    }
    expect(answered).toBeGreaterThan(0);
  });

  /** Nothing reaches A any more, which reads on under its lease. How many of its reads are answered. */
  function readWhileOvertaken({ cluster, leader }: Divided, next: PaxosSimNode): number {
    cluster.network.tap = (_from, to) => (to === leader.id ? 'drop' : 'pass');
    const tickets: number[] = [];
    for (let step = 0; step < 500 && leader.leads; step++) {
      if (step % 10 === 0) next.propose([]);
      tickets.push(leader.read('lease'));
      cluster.run(2);
    }
    expect(leader.leads).toBe(false);
    cluster.network.tap = () => 'pass';
    return tickets.filter((ticket) => cluster.requests.ending(ticket)?.type === 'ready').length;
  }
});

describe('the promise that completes a quorum of the new voters', () => {
  const leaseRead = { type: 'read', ticket: 900, guarantee: 'lease' } as const;

  it('lets a lease read be answered in the same turn where it tells of nothing', () => {
    const solo = leaderOfTheOld();
    const message = promise(solo.last('prepare', 'n4'), { chosen: 5 });
    solo.step({ type: 'receive', from: 'n4', message }, leaseRead);
    expect(solo.reads).toEqual([{ ticket: 900, index: 5 }]);
  });

  it('lets none be answered before what it tells of is chosen again', () => {
    const solo = leaderOfTheOld();
    const votes = votesFrom(6, '3.n2', 'e');
    const message = promise(solo.last('prepare', 'n4'), { chosen: 5, votes });
    solo.step({ type: 'receive', from: 'n4', message }, leaseRead);
    expect(solo.reads).toEqual([]);
    expect(solo.proposedIn(6)).toBe('e');
    acceptAll(solo, 'n4');
    expect(solo.reads).toHaveLength(1);
    expect(solo.reads[0]?.index).toBeGreaterThanOrEqual(6);
  });

  it('lets no change be completed that a former leader has completed', () => {
    const solo = leaderOfTheOld();
    const second = {
      ...groupOf(['n1', 'n2', 'n4', 'n5']),
      outgoing: groupOf(['n1', 'n4', 'n5']).voters,
    };
    const votes = [
      { slot: 6, record: membershipVote('3.n2', groupOf(['n1', 'n4', 'n5'])) },
      { slot: 7, record: membershipVote('3.n2', second) },
    ];
    const early = { type: 'reconfigure', ticket: 901, change: [remove('n5')] } as const;
    const message = promise(solo.last('prepare', 'n4'), { chosen: 5, votes });
    solo.step({ type: 'receive', from: 'n4', message }, early);
    expect(solo.ending(901)).toMatchObject({ type: 'rejected' });
    // Another change was begun behind it. That one is for this leader to complete, and nothing else.
    acceptAll(solo, 'n2', 'n4', 'n5');
    const { voters, outgoing } = solo.status.membership;
    expect([idsOf(voters), idsOf(outgoing)]).toEqual(['n1,n2,n4,n5', '']);
    const memberships = solo.committed.filter(({ record }) => holdsMembership(record));
    expect(memberships.map(({ index }) => index).slice(0, 3)).toEqual([2, 6, 7]);
    expect(memberships).toHaveLength(4);
  });
});

describe('a word that an acceptor has given', () => {
  const heldWord = (): Solo => new Solo().receive('n2', accept('3.n2')).forget();

  /** Whether n3 can neither make it promise nor follow before the word has run out, and can then. */
  function expectKept(solo: Solo): void {
    solo.forget().wait(electionTimeoutMs - 1);
    solo.receive('n3', accept('5.n3', { proposals: votesFrom(9, '5.n3', 'x') }));
    solo.receive('n3', prepare('5.n3'));
    expect(solo.sentTo('n3').filter(({ type }) => type !== 'learn')).toEqual([]);
    expect(solo.status.leader).not.toBe('n3');
    solo.wait(1).receive('n3', accept('5.n3'));
    expect(solo.status.leader).toBe('n3');
    expect(solo.last('accepted', 'n3')).toMatchObject({ ballot: ballot('5.n3') });
  }

  it('is kept where it learns what was chosen in a higher ballot', () => {
    expectKept(heldWord().receive('n3', learned(1, '5.n3', ['a'])));
  });

  it('is kept where it takes a snapshot from there', () => {
    const other = new Solo({ node: 'n3', paxos: { keepBytesBehindSnapshot: 0 } });
    other.receive('n3', learned(1, '5.n3', ['a', 'b']));
    other.compact(2);
    const context = other.image.snapshot?.context ?? new Uint8Array(0);
    const solo = heldWord();
    const ticket = solo.install(2, context);
    expect(solo.ending(ticket)).toMatchObject({ type: 'done' });
    expectKept(solo);
  });

  it('to a leader of a lower ballot than what it knows is not kept up: it refuses that one', () => {
    const solo = heldWord()
      .receive('n3', learned(1, '5.n3', ['a']))
      .forget();
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(2, '3.n2', 'x') }));
    expect(solo.last('refuse', 'n2')).toMatchObject({ promised: ballot('5.n3') });
    expect(solo.votes).toHaveLength(1);
  });
});

describe('a group most of whose voters were replaced', () => {
  // A new leader writes what it knows together with its promise. The one that stays need not.
  it.each([
    ['all of them', (): boolean => true],
    ['all but the leader', (id: NodeId, leader: NodeId): boolean => id !== leader],
  ])('goes on alone after a power cut, %s gone for good', (_who, goes) => {
    const joiners = ['n4', 'n5', 'n6'];
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed, joiners });
      cluster.commit();
      const joined = cluster.elect().reconfigure(joiners.map(learner));
      cluster.until(() => cluster.requests.ending(joined)?.type === 'done', 'learners');
      cluster.converge();
      cluster.run(electionTimeoutMs);
      const leader = cluster.elect();
      const gone = ['n1', 'n2', 'n3'].filter((id) => goes(id, leader.id));
      const change = leader.reconfigure([...joiners.map(voter), ...gone.map(remove)]);
      cluster.until(() => cluster.requests.ending(change)?.type === 'done', 'the change');
      for (const id of gone) cluster.node(id).crash();
      for (let count = seed; count > 0; count--) cluster.decide('more', 20 * electionTimeoutMs);
      const left = cluster.live;
      for (const node of left) node.crash(seed % 2 === 0 ? 0 : undefined);
      // Nothing is under way any more that could tell them.
      cluster.run(electionTimeoutMs);
      for (const node of left) node.start();
      cluster.decide('after', 40 * electionTimeoutMs);
      cluster.converge(20 * electionTimeoutMs);
      const { voters } = cluster.elect().engine.status.membership;
      expect(voters.map(({ id }) => id)).toEqual(left.map(({ id }) => id));
    }
  });
});

describe('a vote that was lost with its acceptor’s memory', () => {
  it('is asked for again, though the acceptor had said that it has seen the proposal', () => {
    const solo = new Solo().reign();
    const { lastIndex } = solo.status;
    solo.propose('x');
    solo.acknowledge('n2', lastIndex, { seen: lastIndex + 1, sentAt: solo.now });
    solo.forget().tick();
    expect(solo.slotsTo('n2')).toEqual([]);
    // It has restarted since: a later answer, and it has not seen it.
    solo.acknowledge('n2', lastIndex, { seen: lastIndex });
    expect(solo.slotsTo('n2')).toEqual([lastIndex + 1]);
  });

  it('and what waits for it is decided', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed });
      cluster.commit();
      cluster.converge();
      const leader = cluster.elect();
      const [forgetful, gone] = cluster.followers();
      gone?.crash();
      cluster.run(100);
      forgetful?.disk.stall(true);
      const tickets = Array.from({ length: 5 }, () => leader.propose([]));
      cluster.run(250);
      forgetful?.crash(0);
      forgetful?.disk.stall(false);
      forgetful?.start();
      cluster.until(
        () => tickets.every((ticket) => cluster.requests.placeOf(ticket) !== undefined),
        'decisions',
      );
      expect(leader.leads).toBe(true);
    }
  });
});
