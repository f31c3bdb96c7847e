/** Elections, votes and their rehearsals: sections 5.2 and 5.4.1; thesis sections 4.2.3, 6.2 and 9.6. */
import { utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../src/index.ts';
import { electionTimeoutMs, raftCluster, seeds } from './raft-cluster.ts';
import { append, diskWith, record, Solo } from './solo.ts';

const isVoteRequest = (message: RaftMessage): boolean => message.type === 'vote-request';
const isElection = (message: RaftMessage): boolean =>
  message.type === 'vote-request' && !message.pre;

describe('a group', () => {
  it.each([1, 2, 3, 5, 7])('of %i elects one leader, and keeps it', (size) => {
    for (const seed of seeds(5)) {
      const voters = Array.from({ length: size }, (_, at) => `n${String(at + 1)}`);
      const cluster = raftCluster({ seed, voters });
      cluster.elect(10 * electionTimeoutMs);
      cluster.commit();
      cluster.converge();
      const epoch = cluster.leader?.engine.status.epoch;
      cluster.run(20 * electionTimeoutMs);
      expect(cluster.leader?.engine.status.epoch).toBe(epoch);
    }
  });

  it('elects another leader when the first one is gone, and not before it has waited', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed });
      const first = cluster.elect();
      cluster.commit();
      cluster.run(1000);
      first.crash();
      const gone = cluster.schedule.now;
      const second = cluster.elect();
      expect(second).not.toBe(first);
      // The last heartbeat may have been on its way for one heartbeat interval.
      expect(cluster.schedule.now - gone).toBeGreaterThan(electionTimeoutMs - 100 - 10);
      cluster.commit();
    }
  });

  it('elects nobody without a quorum, and its term does not rise meanwhile', () => {
    const cluster = raftCluster();
    const leader = cluster.elect();
    cluster.converge();
    const { epoch } = leader.engine.status;
    for (const node of cluster.followers()) cluster.isolate(node.id);
    cluster.run(20 * electionTimeoutMs);
    expect(cluster.leader).toBeUndefined();
    for (const node of cluster.nodes) expect(node.engine.status.epoch).toBe(epoch);
  });

  it('wakes nobody who has nothing to do', () => {
    const solo = new Solo({ node: 'n9', voters: ['n1', 'n2', 'n3'] });
    expect(solo.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a leader', () => {
  it('steps down when it has not heard from a quorum for an election time-out', () => {
    const cluster = raftCluster();
    const leader = cluster.elect();
    cluster.converge();
    cluster.isolate(leader.id);
    cluster.until(() => !leader.leads, 'the leader steps down', 2 * electionTimeoutMs + 200);
  });

  it('steps down when it can send and not receive', () => {
    const cluster = raftCluster();
    const leader = cluster.elect();
    cluster.converge();
    for (const node of cluster.followers()) cluster.network.cut(node.id, leader.id);
    cluster.until(() => !leader.leads, 'the leader steps down', 2 * electionTimeoutMs + 200);
    cluster.until(() => cluster.leader !== undefined, 'another one', 10 * electionTimeoutMs);
    cluster.commit();
  });

  it('R9 never writes in a term that it did not win, though term and proposal change in one turn', () => {
    const solo = new Solo().lead();
    const { epoch, lastIndex } = solo.status;
    solo.step(
      { type: 'receive', from: 'n2', message: append({ term: epoch + 1, previousIndex: 0 }) },
      { type: 'propose', ticket: 77, record: record(0) },
    );
    expect(solo.status.epoch).toBe(epoch + 1);
    expect(solo.status.lastIndex).toBeLessThanOrEqual(lastIndex);
    expect(solo.outcomes.find((outcome) => outcome.ticket === 77)).toMatchObject({
      type: 'rejected',
      reason: 'not-leader',
      leader: 'n2',
    });
    expect(solo.terms).not.toContain(epoch + 1);
  });
});

describe('a vote', () => {
  const ask = (lastIndex: number, lastTerm: number, term: number = 9): RaftMessage => ({
    type: 'vote-request',
    term,
    lastIndex,
    lastTerm,
    pre: false,
    transfer: true,
  });
  const granted = (solo: Solo, from: string): boolean | undefined => {
    const reply = solo.sentTo(from).findLast((message) => message.type === 'vote-reply');
    return reply?.type === 'vote-reply' ? reply.granted : undefined;
  };

  it.each([
    ['a longer log of the same term', 4, 2, true],
    ['the same log', 3, 2, true],
    ['a shorter log of the same term', 2, 2, false],
    ['a longer log of an older term', 9, 1, false],
    ['a shorter log of a later term', 1, 3, true],
  ])('for a candidate with %s', (_what, lastIndex, lastTerm, expected) => {
    const solo = new Solo({ image: diskWith([1, 1, 2]) });
    solo.receive('n3', ask(lastIndex, lastTerm));
    expect(granted(solo, 'n3') ?? false).toBe(expected);
  });

  it('goes to one candidate of a term, and again to the same when it asks twice', () => {
    const solo = new Solo();
    solo.receive('n3', ask(0, 0)).receive('n2', ask(5, 5));
    expect(granted(solo, 'n3')).toBe(true);
    expect(granted(solo, 'n2') ?? false).toBe(false);
    solo.forget().receive('n3', ask(0, 0));
    expect(granted(solo, 'n3')).toBe(true);
  });

  it('outlives a crash', () => {
    const before = new Solo();
    before.receive('n3', ask(0, 0));
    const after = new Solo({ image: before.image });
    after.receive('n2', ask(5, 5));
    expect(granted(after, 'n2') ?? false).toBe(false);
  });

  it('is not given while a leader is heard from (thesis, section 4.2.3)', () => {
    const solo = new Solo();
    solo.receive('n2', append({ term: 1 }));
    solo.wait(electionTimeoutMs / 2);
    solo.receive('n3', { ...ask(5, 1, 2), transfer: false } as RaftMessage);
    expect(granted(solo, 'n3') ?? false).toBe(false);
    expect(solo.status.epoch).toBe(1);
  });
});

describe('pre-vote', () => {
  /** The term of `far` rises in elections that nobody hears of, while the others write on. */
  const withForerunner = (seed: number): ReturnType<typeof raftCluster> => {
    const cluster = raftCluster({ seed });
    cluster.elect();
    cluster.commit();
    cluster.converge();
    const leader = cluster.elect();
    const [far, other] = cluster.followers();
    if (far === undefined || other === undefined) throw new Error('three nodes');
    // The rehearsals of `far` succeed, its elections go nowhere.
    leader.crash();
    cluster.network.tap = (from, _to, message) =>
      isElection(message) || (from === other.id && isVoteRequest(message)) ? 'drop' : 'pass';
    const before = far.engine.status.epoch;
    cluster.until(
      () => far.engine.status.epoch >= before + 3,
      'three elections of one node',
      60 * electionTimeoutMs,
    );
    cluster.network.tap = () => 'pass';
    cluster.isolate(far.id);
    leader.start();
    cluster.until(
      () => leader.leads || other.leads,
      'a leader of the two others',
      40 * electionTimeoutMs,
    );
    cluster.commit();
    cluster.commit();
    return cluster;
  };

  it('R20 a higher term with a shorter log is not ignored for ever', () => {
    for (const seed of seeds(20)) {
      const cluster = withForerunner(seed);
      cluster.heal();
      cluster.converge(20 * electionTimeoutMs);
      cluster.commit('on it goes', 5 * electionTimeoutMs);
      cluster.converge();
    }
  });

  it('R20 a node that heard of a higher term and lost touch does not block a group of two', () => {
    // n2 has the longer log and the lower term; n1 the higher term. Both are needed.
    for (const seed of seeds(20)) {
      const cluster = raftCluster({
        seed,
        disks: {
          n1: diskWith([1, 1], { node: 'n1', term: 9 }),
          n2: diskWith([1, 1, 1, 1], { node: 'n2', term: 2 }),
        },
      });
      cluster.node('n3').crash();
      cluster.elect(10 * electionTimeoutMs);
      expect(cluster.leader?.id).toBe('n2');
      cluster.commit();
    }
  });

  it('R21 the last known leader is granted a rehearsal too', () => {
    for (const seed of seeds(20)) {
      const cluster = raftCluster({ seed });
      const leader = cluster.elect();
      cluster.commit();
      cluster.converge();
      const [other, third] = cluster.followers();
      third?.crash();
      // The leader alone has the last entry, so that nobody else can win.
      cluster.network.tap = (_from, _to, message) =>
        message.type === 'append' && message.records.length > 0 ? 'drop' : 'pass';
      leader.propose([utf8('only here')]);
      cluster.run(50);
      leader.crash(Number.POSITIVE_INFINITY);
      cluster.network.tap = () => 'pass';
      leader.start();
      expect(other?.engine.status.leader).toBe(leader.id);
      cluster.until(() => leader.leads, 'the old leader leads again', 8 * electionTimeoutMs);
      cluster.commit();
    }
  });

  it('R22 a node that was cut off does not disturb the group when it returns', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed });
      const leader = cluster.elect();
      cluster.commit();
      cluster.converge();
      const { epoch } = leader.engine.status;
      const [away] = cluster.followers();
      cluster.isolate(away?.id ?? '');
      cluster.run(20 * electionTimeoutMs);
      cluster.commit();
      cluster.heal();
      cluster.converge();
      cluster.run(10 * electionTimeoutMs);
      expect(cluster.leader).toBe(leader);
      expect(leader.engine.status.epoch).toBe(epoch);
    }
  });

  it('R22 a node that hears nobody and is heard by all does not disturb the group', () => {
    const cluster = raftCluster();
    const leader = cluster.elect();
    cluster.converge();
    const { epoch } = leader.engine.status;
    const [deaf] = cluster.followers();
    for (const node of cluster.nodes) cluster.network.cut(node.id, deaf?.id ?? '');
    cluster.run(20 * electionTimeoutMs);
    expect(cluster.leader).toBe(leader);
    expect(leader.engine.status.epoch).toBe(epoch);
  });

  it('R22 a removed node that runs on does not disturb the group', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed });
      const leader = cluster.elect();
      cluster.converge();
      const [removed] = cluster.followers();
      const { epoch } = leader.engine.status;
      // It does not hear of its own removal.
      cluster.isolate(removed?.id ?? '');
      leader.reconfigure([{ type: 'remove', id: removed?.id ?? '' }]);
      cluster.until(() => leader.engine.status.membership.voters.length === 2, 'the removal');
      cluster.converge();
      cluster.heal();
      cluster.run(20 * electionTimeoutMs);
      cluster.commit();
      expect(cluster.leader).toBe(leader);
      expect(leader.engine.status.epoch).toBe(epoch);
    }
  });
});

describe('a disk that stalls', () => {
  it('R26 a leader whose disk stalls does not keep leadership by heartbeats', () => {
    for (const seed of seeds(5)) {
      const cluster = raftCluster({ seed });
      const leader = cluster.elect();
      cluster.converge();
      leader.disk.stall(true);
      leader.propose([utf8('stuck')]);
      cluster.until(
        () => cluster.leader !== undefined && cluster.leader !== leader,
        'another leader',
        12 * electionTimeoutMs,
      );
      cluster.commit('goes on', 5 * electionTimeoutMs);
      cluster.run(10 * electionTimeoutMs);
      expect(cluster.leader).not.toBe(leader);
      leader.disk.stall(false);
      cluster.converge();
    }
  });

  it('R26 nobody whose disk stalls is elected', () => {
    const cluster = raftCluster();
    const leader = cluster.elect();
    cluster.converge();
    const [stalled, other] = cluster.followers();
    stalled?.disk.stall(true);
    cluster.commit();
    cluster.run(6 * electionTimeoutMs);
    leader.crash();
    cluster.run(20 * electionTimeoutMs);
    expect(stalled?.leads).toBe(false);
    expect(other?.leads).toBe(false);
    stalled?.disk.stall(false);
    cluster.commit('goes on', 10 * electionTimeoutMs);
  });
});
