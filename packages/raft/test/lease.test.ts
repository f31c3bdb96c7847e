/**
 * Reads within a lease: thesis, section 6.4.1. Every stale answer is found by the cluster's checks,
 * which know what had been decided anywhere when a read was asked.
 */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';
import { diskWith, Solo } from './solo.ts';

/** A new leader writes as soon as there is one, while lease reads go on at the old one. */
function readWhileDeposed(cluster: RaftCluster, oldId: string): { readonly answered: number } {
  const old = cluster.node(oldId);
  const tickets: number[] = [];
  const until = cluster.schedule.now + 4 * electionTimeoutMs;
  while (cluster.schedule.now < until) {
    if (old.up) tickets.push(old.read('lease'));
    const other = cluster.nodes.find((node) => node !== old && node.leads);
    other?.propose([]);
    cluster.run(5);
  }
  const others = cluster.nodes.filter((node) => node !== old);
  expect(others.some((node) => node.leads)).toBe(true);
  return {
    answered: tickets.filter((ticket) => cluster.requests.ending(ticket)?.type === 'ready').length,
  };
}

/** Makes a follower the only voter and restarts it before the leader hears that it knows. */
function restartSoleVoter(cluster: RaftCluster, only: RaftCluster['nodes'][number]): void {
  const leader = cluster.elect();
  const others = cluster.nodes.filter((node) => node !== only);
  leader.reconfigure(others.map(({ id }) => ({ type: 'remove', id })));
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

describe('a lease read', () => {
  it('R3 on a new leader is not answered before the first commit of its term', () => {
    const solo = new Solo({ image: diskWith([1, 1, 1]) }).lead();
    const { lastIndex } = solo.status;
    const ticket = solo.read('lease');
    // A quorum has just answered; still it is not known what is decided.
    for (const id of ['n2', 'n3']) solo.acknowledge(id, lastIndex - 1);
    solo.read('lease');
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n2', lastIndex);
    expect(solo.reads[0]).toEqual({ ticket, index: lastIndex });
  });

  it('R4 lasts from the send time of what a quorum has answered, less the drift', () => {
    const solo = new Solo({ raft: { maxClockDrift: 0.1 } }).lead();
    const { lastIndex } = solo.status;
    solo.acknowledge('n2', lastIndex).wait(100).tick();
    const sentAt = solo.appendsTo('n2').at(-1)?.sentAt ?? 0;
    solo.wait(200).acknowledge('n2', lastIndex);
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

  it('R5 is not answered while leadership is handed over, nor afterwards', () => {
    for (const seed of seeds(15)) {
      const cluster = raftCluster({ seed });
      cluster.commit();
      cluster.converge();
      cluster.run(500);
      const leader = cluster.elect();
      const [target] = cluster.followers();
      leader.transfer(target?.id);
      let order = false;
      cluster.network.tap = (_from, _to, message) => {
        if (message.type === 'timeout-now') order = true;
        return 'pass';
      };
      cluster.until(() => order, 'the order to campaign');
      // The order gets through, and nothing else does: the old leader does not hear of its end.
      cluster.network.tap = (from, to, message) =>
        message.type !== 'timeout-now' && (from === leader.id || to === leader.id)
          ? 'drop'
          : 'pass';
      cluster.run(3);
      readWhileDeposed(cluster, leader.id);
    }
  });

  it('R5 is not answered after the transfer timed out, if the target may still win', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed });
      cluster.commit();
      cluster.converge();
      const leader = cluster.elect();
      const [target] = cluster.followers();
      // The order is under way for longer than the transfer lasts.
      cluster.network.tap = (_from, _to, message) =>
        message.type === 'timeout-now' ? 'hold' : 'pass';
      const ticket = leader.transfer(target?.id);
      cluster.until(
        () => cluster.requests.ending(ticket) !== undefined,
        'the end of the transfer',
        4 * electionTimeoutMs,
      );
      // The order may still reach the target.
      expect(cluster.requests.ending(ticket)).toMatchObject({ type: 'unknown' });
      cluster.network.tap = (from, to, message) =>
        message.type !== 'timeout-now' && (from === leader.id || to === leader.id)
          ? 'drop'
          : 'pass';
      cluster.network.release();
      readWhileDeposed(cluster, leader.id);
    }
  });

  it('holds although a restarted node has become the only voter', () => {
    for (const seed of seeds(15)) {
      const cluster = raftCluster({ seed });
      cluster.commit();
      cluster.converge();
      cluster.run(300 + seed * 11);
      const [only] = cluster.followers();
      if (only !== undefined) restartSoleVoter(cluster, only);
    }
  });

  it('holds although the restarted only voter had voted for itself in the term of the leader', () => {
    let cases = 0;
    for (const seed of seeds(20)) {
      const cluster = raftCluster({ seed });
      const only = cluster.node('n2');
      const stoodIn = new Set<number>();
      cluster.observers.push({
        stepped: (node) => {
          if (node === only) stoodIn.add(node.engine.status.epoch);
        },
      });
      // It stands in elections of which nobody hears, until another one wins one of the same term.
      cluster.network.tap = (from, _to, message) =>
        from === only.id && message.type === 'vote-request' && !message.pre ? 'drop' : 'pass';
      const leader = cluster.elect(20 * electionTimeoutMs);
      const sameTerm = stoodIn.has(leader.engine.status.epoch);
      cluster.network.tap = () => 'pass';
      cluster.commit();
      cluster.converge();
      if (!sameTerm || cluster.leader !== leader) continue;
      cases += 1;
      restartSoleVoter(cluster, only);
    }
    expect(cases).toBeGreaterThan(0);
  });
});
