/** Elections, votes and their rehearsals: sections 5.2 and 5.4.1; thesis sections 4.2.3, 6.2 and 9.6. */
import { utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../src/index.ts';
import { electionTimeoutMs, raftCluster, seeds } from './raft-cluster.ts';
import { append, diskWith, record, Solo } from './solo.ts';

const isVoteRequest = (message: RaftMessage): boolean => message.type === 'vote-request';
const isElection = (message: RaftMessage): boolean =>
  message.type === 'vote-request' && !message.pre;

describe('a leader', () => {
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
});
