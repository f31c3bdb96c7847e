/** Leadership transfer: thesis, section 3.10. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';
import { append, Solo } from './solo.ts';

function ready(seed: number = 1): RaftCluster {
  const cluster = raftCluster({ seed, joiners: ['n4'] });
  cluster.commit();
  cluster.converge();
  cluster.run(200);
  return cluster;
}

describe('a transfer', () => {
  it('hands over to the node that was named, at once and without a gap', () => {
    for (const seed of seeds(10)) {
      const cluster = ready(seed);
      const leader = cluster.elect();
      const target = cluster.followers().at(1);
      const { epoch } = leader.engine.status;
      const asked = cluster.schedule.now;
      const ticket = leader.transfer(target?.id);
      cluster.until(() => target?.leads === true, 'the target leads', electionTimeoutMs);
      expect(cluster.schedule.now - asked).toBeLessThan(100);
      expect(target?.engine.status.epoch).toBe(epoch + 1);
      cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an end');
      expect(cluster.requests.ending(ticket)?.type).toBe('done');
      cluster.commit();
      cluster.converge();
    }
  });

  it('R5 starts no election at the word of an earlier term, nor of anybody but the leader', () => {
    const solo = new Solo();
    solo
      .receive('n3', append({ term: 1 }))
      .receive('n2', append({ term: 2 }))
      .forget();
    // It comes late: the leader of now may hold a lease, which an election by transfer would break.
    solo.receive('n3', { type: 'timeout-now', term: 1 });
    solo.receive('n3', { type: 'timeout-now', term: 2 });
    expect(solo.status).toMatchObject({ epoch: 2, role: 'follower' });
    expect(solo.sent.filter(({ message }) => message.type === 'vote-request')).toEqual([]);
    solo.receive('n2', { type: 'timeout-now', term: 2 });
    expect(solo.status).toMatchObject({ epoch: 3, role: 'candidate' });
  });

  it('is given up when the target does not catch up, and the leader goes on', () => {
    const cluster = ready();
    const leader = cluster.elect();
    const [target] = cluster.followers();
    target?.crash();
    cluster.commit('it will not get this');
    const ticket = leader.transfer(target?.id);
    cluster.until(
      () => cluster.requests.ending(ticket) !== undefined,
      'the end of the transfer',
      4 * electionTimeoutMs,
    );
    expect(cluster.requests.ending(ticket)).toMatchObject({
      type: 'rejected',
      reason: 'timed-out',
    });
    expect(cluster.leader).toBe(leader);
    cluster.commit();
  });

  it('is of unknown outcome when the target was told and is not heard of', () => {
    const cluster = ready();
    const leader = cluster.elect();
    const [target] = cluster.followers();
    target?.crash();
    const ticket = leader.transfer(target?.id);
    cluster.until(
      () => cluster.requests.ending(ticket) !== undefined,
      'the end of the transfer',
      4 * electionTimeoutMs,
    );
    // The order may arrive at any time in this term.
    expect(cluster.requests.ending(ticket)).toMatchObject({ type: 'unknown' });
    expect(cluster.leader).toBe(leader);
    cluster.commit();
  });
});
