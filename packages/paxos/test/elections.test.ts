/** Who leads, when, and who is left in peace. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, prepare, Solo } from './solo.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

describe('a survey', () => {
  it('comes before phase 1, and raises no ballot', () => {
    const solo = new Solo();
    for (let ticks = 0; solo.all('survey').length < 2 && ticks < 9; ticks++) solo.tick();
    expect(solo.all('survey')).toHaveLength(2);
    expect(solo.status).toMatchObject({ role: 'candidate', epoch: 0 });
    expect(solo.all('prepare')).toEqual([]);
    const { askedAt } = solo.last('survey');
    solo.receive('n2', { type: 'survey-reply', askedAt: askedAt - 1, lost: true, round: 3 });
    expect(solo.status.epoch).toBe(0);
    solo.receive('n2', { type: 'survey-reply', askedAt, lost: true, round: 3 });
    expect(solo.status.epoch).toBe(4);
  });

  it('ends where so many have a leader that the others are no quorum', () => {
    const solo = new Solo();
    for (let ticks = 0; solo.all('survey').length < 2 && ticks < 9; ticks++) solo.tick();
    const { askedAt } = solo.last('survey');
    solo.receive('n2', { type: 'survey-reply', askedAt, lost: false, round: 0 });
    expect(solo.status.role).toBe('candidate');
    solo.receive('n3', { type: 'survey-reply', askedAt, lost: false, round: 0 });
    expect(solo.status).toMatchObject({ role: 'follower', epoch: 0 });
  });

  it('is answered by whether this node has heard from a leader lately', () => {
    const solo = new Solo().receive('n2', accept('3.n2'));
    const { agreement } = solo;
    const ask = (from: string): unknown =>
      solo.forget().receive(from, { type: 'survey', agreement, askedAt: 5 }).last('survey-reply');
    expect(ask('n3')).toEqual({ type: 'survey-reply', askedAt: 5, lost: false, round: 3 });
    // The leader itself must know why it asks.
    expect(ask('n2')).toMatchObject({ lost: true });
    solo.wait(electionTimeoutMs - 1);
    expect(ask('n3')).toMatchObject({ lost: false });
    solo.wait(1);
    expect(ask('n3')).toMatchObject({ lost: true });
    const leader = new Solo().reign();
    leader.receive('n3', { type: 'survey', agreement, askedAt: 5 });
    expect(leader.last('survey-reply')).toMatchObject({ lost: false });
  });

  it('is not made by whoever does not vote, nor by a node whose disk hangs', () => {
    const learner = new Solo({ node: 'n4' });
    for (let ticks = 0; ticks < 5; ticks++) learner.wait(2000).step({ type: 'tick' });
    expect(learner.sent).toEqual([]);
    expect(learner.status.role).toBe('learner');
    const stalled = new Solo({ slowDisk: true });
    stalled
      .receive('n2', accept('1.n2'))
      .wait(2 * electionTimeoutMs)
      .step({ type: 'tick' });
    for (let ticks = 0; ticks < 5; ticks++) stalled.wait(1500).step({ type: 'tick' });
    const before = stalled.sent.length;
    for (let ticks = 0; ticks < 5; ticks++) stalled.wait(1500).step({ type: 'tick' });
    expect(stalled.sent.length).toBe(before);
  });
});

describe('loyalty', () => {
  it('R22 whoever heard from a leader promises nobody else anything for an election time-out', () => {
    const solo = new Solo().receive('n2', accept('1.n2')).forget();
    solo.wait(electionTimeoutMs - 1).receive('n3', prepare('5.n3'));
    expect(solo.sent).toEqual([]);
    expect(solo.status.epoch).toBe(1);
    solo.wait(1).receive('n3', prepare('5.n3'));
    expect(solo.last('promise', 'n3')).toMatchObject({ ballot: ballot('5.n3') });
  });

  it('R22 nor takes it anything from another leader meanwhile', () => {
    const solo = new Solo().receive('n2', accept('1.n2')).forget();
    solo.receive('n3', accept('5.n3'));
    expect(solo.sent).toEqual([]);
    expect(solo.status).toMatchObject({ epoch: 1, leader: 'n2' });
    solo.wait(electionTimeoutMs).receive('n3', accept('5.n3'));
    expect(solo.status).toMatchObject({ epoch: 5, leader: 'n3' });
  });

  it('is not owed to the leader against itself', () => {
    const solo = new Solo().receive('n2', accept('1.n2')).forget();
    solo.receive('n2', prepare('5.n2'));
    expect(solo.last('promise', 'n2')).toMatchObject({ ballot: ballot('5.n2') });
  });

  it('can be given back by the leader that has it, and by no other', () => {
    const solo = (): Solo => new Solo().receive('n2', accept('1.n2')).forget();
    const of = (text: string) => prepare('5.n3', { transfer: ballot(text) });
    expect(solo().receive('n3', of('1.n2')).all('promise', 'n3')).toHaveLength(1);
    expect(solo().receive('n3', of('1.n3')).all('promise', 'n3')).toEqual([]);
    expect(solo().receive('n3', of('4.n2')).all('promise', 'n3')).toEqual([]);
  });

  it('R22 a node that was cut off disturbs nobody when it is back', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed, voters: five });
      const leader = cluster.elect();
      cluster.commit();
      const [lost] = cluster.followers();
      cluster.isolate(lost?.id ?? '');
      for (let count = 0; count < 6; count++) {
        cluster.run(electionTimeoutMs);
        cluster.commit();
      }
      const { epoch } = leader.engine.status;
      cluster.heal();
      cluster.run(6 * electionTimeoutMs);
      cluster.converge();
      expect(cluster.leader?.id).toBe(leader.id);
      expect(leader.engine.status.epoch).toBe(epoch);
    }
  });

  it('R20 R21 a node with a higher promise finds its way back, or the group to it', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed });
      const leader = cluster.elect();
      cluster.commit();
      const [odd] = cluster.followers();
      // It has promised a ballot that came to nothing.
      cluster.isolate(odd?.id ?? '');
      cluster.run(3 * electionTimeoutMs);
      const owner = cluster.followers()[1]?.id ?? '';
      odd?.receive(owner, prepare(`40.${owner}`));
      cluster.run(10);
      expect(odd?.engine.status.epoch).toBe(40);
      cluster.heal();
      cluster.decide('later', 20 * electionTimeoutMs);
      cluster.converge(20 * electionTimeoutMs);
      expect(leader.up).toBe(true);
    }
  });
});

describe('a leader', () => {
  it('that a quorum does not answer any more steps down', () => {
    const cluster = paxosCluster();
    const leader = cluster.elect();
    cluster.commit();
    cluster.isolate(leader.id);
    const since = cluster.schedule.now;
    cluster.until(() => !leader.leads, 'the end of its leadership');
    expect(cluster.schedule.now - since).toBeLessThan(2 * electionTimeoutMs);
    expect(leader.engine.status.leader).toBeUndefined();
  });

  it('that a quorum answers stays, though others are gone', () => {
    const cluster = paxosCluster({ voters: five });
    const leader = cluster.elect();
    for (const node of cluster.followers().slice(0, 2)) node.crash();
    cluster.run(10 * electionTimeoutMs);
    expect(cluster.leader).toBe(leader);
    cluster.commit();
  });

  it('is replaced when it dies, within a bounded time', () => {
    for (const seed of seeds(20)) {
      const cluster = paxosCluster({ seed });
      cluster.elect().crash();
      cluster.elect(6 * electionTimeoutMs);
    }
  });

  it('R26 whose disk hangs hands over', () => {
    for (const seed of seeds(5)) {
      const cluster = paxosCluster({ seed, paxos: { stallMs: 800 } });
      const leader = cluster.elect();
      cluster.commit();
      leader.disk.stall(true);
      leader.propose([]);
      const isOther = (): boolean => cluster.leader !== undefined && cluster.leader !== leader;
      cluster.until(isOther, 'another leader', 6 * electionTimeoutMs);
      expect(leader.leads).toBe(false);
    }
  });
});

describe('two candidates', () => {
  it('P19 do not refuse each other for ever', () => {
    for (const seed of seeds(40)) {
      const cluster = paxosCluster({
        seed,
        voters: cluster5(seed),
        conditions: { delayMs: [20, 120] },
      });
      cluster.elect(20 * electionTimeoutMs);
      cluster.decide('x', 20 * electionTimeoutMs);
    }
  });

  it('P19 wait longer after each attempt', () => {
    const solo = new Solo({ voters: five });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const { round } = solo.campaign();
      const since = solo.now;
      solo.receive('n2', {
        type: 'refuse',
        ballot: { round, node: 'n1' },
        promised: { round: round + 1, node: 'n2' },
      });
      expect(solo.status.role).toBe('follower');
      waits.push(solo.wakeAt - since);
    }
    // Between T and 2 T, then between 2 T and 4 T, then between 4 T and 8 T.
    expect(waits[0]).toBeGreaterThanOrEqual(electionTimeoutMs);
    expect(waits[3]).toBeGreaterThanOrEqual(4 * electionTimeoutMs);
    expect(Math.max(...waits)).toBeLessThan(8 * electionTimeoutMs);
    // Who hears from a leader starts over.
    solo.receive('n2', accept('99.n2'));
    expect(solo.wakeAt - solo.now).toBeLessThan(8 * electionTimeoutMs);
    solo.wait(solo.wakeAt - solo.now).step({ type: 'tick' });
    expect(solo.wakeAt - solo.now).toBeLessThan(2 * electionTimeoutMs);
  });

  it('of one round: whoever has promised the one refuses the other, but may follow it', () => {
    const solo = new Solo().receive('n2', prepare('5.n2')).forget();
    solo.receive('n3', prepare('5.n3'));
    expect(solo.last('refuse', 'n3')).toMatchObject({ promised: ballot('5.n2') });
    solo.receive('n3', accept('5.n3'));
    expect(solo.state.promised).toEqual(ballot('5.n3'));
  });

  it('a refusal in the name of a lower ballot ends nothing', () => {
    const solo = new Solo({ voters: five });
    const own = solo.campaign();
    solo.receive('n2', { type: 'refuse', ballot: own, promised: { ...own, node: 'n0' } });
    expect(solo.status.role).toBe('candidate');
    solo.receive('n2', { type: 'refuse', ballot: own, promised: { ...own, node: 'n2' } });
    expect(solo.status.role).toBe('follower');
  });
});

describe('an idle group', () => {
  it('P19 elects once and stays with that', () => {
    for (const seed of seeds(10)) {
      const cluster = paxosCluster({ seed, clockDrift: 0.05 });
      cluster.commit();
      const leader = cluster.leader?.id;
      cluster.run(20 * electionTimeoutMs);
      expect(cluster.leader?.id).toBe(leader);
      expect(cluster.recorder.epochs).toHaveLength(1);
    }
  });
});

function cluster5(seed: number): readonly string[] {
  return seed % 2 === 0 ? five : five.slice(0, 3);
}
