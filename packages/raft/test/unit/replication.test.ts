/** Election, replication and commit of a healthy group. */
import { describe, expect, it } from 'vitest';
import { commandRecord, Group } from './group.ts';

describe('a group of three', () => {
  it('elects one leader, replicates and commits', () => {
    const group = new Group(['a', 'b', 'c']);
    const leader = group.elect();
    leader.step({ type: 'propose', ticket: 7, record: commandRecord('x') });
    group.run(10);
    for (const node of group.nodes.values()) expect(node.committed).toEqual(['1', '2x']);
    expect(leader.outcomes).toEqual([{ type: 'accepted', ticket: 7, index: 2 }]);
  });

  it('keeps its term while nothing happens', () => {
    const group = new Group(['a', 'b', 'c']);
    const term = group.elect().engine.status.epoch;
    group.run(60_000);
    expect(group.leader().engine.status.epoch).toBe(term);
  });

  it('elects another leader after a crash, and the old one follows when it is back', () => {
    const group = new Group(['a', 'b', 'c']);
    const old = group.elect();
    old.step({ type: 'propose', ticket: 1, record: commandRecord('x') });
    group.run(10);
    group.cutOff.add(old.id);
    const leader = group.elect();
    expect(leader.id).not.toBe(old.id);
    leader.step({ type: 'propose', ticket: 2, record: commandRecord('y') });
    group.run(10);
    group.cutOff.clear();
    old.committed.length = 0;
    old.restart();
    group.run(3000);
    expect(group.leader().id).toBe(leader.id);
    expect(old.committed).toEqual(['1', '2x', '3', '4y']);
  });
});

describe('a group of one', () => {
  it('elects itself at once and waits for its own disk', () => {
    const group = new Group(['a']);
    group.run(0);
    const node = group.leader();
    node.hangs = true;
    node.step({ type: 'propose', ticket: 1, record: commandRecord('x') });
    expect(node.committed).toEqual(['1']);
    node.hangs = false;
    node.complete();
    expect(node.committed).toEqual(['1', '2x']);
  });

  it('waits for its time-out when it was restarted: somebody may have its word', () => {
    const group = new Group(['a']);
    group.run(0);
    const node = group.leader();
    node.restart();
    expect(node.wakeAt).toBeGreaterThanOrEqual(group.now + 500);
    group.run(1000);
    expect(group.leader().committed.at(-1)).toBe('2');
  });
});
