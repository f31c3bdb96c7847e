/** Leadership transfer: thesis, section 3.10. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';

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

  it('goes to the follower that is furthest where none is named', () => {
    const cluster = ready();
    const leader = cluster.elect();
    const [behind, ahead] = cluster.followers();
    cluster.isolate(behind?.id ?? '');
    cluster.commitMany(10);
    leader.transfer();
    cluster.until(() => ahead?.leads === true, 'the best follower leads');
  });

  it('waits until the target has everything', () => {
    const cluster = ready();
    const leader = cluster.elect();
    const [target] = cluster.followers();
    cluster.isolate(target?.id ?? '');
    cluster.commitMany(50);
    cluster.heal();
    leader.transfer(target?.id);
    cluster.until(() => target?.leads === true, 'the target leads', 2 * electionTimeoutMs);
    cluster.converge();
  });

  it('R29 admits no writes meanwhile, so that the target catches up', () => {
    for (const seed of seeds(10)) {
      const cluster = ready(seed);
      const leader = cluster.elect();
      const [target] = cluster.followers();
      cluster.network.tap = (_from, to, message) =>
        to === target?.id && message.type === 'append' && message.records.length > 0
          ? 'hold'
          : 'pass';
      cluster.commit('not yet at the target');
      const transfer = leader.transfer(target?.id);
      cluster.run(10);
      const { lastIndex } = leader.engine.status;
      const refused = leader.propose([]);
      const change = leader.reconfigure([{ type: 'add-learner', member: { id: 'n4' } }]);
      cluster.run(10);
      for (const ticket of [refused, change]) {
        expect(cluster.requests.ending(ticket)).toMatchObject({
          type: 'rejected',
          reason: 'transferring',
        });
      }
      expect(leader.engine.status.lastIndex).toBe(lastIndex);
      cluster.network.tap = () => 'pass';
      cluster.network.release();
      cluster.until(() => target?.leads === true, 'the target leads', 2 * electionTimeoutMs);
      cluster.until(() => cluster.requests.ending(transfer) !== undefined, 'an end');
      expect(cluster.requests.ending(transfer)?.type).toBe('done');
    }
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

  it.each([['n9'], ['n4']])('to %s, which cannot lead, is refused', (to) => {
    const cluster = ready();
    const ticket = cluster.elect().transfer(to);
    cluster.run(10);
    expect(cluster.requests.ending(ticket)).toMatchObject({ type: 'rejected', reason: 'invalid' });
  });

  it('is refused by a node that does not lead', () => {
    const cluster = ready();
    const [follower] = cluster.followers();
    const ticket = follower?.transfer('n1') ?? 0;
    cluster.run(10);
    expect(cluster.requests.ending(ticket)).toMatchObject({
      type: 'rejected',
      reason: 'not-leader',
    });
  });

  it('passes leadership round and round under load', () => {
    const cluster = ready();
    for (let nth = 0; nth < 12; nth++) {
      const leader = cluster.elect();
      for (let write = 0; write < 5; write++) leader.propose([]);
      leader.transfer();
      cluster.until(
        () => cluster.leader !== leader && cluster.leader !== undefined,
        'the next one',
      );
      cluster.commit();
    }
    cluster.converge();
  });
});
