/**
 * `settledEpoch`: what was proposed in an earlier round is decided by now, or never will be. So whoever
 * handed it in may do so again. Votes of leaders that are gone come back; this is how far.
 */
import type { NodeId } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, type PaxosCluster, seeds } from './paxos-cluster.ts';
import { accept, Solo, textOf, votesFrom } from './solo.ts';

const window = 4;

/** A leader whose last proposals only one other node has accepted, and nobody knows of it. */
function withOrphans(
  seed: number,
  count: number,
): {
  readonly cluster: PaxosCluster;
  readonly old: NodeId;
  readonly holder: NodeId;
  readonly tickets: readonly number[];
} {
  const voters = ['n1', 'n2', 'n3', 'n4', 'n5'];
  const cluster = paxosCluster({ seed, voters, paxos: { window } });
  const leader = cluster.elect();
  cluster.commit();
  cluster.converge();
  const holder = cluster.followers()[0]?.id ?? '';
  cluster.network.tap = (from, to) => (from === leader.id && to !== holder ? 'drop' : 'pass');
  const last = leader.engine.status.lastIndex;
  const tickets = Array.from({ length: count }, (_, at) =>
    leader.propose([new Uint8Array([at, 1, 2, 3])]),
  );
  cluster.until(
    () => cluster.node(holder).disk.durable.last === last + Math.min(count, window),
    'votes of one node',
  );
  leader.crash();
  cluster.node(holder).crash();
  cluster.network.tap = () => 'pass';
  return { cluster, old: leader.id, holder, tickets };
}

const settledOf = (cluster: PaxosCluster): number =>
  cluster.leader?.engine.status.settledEpoch ?? 0;

describe('a settled round', () => {
  it('rises with each leadership, once its record is chosen', () => {
    const cluster = paxosCluster({ paxos: { window } });
    cluster.commit();
    const first = cluster.elect();
    expect(settledOf(cluster)).toBe(first.engine.status.epoch);
    first.crash();
    cluster.elect(20 * electionTimeoutMs);
    cluster.commit();
    expect(settledOf(cluster)).toBe(cluster.leader?.engine.status.epoch);
    first.start();
    cluster.converge();
    for (const node of cluster.nodes) {
      expect(node.engine.status.settledEpoch).toBe(settledOf(cluster));
    }
  });

  it('is settled α slots behind everything that was reported', () => {
    const solo = new Solo({ paxos: { window } });
    const { agreement } = solo;
    solo.receive('n2', accept('3.n2', { agreement, proposals: votesFrom(1, '3.n2', 'a', 'b') }));
    solo.lead();
    const { epoch } = solo.status;
    for (let last = 0; last < solo.status.lastIndex; ) {
      last = solo.status.lastIndex;
      expect(solo.status.settledEpoch).toBe(0);
      solo.acknowledge('n2', last);
    }
    expect(solo.status.settledEpoch).toBe(epoch);
    const kinds = solo.committed.map(({ record }) => textOf(record));
    expect(kinds).toEqual(['a', 'b', 'noop', 'noop', 'noop', 'noop', 'settled']);
  });

  it('also where chosen slots, and not votes, were what others reported', () => {
    const solo = new Solo({ paxos: { window }, voters: ['n1', 'n2', 'n3'] });
    const { agreement } = solo;
    const proposals = votesFrom(1, '3.n2', 'a', 'b', 'c');
    solo.receive('n2', accept('3.n2', { agreement, proposals }));
    solo.receive('n2', accept('3.n2', { agreement, chosen: 3 }));
    solo.lead({ n2: { chosen: 3 }, n3: { chosen: 3 } });
    for (let last = 3; last < solo.status.lastIndex; ) {
      last = solo.status.lastIndex;
      solo.acknowledge('n2', last);
    }
    const kinds = solo.committed.map(({ record }) => textOf(record));
    expect(kinds.slice(3)).toEqual(['noop', 'noop', 'noop', 'noop', 'settled']);
  });

  it('does not lie where a third leader finds and chooses votes of the first', () => {
    // The checks know in which round each command was proposed first, and what was settled before.
    let resurrected = 0;
    for (const seed of seeds(20)) {
      const { cluster, old, holder, tickets } = withOrphans(seed, window);
      // The second leader knows nothing of these votes, and dies somewhere in its repairs: what it
      // proposes reaches nobody, or some.
      cluster.network.tap = (_from, _to, { type }) =>
        type === 'accept' && cluster.random.chance((seed % 3) / 2) ? 'drop' : 'pass';
      const second = cluster.elect(20 * electionTimeoutMs);
      cluster.run(cluster.random.between(0, 12));
      second.crash();
      cluster.network.tap = () => 'pass';
      cluster.node(holder).start();
      cluster.node(old).start();
      cluster.elect(40 * electionTimeoutMs);
      cluster.decide('third', 40 * electionTimeoutMs);
      second.start();
      cluster.converge(40 * electionTimeoutMs);
      resurrected += tickets.filter((each) => cluster.requests.placeOf(each) !== undefined).length;
    }
    expect(resurrected).toBeGreaterThan(0);
  });

  it('leaves such votes behind for ever once it is chosen', () => {
    for (const seed of seeds(8)) {
      const { cluster, old, holder, tickets } = withOrphans(seed, window);
      const second = cluster.elect(20 * electionTimeoutMs);
      cluster.commit('settled by now');
      const settled = settledOf(cluster);
      expect(settled).toBe(second.engine.status.epoch);
      second.crash();
      cluster.node(holder).start();
      cluster.node(old).start();
      cluster.elect(40 * electionTimeoutMs);
      cluster.decide('third', 40 * electionTimeoutMs);
      expect(tickets.map((each) => cluster.requests.placeOf(each))).toEqual(
        tickets.map(() => undefined),
      );
    }
  });

  it('is known to whoever gets a snapshot behind its record, and to nobody by an earlier one', () => {
    const solo = new Solo({ paxos: { window: 2, keepBytesBehindSnapshot: 0 } }).reign();
    const { commitIndex, settledEpoch, epoch } = solo.status;
    expect(settledEpoch).toBe(epoch);
    solo.compact(commitIndex - 1);
    const context = solo.image.snapshot?.context ?? new Uint8Array(0);
    const other = new Solo({ node: 'n2', paxos: { window: 2 } });
    other.install(commitIndex - 1, context);
    expect(other.status.settledEpoch).toBe(0);
    solo.compact(commitIndex);
    const later = new Solo({ node: 'n2', paxos: { window: 2 } });
    later.install(commitIndex, solo.image.snapshot?.context ?? new Uint8Array(0));
    expect(later.status.settledEpoch).toBe(epoch);
  });

  it('P22 a command that is chosen twice names the same ticket: that nobody proposes it twice is checked', () => {
    const solo = new Solo({ paxos: { window } }).reign();
    const ticket = solo.propose('once');
    const accepted = solo.outcomes.filter((outcome) => outcome.ticket === ticket);
    expect(accepted).toHaveLength(1);
    solo.tick().tick();
    const slots = new Set(
      solo
        .all('accept')
        .flatMap(({ proposals }) => proposals)
        .filter(({ record }) => textOf(record) === 'once')
        .map(({ slot }) => slot),
    );
    expect(slots.size).toBe(1);
  });
});
