/** Quorums of different sizes and shapes (Howard, Malkhi and Spiegelman 2016), in a whole group. */
import { InvalidArgumentError, type NodeId } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { flexible, grid, majority, type QuorumSystem } from '../src/index.ts';
import { electionTimeoutMs, paxosCluster, type PaxosCluster, seeds } from './paxos-cluster.ts';
import { accept, prepare, promise, Solo, votesFrom } from './solo.ts';

const four = ['n1', 'n2', 'n3', 'n4'];
const twoOfFour = flexible({ phase2: 2 });

function group(quorums: QuorumSystem, seed: number): PaxosCluster {
  return paxosCluster({ seed, voters: four, paxos: { quorums }, electorsMeet: false });
}

describe('flexible quorums', () => {
  it('decide with two of four, and elect with three', () => {
    for (const seed of seeds(5)) {
      const cluster = group(twoOfFour, seed);
      const leader = cluster.elect();
      cluster.commit();
      const [, ...gone] = cluster.followers();
      for (const node of gone) node.crash();
      cluster.commit('with one other');
      expect(leader.leads).toBe(true);
      // Two cannot elect.
      leader.crash();
      leader.start();
      cluster.run(10 * electionTimeoutMs);
      expect(cluster.leader).toBeUndefined();
      gone[0]?.start();
      cluster.elect(20 * electionTimeoutMs);
      cluster.decide();
    }
  });

  it('keep what two have decided over a change of leaders', () => {
    for (const seed of seeds(12)) {
      const cluster = group(twoOfFour, seed);
      const leader = cluster.elect();
      cluster.commit();
      cluster.converge();
      const [friend, ...others] = cluster.followers();
      cluster.network.tap = (from, to) =>
        from === leader.id && to !== friend?.id ? 'drop' : 'pass';
      const ticket = leader.propose([new Uint8Array([seed])]);
      cluster.until(() => cluster.requests.placeOf(ticket) !== undefined, 'a decision of two');
      leader.crash();
      cluster.network.tap = () => 'pass';
      cluster.elect(30 * electionTimeoutMs);
      cluster.decide('later', 30 * electionTimeoutMs);
      expect(others).toHaveLength(2);
      leader.start();
      cluster.converge(30 * electionTimeoutMs);
    }
  });

  it('a leader leads with a phase-1 quorum, and stays one as long as a phase-2 quorum answers', () => {
    const solo = new Solo({ voters: four, paxos: { quorums: twoOfFour } });
    solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', promise(asked));
    expect(solo.leads).toBe(false);
    solo.receive('n3', promise(asked));
    expect(solo.leads).toBe(true);
    const { lastIndex } = solo.status;
    solo.acknowledge('n4', lastIndex);
    expect(solo.status.commitIndex).toBe(lastIndex);
  });

  it('of one decide alone, and need everybody to elect', () => {
    const cluster = paxosCluster({ paxos: { quorums: flexible({ phase2: 1 }) } });
    const leader = cluster.elect();
    for (const node of cluster.followers()) node.crash();
    cluster.commit('alone');
    leader.crash();
    for (const node of cluster.nodes) if (node !== leader) node.start();
    cluster.run(10 * electionTimeoutMs);
    expect(cluster.leader).toBeUndefined();
    leader.start();
    cluster.elect(20 * electionTimeoutMs);
  });

  it('whose phase 1 needs only one elect two in one round, and decide nothing twice', () => {
    for (const seed of seeds(10)) {
      const cluster = paxosCluster({
        seed,
        paxos: { quorums: flexible({ phase2: 3 }) },
        electorsMeet: false,
        conditions: { delayMs: [1, 60] },
      });
      for (let step = 0; step < 20; step++) {
        for (const node of cluster.live) if (node.leads) node.propose([new Uint8Array([step])]);
        cluster.run(60);
      }
      cluster.decide('end', 60 * electionTimeoutMs);
    }
  });

  it('R4 leases rest on phase-2 quorums, and nobody is elected against one', () => {
    for (const seed of seeds(8)) {
      const cluster = group(twoOfFour, seed);
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      const [friend] = cluster.followers();
      cluster.partition([old.id, friend?.id ?? '']);
      cluster.run(electionTimeoutMs);
      cluster.heal();
      cluster.isolate(old.id);
      for (let step = 0; step < 300; step++) {
        old.read('lease');
        cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
        cluster.run(5);
      }
    }
  });

  it('quorum reads ask a phase-1 quorum', () => {
    const solo = new Solo({ voters: four, paxos: { quorums: twoOfFour, reads: 'quorum' } });
    solo.read();
    const { inquiry } = solo.last('inquire', 'n2');
    solo.receive('n2', { type: 'inquire-reply', inquiry, last: 0 });
    expect(solo.reads).toEqual([]);
    solo.receive('n3', { type: 'inquire-reply', inquiry, last: 0 });
    expect(solo.reads).toHaveLength(1);
  });
});

describe('a grid', () => {
  const square = grid(2, 2);

  it('decides with a row and elects with a column', () => {
    // Rows n1 n2, n3 n4; columns n1 n3, n2 n4.
    const solo = new Solo({ voters: four, paxos: { quorums: square } });
    solo.campaign();
    const asked = solo.last('prepare');
    solo
      .receive('n2', promise(asked))
      .receive('n4', { ...promise(asked), ballot: { round: 99, node: 'n1' } });
    expect(solo.leads).toBe(false);
    solo.receive('n3', promise(asked));
    expect(solo.leads).toBe(true);
    const { lastIndex } = solo.status;
    solo.acknowledge('n3', lastIndex);
    expect(solo.status.commitIndex).toBe(0);
    solo.acknowledge('n4', lastIndex);
    expect(solo.status.commitIndex).toBe(lastIndex);
  });

  it('keeps what a row has decided, whichever column elects next', () => {
    for (const seed of seeds(10)) {
      const cluster = group(square, seed);
      const leader = cluster.elect();
      cluster.commit();
      const row: readonly NodeId[] = ['n1', 'n2'].includes(leader.id) ? ['n1', 'n2'] : ['n3', 'n4'];
      cluster.network.tap = (from, to) =>
        from === leader.id && !row.includes(to) ? 'drop' : 'pass';
      const ticket = leader.propose([new Uint8Array([seed])]);
      cluster.until(() => cluster.requests.placeOf(ticket) !== undefined, 'a decision of a row');
      leader.crash();
      cluster.network.tap = () => 'pass';
      cluster.elect(40 * electionTimeoutMs);
      leader.start();
      cluster.decide('later', 40 * electionTimeoutMs);
      cluster.converge(40 * electionTimeoutMs);
    }
  });
});

describe('quorums that need not meet, or cannot be formed', () => {
  const start = (quorums: QuorumSystem, voters: readonly NodeId[]) => () =>
    new Solo({ voters, paxos: { quorums } });

  it('are refused at the start', () => {
    expect(start(flexible({ phase1: 2, phase2: 2 }), four)).toThrow(InvalidArgumentError);
    expect(start(flexible({ phase2: 5 }), four)).toThrow(InvalidArgumentError);
    expect(start(grid(2, 2), four.slice(0, 3))).toThrow(InvalidArgumentError);
    const one: QuorumSystem = {
      name: 'anybody',
      phase1: (voters, agrees) => voters.some(agrees),
      phase2: (voters, agrees) => voters.some(agrees),
      refusal: () => undefined,
    };
    expect(start(one, four)).toThrow(InvalidArgumentError);
    expect(start(twoOfFour, four)).not.toThrow();
  });

  it('are refused for a new membership, and at a start in one', () => {
    const quorums = flexible({ phase1: 2, phase2: 2 });
    const solo = new Solo({ paxos: { quorums } }).reign();
    const ticket = solo.reconfigure({ type: 'add-voter', member: { id: 'n4' } });
    expect(solo.ending(ticket)).toMatchObject({ reason: 'invalid' });
    expect(solo.status.membership.outgoing).toEqual([]);
  });
});

describe('a node of another agreement', () => {
  const other = { window: 8 };

  it('is not listened to, and does not listen', () => {
    const solo = new Solo();
    const stranger = new Solo({ paxos: other });
    expect(stranger.agreement).not.toBe(solo.agreement);
    expect(new Solo({ paxos: { quorums: grid(1, 3) } }).agreement).not.toBe(solo.agreement);
    expect(new Solo({ paxos: { quorums: majority(), window: 64 } }).agreement).toBe(solo.agreement);
    const { agreement } = stranger;
    solo.receive('n2', prepare('1.n2', { agreement }));
    solo.receive('n2', accept('1.n2', { agreement, proposals: votesFrom(1, '1.n2', 'a') }));
    solo.receive('n2', { type: 'survey', agreement, askedAt: 1 });
    solo.receive('n2', { type: 'inquire', agreement, inquiry: 1 });
    expect(solo.sent).toEqual([]);
    expect(solo.status).toMatchObject({ epoch: 0, lastIndex: 0, leader: undefined });
  });
});
