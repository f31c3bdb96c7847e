/** Reads without the log: section 8 of the paper; thesis, section 6.4. */
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../src/index.ts';
import { raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';
import { diskWith, Solo } from './solo.ts';

/** Reads on a node and waits for the answer. */
function read(cluster: RaftCluster, id: string): number {
  const ticket = cluster.node(id).read('linearizable');
  cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an answer');
  const ending = cluster.requests.ending(ticket);
  if (ending?.type !== 'ready') throw new Error(`the read ended as ${String(ending?.type)}`);
  return ending.index;
}

describe('a linearizable read', () => {
  it('waits for a quorum that confirms the leader after it was asked', () => {
    const solo = new Solo({ image: diskWith([1]) }).lead();
    solo.acknowledge('n2', solo.status.lastIndex);
    solo.forget();
    const ticket = solo.read();
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n2', solo.status.lastIndex);
    expect(solo.reads).toEqual([{ ticket, index: solo.status.commitIndex }]);
  });

  it('needs nobody in a group of one', () => {
    const solo = new Solo({ voters: ['n1'] }).lead();
    const ticket = solo.read();
    expect(solo.reads).toEqual([{ ticket, index: solo.status.commitIndex }]);
  });

  it('R3 on a new leader waits until it knows how far the last one committed', () => {
    const solo = new Solo({ image: diskWith([1, 1, 1]) }).lead();
    expect(solo.status.commitIndex).toBe(0);
    const ticket = solo.read();
    // Everybody confirms it as the leader; the entry of its own term is nowhere else yet.
    for (const id of ['n2', 'n3']) solo.acknowledge(id, 3);
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n2', 4);
    expect(solo.reads).toEqual([{ ticket, index: 4 }]);
  });

  it('R3 on a new leader whose commit index lags covers all that was decided before', () => {
    for (const seed of seeds(20)) {
      const cluster = raftCluster({ seed });
      cluster.commit();
      cluster.converge();
      const old = cluster.elect();
      // Others get the entries and never hear that they are committed.
      cluster.network.tap = (from, _to, message) =>
        message.type === 'append' && from === old.id && message.records.length === 0
          ? 'drop'
          : 'pass';
      const index = cluster.commit('the last thing it did');
      old.crash();
      cluster.network.tap = () => 'pass';
      const leader = cluster.elect();
      expect(leader.engine.status.commitIndex).toBeLessThan(index);
      expect(read(cluster, leader.id)).toBeGreaterThanOrEqual(index);
    }
  });

  it('R6 is not confirmed by an answer to something sent before it was asked', () => {
    const solo = new Solo({ image: diskWith([1]) }).lead();
    solo.acknowledge('n2', solo.status.lastIndex);
    const { lastIndex } = solo.status;
    const before = solo.appendsTo('n2').at(-1);
    const stale: RaftMessage = {
      type: 'append-reply',
      term: solo.status.epoch,
      match: lastIndex,
      verified: lastIndex,
      round: before?.round ?? 0,
      sentAt: before?.sentAt ?? 0,
      rejected: undefined,
    };
    solo.forget().read();
    solo.receive('n2', stale).receive('n3', stale).receive('n2', stale);
    expect(solo.reads).toEqual([]);
    // Nor is a second read by the answers to the round of the first.
    solo.acknowledge('n2', lastIndex);
    expect(solo.reads).toHaveLength(1);
    const first = solo.appendsTo('n2').at(-1);
    solo.forget().read();
    solo.receive('n3', { ...stale, round: first?.round ?? 0, sentAt: first?.sentAt ?? 0 });
    expect(solo.reads).toHaveLength(1);
    solo.acknowledge('n3', lastIndex);
    expect(solo.reads).toHaveLength(2);
  });
});
