/**
 * Reads within a lease. Every stale answer is found by the cluster's checks, which know what had been
 * decided anywhere when a read was asked, and who leads.
 */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, type PaxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, Solo, votesFrom } from './solo.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** A new leader decides something as soon as there is one, while lease reads go on at the old one. */
function readWhileDeposed(cluster: PaxosCluster, oldId: string): { readonly answered: number } {
  const old = cluster.node(oldId);
  const tickets: number[] = [];
  const until = cluster.schedule.now + 5 * electionTimeoutMs;
  while (cluster.schedule.now < until) {
    if (old.up) tickets.push(old.read('lease'));
    cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
    cluster.run(5);
  }
  expect(cluster.nodes.some((node) => node !== old && node.leads)).toBe(true);
  return {
    answered: tickets.filter((ticket) => cluster.requests.ending(ticket)?.type === 'ready').length,
  };
}

describe('a lease read', () => {
  it('is answered at once, without a message', () => {
    const cluster = paxosCluster();
    const leader = cluster.elect();
    cluster.commit();
    cluster.converge();
    cluster.run(5 * electionTimeoutMs);
    const ticket = leader.read('lease');
    cluster.run(0.01);
    expect(cluster.requests.ending(ticket)?.type).toBe('ready');
  });

  it('R3 on a new leader is not answered before it knows all that was chosen', () => {
    const solo = new Solo({ paxos: { window: 4 } });
    const { agreement } = solo;
    solo.receive('n2', accept('3.n2', { agreement, proposals: votesFrom(1, '3.n2', 'a', 'b') }));
    solo.lead();
    solo.acknowledge('n2', 0).acknowledge('n3', 0);
    solo.read('lease');
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n2', 2);
    const later = solo.read('lease');
    expect(solo.reads.some(({ ticket }) => ticket === later)).toBe(true);
  });

  it('R4 lasts from the send time of what a quorum has answered, less the drift', () => {
    const solo = new Solo({ paxos: { maxClockDrift: 0.1 } }).reign();
    const { commitIndex } = solo.status;
    solo.wait(100).tick();
    const sentAt = solo.last('accept', 'n2').sentAt;
    solo.wait(200).acknowledge('n2', commitIndex, { sentAt });
    const isHeld = (): boolean => {
      const before = solo.reads.length;
      solo.read('lease');
      return solo.reads.length > before;
    };
    expect(solo.now).toBe(sentAt + 200);
    expect(isHeld()).toBe(true);
    solo.wait(0.9 * electionTimeoutMs - 200 - 1);
    expect(isHeld()).toBe(true);
    solo.wait(1);
    expect(isHeld()).toBe(false);
  });

  it('R4 the answers of a minority extend nothing, nor do those of learners', () => {
    const solo = new Solo({ voters: five }).reign();
    const { commitIndex } = solo.status;
    const added = solo.reconfigure({ type: 'add-learner', member: { id: 'n6' } });
    solo.acknowledge('n2', commitIndex + 1).acknowledge('n3', commitIndex + 1);
    expect(solo.ending(added)?.type).toBe('done');
    solo.wait(2 * electionTimeoutMs);
    solo.step({ type: 'read', ticket: 900, guarantee: 'lease' });
    solo.acknowledge('n2', 0, { sentAt: solo.now }).acknowledge('n6', 0, { sentAt: solo.now });
    solo.read('lease');
    expect(solo.reads.filter(({ ticket }) => ticket !== 900)).toEqual([]);
  });

  it('R4 is never stale, however the leader is cut off', () => {
    let answered = 0;
    for (const seed of seeds(12)) {
      const cluster = paxosCluster({ seed, voters: seed % 2 === 0 ? five : five.slice(0, 3) });
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      cluster.run(cluster.random.between(0, 200));
      if (seed % 3 === 0) {
        // It still sends; it just does not hear anything any more.
        for (const { id } of cluster.followers()) cluster.network.cut(id, old.id);
      } else {
        cluster.isolate(old.id);
      }
      if (seed % 3 === 0) {
        cluster.run(electionTimeoutMs / 2);
        cluster.isolate(old.id);
      }
      answered += readWhileDeposed(cluster, old.id).answered;
    }
    expect(answered).toBeGreaterThan(0);
  });

  it('R4 is never stale within the drift that it was told of', () => {
    const maxClockDrift = 0.2;
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({
        seed,
        paxos: { maxClockDrift },
        clockRates: { n1: 1 / (1 + maxClockDrift / 2), n2: 1 + maxClockDrift / 4, n3: 1 },
      });
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      cluster.isolate(old.id);
      readWhileDeposed(cluster, old.id);
    }
  });

  it('P17 is not answered by a holder that slept past its end', () => {
    for (const seed of seeds(8)) {
      const cluster = paxosCluster({ seed });
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      old.pause(3 * electionTimeoutMs);
      const isOther = (): boolean => cluster.nodes.some((node) => node !== old && node.leads);
      cluster.until(isOther, 'another leader');
      cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
      cluster.run(30);
      old.read('lease');
      cluster.run(4 * electionTimeoutMs);
    }
  });

  it('P17 nor by one that has not looked at the clock since it woke up', () => {
    const solo = new Solo().reign();
    solo.acknowledge('n2', solo.status.commitIndex);
    const isAnswered = (): boolean => {
      const asked = solo.read('lease');
      return solo.reads.some(({ ticket }) => ticket === asked);
    };
    expect(isAnswered()).toBe(true);
    solo.wait(3 * electionTimeoutMs);
    expect(isAnswered()).toBe(false);
  });

  it('R16 is kept by followers that restart, and by one that forgot what it was told', () => {
    for (const seed of seeds(10)) {
      const cluster = paxosCluster({ seed });
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      cluster.isolate(old.id);
      for (const node of cluster.followers()) {
        node.crash(0);
        node.start();
      }
      readWhileDeposed(cluster, old.id);
    }
  });

  it('of the only voter that took over the group and restarts', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed, paxos: { window: 2 } });
      const leader = cluster.elect();
      cluster.commit();
      const [only, other] = cluster.followers();
      if (only === undefined || other === undefined) throw new Error('nobody');
      leader.reconfigure([
        { type: 'remove', id: leader.id },
        { type: 'remove', id: other.id },
      ]);
      cluster.until(() => {
        const { voters, outgoing } = only.engine.status.membership;
        return outgoing.length === 0 && voters.length === 1;
      }, 'the final membership at its only voter');
      cluster.isolate(leader.id);
      cluster.until(() => only.disk.underWay === 0, 'and on its disk');
      only.crash();
      only.start();
      readWhileDeposed(cluster, leader.id);
    }
  });

  it('needs the word of the acceptors, which they give to one leader at a time', () => {
    const solo = new Solo().receive('n2', accept('4.n2'));
    solo.receive('n3', accept('9.n3', { transfer: undefined }));
    expect(solo.state.promised).toEqual(ballot('4.n2'));
    // The leader itself may pass its word on.
    solo.receive('n3', accept('9.n3', { transfer: ballot('4.n2') }));
    expect(solo.state.promised).toEqual(ballot('9.n3'));
  });

  it('is taken for a linearizable one where there is no lease', () => {
    const solo = new Solo().reign();
    const { commitIndex } = solo.status;
    solo.wait(electionTimeoutMs);
    const ticket = solo.read('lease');
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n2', commitIndex);
    expect(solo.reads).toEqual([{ ticket, index: commitIndex }]);
  });
});
