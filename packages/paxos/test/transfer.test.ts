/** Handing leadership over: to whom, when, what becomes of whoever asked, and of reads meanwhile. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, prepare, Solo } from './solo.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

describe('a transfer', () => {
  it('is done once another node leads, without a pause', () => {
    for (const seed of seeds(10)) {
      const cluster = paxosCluster({ seed });
      const old = cluster.elect();
      cluster.commit('before');
      const ticket = old.transfer();
      const startedAt = cluster.schedule.now;
      cluster.until(() => cluster.leader !== undefined && cluster.leader !== old, 'a new leader');
      expect(cluster.schedule.now - startedAt).toBeLessThan(electionTimeoutMs / 5);
      cluster.commit('after');
      cluster.run(electionTimeoutMs);
      expect(cluster.requests.ending(ticket)?.type).toBe('done');
    }
  });

  it('R29 takes no proposals in, and tells the target only once that has everything', () => {
    const solo = new Solo().lead();
    const { lastIndex } = solo.status;
    solo.acknowledge('n2', lastIndex).acknowledge('n3', lastIndex).forget();
    const last = solo.status.lastIndex;
    const before = solo.propose('before');
    solo.transfer('n3');
    const during = solo.propose('during');
    expect(solo.ending(before)).toMatchObject({ type: 'accepted' });
    expect(solo.ending(during)).toMatchObject({ type: 'rejected', reason: 'transferring' });
    expect(solo.all('take-over')).toEqual([]);
    solo.acknowledge('n2', solo.status.lastIndex);
    expect(solo.all('take-over')).toEqual([]);
    solo.acknowledge('n3', last);
    expect(solo.all('take-over')).toEqual([]);
    solo.acknowledge('n3', solo.status.lastIndex);
    expect(solo.all('take-over', 'n3')).toHaveLength(1);
  });

  it('tells the target again, should the message be lost', () => {
    const solo = new Solo().lead();
    solo.acknowledge('n2', solo.status.lastIndex).acknowledge('n3', solo.status.lastIndex);
    solo.acknowledge('n2', solo.status.lastIndex).acknowledge('n3', solo.status.lastIndex);
    solo.transfer('n3');
    expect(solo.all('take-over', 'n3')).toHaveLength(1);
    solo.tick().acknowledge('n2', solo.status.lastIndex);
    expect(solo.all('take-over', 'n3').length).toBeGreaterThan(1);
  });

  it('R29 goes on as leader, and takes proposals again, where the target does not take over', () => {
    const cluster = paxosCluster();
    const leader = cluster.elect();
    cluster.commit();
    const [target] = cluster.followers();
    cluster.network.tap = (_from, _to, { type }) => (type === 'take-over' ? 'drop' : 'pass');
    const ticket = leader.transfer(target?.id);
    cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an end of the transfer');
    // The message left: it might only be late.
    expect(cluster.requests.ending(ticket)?.type).toBe('unknown');
    expect(leader.leads).toBe(true);
    cluster.commit();
  });

  it('that never reached the target is rejected: nothing will come of it', () => {
    const cluster = paxosCluster();
    const leader = cluster.elect();
    cluster.commit();
    const [target] = cluster.followers();
    target?.crash();
    leader.propose([]);
    const ticket = leader.transfer(target?.id);
    cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an end of the transfer');
    expect(cluster.requests.ending(ticket)).toMatchObject({
      type: 'rejected',
      reason: 'timed-out',
    });
    cluster.commit();
  });

  it('is refused to whoever cannot lead, and while another is under way', () => {
    const solo = new Solo().lead();
    expect(solo.ending(solo.transfer('n1'))).toMatchObject({ reason: 'invalid' });
    expect(solo.ending(solo.transfer('n9'))).toMatchObject({ reason: 'invalid' });
    solo.transfer('n2');
    expect(solo.ending(solo.transfer('n3'))).toMatchObject({ reason: 'transferring' });
    const alone = new Solo({ voters: ['n1'] });
    for (let rounds = 0; !alone.leads && rounds < 9; rounds++) alone.tick();
    expect(alone.ending(alone.transfer())).toMatchObject({ reason: 'invalid' });
    const follower = new Solo();
    expect(follower.ending(follower.transfer('n2'))).toMatchObject({ reason: 'not-leader' });
  });

  it('begins phase 1 only at the word of the leader that is followed', () => {
    const follower = (): Solo => new Solo().receive('n2', accept('3.n2')).forget();
    const takeOver = (round: number, node: string) =>
      ({ type: 'take-over', ballot: { round, node } }) as const;
    expect(follower().receive('n2', takeOver(3, 'n2')).status.role).toBe('candidate');
    // A message of an earlier leadership, of somebody who does not lead, in the name of another.
    expect(follower().receive('n2', takeOver(2, 'n2')).status.role).toBe('follower');
    expect(follower().receive('n3', takeOver(3, 'n3')).status.role).toBe('follower');
    expect(follower().receive('n3', takeOver(3, 'n2')).status.role).toBe('follower');
    const solo = follower().receive('n2', takeOver(3, 'n2'));
    expect(solo.all('prepare').every(({ ballot }) => ballot.round === 4)).toBe(true);
    expect(solo.all('prepare').length).toBe(2);
  });

  it('R5 ends the lease as soon as the target has been told', () => {
    for (const seed of seeds(5)) {
      const cluster = paxosCluster({ seed });
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      cluster.network.tap = (_from, to) => (to === old.id ? 'drop' : 'pass');
      old.transfer();
      const isOther = (): boolean => cluster.nodes.some((node) => node !== old && node.leads);
      cluster.until(isOther, 'another leader');
      const tickets: number[] = [];
      for (let step = 0; step < 40; step++) {
        cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
        tickets.push(old.read('lease'));
        cluster.run(5);
      }
      for (const ticket of tickets) {
        expect(cluster.requests.ending(ticket)?.type).not.toBe('ready');
      }
    }
  });

  it('R5 ends the lease, also where the target never takes over', () => {
    const cluster = paxosCluster({ voters: five });
    const old = cluster.elect();
    cluster.commit();
    cluster.converge();
    const target = cluster.followers()[0];
    if (target === undefined) throw new Error('nobody');
    // The target begins phase 1, and its prepares are under way until the transfer has timed out.
    cluster.network.tap = (from, _to, { type }) =>
      from === target.id && type === 'prepare' ? 'hold' : 'pass';
    const ticket = old.transfer(target.id);
    cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an end of the transfer');
    cluster.network.tap = () => 'pass';
    for (const { id } of cluster.nodes) {
      if (id !== old.id) cluster.network.cut(id, old.id);
      if (id !== old.id) cluster.network.cut(old.id, id);
    }
    cluster.network.release();
    // Whatever is read on the old leader now, the checks of the cluster compare with what is decided.
    for (let step = 0; step < 100; step++) {
      if (old.leads) old.read('lease');
      cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
      cluster.run(5);
    }
  });

  it('R5 breaks no word that was given to another leader since', () => {
    const cluster = paxosCluster({ voters: five });
    const old = cluster.elect();
    cluster.commit();
    cluster.converge();
    const [target, next, ...others] = cluster.followers();
    if (target === undefined || next === undefined) throw new Error('nobody');
    // The target has heard of higher ballots than the others have.
    target.receive(next.id, { type: 'survey-reply', askedAt: -1, lost: false, round: 9 });
    cluster.network.tap = (from, to, { type }) => {
      if (from !== target.id) return to === target.id && type !== 'take-over' ? 'drop' : 'pass';
      return type === 'prepare' ? 'hold' : 'drop';
    };
    old.transfer(target.id);
    cluster.until(() => target.engine.status.role === 'candidate', 'phase 1 of the target');
    cluster.run(20);
    old.crash();
    cluster.until(() => cluster.leader !== undefined && cluster.leader !== old, 'a new leader');
    const leader = cluster.elect();
    cluster.commit();
    // It has its lease; and now the prepares arrive that the former leader had asked for.
    cluster.network.tap = () => 'pass';
    cluster.isolate(leader.id);
    cluster.network.release();
    const answered: number[] = [];
    for (let step = 0; step < 60; step++) {
      if (leader.leads) answered.push(leader.read('lease'));
      const other = cluster.nodes.find((node) => node !== leader && node.up && node.leads);
      other?.propose([]);
      cluster.run(5);
    }
    expect(others).toHaveLength(2);
    expect(answered.some((ticket) => cluster.requests.ending(ticket)?.type === 'ready')).toBe(true);
  });

  it('R5 breaks only the word that was given to the leader who asked for it', () => {
    const solo = new Solo().receive('n2', accept('5.n2')).forget();
    solo.receive('n3', prepare('9.n3', { transfer: ballot('2.n3') }));
    expect(solo.all('promise')).toEqual([]);
    solo.receive('n3', prepare('9.n3', { transfer: ballot('5.n2') }));
    expect(solo.all('promise')).toHaveLength(1);
  });

  it('R5 takes the very next round, whatever rounds the target has heard of', () => {
    const solo = new Solo().tick();
    const { askedAt } = solo.last('survey');
    solo.receive('n3', { type: 'survey-reply', askedAt, lost: false, round: 9 });
    solo.receive('n2', accept('2.n2'));
    solo.receive('n2', { type: 'take-over', ballot: ballot('2.n2') });
    expect(solo.last('prepare').ballot).toEqual(ballot('3.n1'));
  });

  it('R26 is what a leader does by itself whose disk hangs', () => {
    const cluster = paxosCluster();
    const leader = cluster.elect();
    cluster.commit();
    leader.disk.stall(true);
    leader.propose([]);
    cluster.until(
      () => cluster.leader !== undefined && cluster.leader !== leader,
      'another leader',
      8 * electionTimeoutMs,
    );
    cluster.commit();
  });

  it('is granted by those who follow the leader, at the word of that leader', () => {
    const solo = new Solo({ node: 'n3' }).receive('n1', accept('1.n1')).forget();
    solo.receive('n2', prepare('2.n2'));
    expect(solo.sentTo('n2')).toEqual([]);
  });
});
