/** What is said only once it is on disk, and what a crash may take: figure 2, "persistent state". */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, raftCluster } from './raft-cluster.ts';
import { append, diskWith, record, Solo } from './solo.ts';

describe('votes', () => {
  it('R16 a vote leaves only once it is durable', () => {
    const solo = new Solo({ slowDisk: true });
    solo.store();
    solo.receive('n3', {
      type: 'vote-request',
      term: 4,
      lastIndex: 0,
      lastTerm: 0,
      pre: false,
      transfer: true,
    });
    const vote = solo.sent.find(({ message }) => message.type === 'vote-reply');
    const state = solo.writes.findLast(({ ops }) => ops.some((op) => op.type === 'state'));
    expect(vote?.message).toMatchObject({ granted: true, term: 4 });
    expect(state?.id).toBeGreaterThan(0);
    expect(vote?.after).toBe(state?.id);
  });

  it('R16 a candidate asks, and counts its own vote, only once that is durable', () => {
    const cluster = raftCluster({ voters: ['n1'] });
    const node = cluster.node('n1');
    node.disk.stall(true);
    cluster.run(4 * electionTimeoutMs);
    expect(node.leads).toBe(false);
    node.disk.stall(false);
    cluster.elect(4 * electionTimeoutMs);

    const solo = new Solo({ slowDisk: true });
    for (let round = 0; round < 3 && solo.status.epoch === 0; round++) {
      solo.tick();
      solo.receive('n2', { type: 'vote-reply', term: 1, pre: true, granted: true });
    }
    const asked = solo.sent.filter(
      ({ message }) => message.type === 'vote-request' && !message.pre,
    );
    expect(asked.length).toBeGreaterThan(0);
    for (const { after } of asked) expect(after).toBe(solo.writes.at(-1)?.id);
    // One other vote is a quorum together with its own, which is not durable yet.
    solo.receive('n2', { type: 'vote-reply', term: 1, pre: false, granted: true });
    expect(solo.status.role).toBe('candidate');
    solo.store();
    expect(solo.status.role).toBe('leader');
  });

  it('R16 the completion of an earlier write says nothing about the vote', () => {
    const solo = new Solo({ slowDisk: true, voters: ['n1'] });
    solo.tick();
    const [first = 0, ...later] = solo.writes.map((write) => write.id);
    expect(later.length).toBeGreaterThan(0);
    solo.stored(first);
    expect(solo.status).toMatchObject({ role: 'candidate', epoch: 1 });
    solo.store();
    expect(solo.status.role).toBe('leader');
  });

  it('R16 nor does one that comes in the turn of the vote itself, before that is handed out', () => {
    const solo = new Solo({ slowDisk: true, voters: ['n1'] });
    const [first = 0] = solo.writes.map(({ id }) => id);
    solo.step({ type: 'tick' }, { type: 'stored', write: first });
    expect(solo.status).toMatchObject({ role: 'candidate', epoch: 1 });
    solo.store();
    expect(solo.status.role).toBe('leader');
  });
});

describe('appends', () => {
  it('R15 a leader is not one of the quorum before its own disk has the entry', () => {
    const solo = new Solo({ slowDisk: true, voters: ['n1', 'n2', 'n3'] });
    solo.store();
    for (let round = 0; round < 10 && solo.status.role !== 'leader'; round++) {
      solo.tick().store();
      const { epoch } = solo.status;
      solo.receive('n2', { type: 'vote-reply', term: epoch + 1, pre: true, granted: true }).store();
      solo.receive('n2', { type: 'vote-reply', term: epoch + 1, pre: false, granted: true });
    }
    expect(solo.status).toMatchObject({ role: 'leader', lastIndex: 1 });
    solo.acknowledge('n2', 1);
    expect(solo.status.commitIndex).toBe(0);
    // Two others are a quorum without it.
    const without = solo.status.commitIndex;
    solo.acknowledge('n3', 1);
    expect(without).toBe(0);
    expect(solo.status.commitIndex).toBe(1);
  });

  it('R16 a follower acknowledges only what is durable', () => {
    const solo = new Solo({ slowDisk: true });
    solo.store();
    solo.receive('n2', append({ term: 1, records: [record(1), record(1)] }));
    const write = solo.writes.at(-1);
    for (const { message, after } of solo.sent) {
      if (message.type !== 'append-reply' || message.match === 0) continue;
      expect(after).toBe(write?.id);
    }
    solo.store();
    expect(solo.replyTo('n2').match).toBe(2);
  });
});

describe('completions', () => {
  it('R18 a stale completion says nothing about entries that were written anew', () => {
    const solo = new Solo({ slowDisk: true });
    solo.store();
    solo.receive('n2', append({ term: 1, records: [record(1), record(1), record(1)] }));
    // A leader of term 2 is heard from; then it replaces 2 and 3.
    solo.receive('n3', append({ term: 2 }));
    const stale = solo.writes.at(-1)?.id ?? 0;
    solo.receive(
      'n3',
      append({ term: 2, previousIndex: 1, previousTerm: 1, records: [record(2), record(2)] }),
    );
    const fresh = solo.writes.at(-1)?.id ?? 0;
    expect(fresh).toBeGreaterThan(stale);
    solo.stored(stale);
    // Only the entry that both leaders have in common is acknowledged at once.
    solo.receive('n3', append({ term: 2, previousIndex: 3, previousTerm: 2 }));
    const atOnce = solo.sent.filter(({ to, after }) => to === 'n3' && after === undefined);
    expect(atOnce.at(-1)?.message).toMatchObject({ type: 'append-reply', match: 1, verified: 3 });
    const early = solo.sent.filter(
      ({ to, message, after }) =>
        to === 'n3' && message.type === 'append-reply' && message.match > 1 && (after ?? 0) < fresh,
    );
    expect(early).toEqual([]);
    solo.stored(fresh);
    solo.receive('n3', append({ term: 2, previousIndex: 3, previousTerm: 2 }));
    expect(solo.replyTo('n3')).toMatchObject({ term: 2, match: 3 });
  });

  it('R18 a leader does not count its own entries by a completion from before it was deposed', () => {
    // Log [1 of term 1] is durable; then n1 leads in term 2 with a write under way, is deposed, and
    // leads again in term 4 with other entries at the same indexes.
    const solo = new Solo({ slowDisk: true, image: diskWith([1]) });
    solo.store();
    const win = (): void => {
      for (let round = 0; round < 20 && solo.status.role !== 'leader'; round++) {
        solo.tick();
        const term = solo.status.epoch + 1;
        solo.receive('n2', { type: 'vote-reply', term, pre: true, granted: true });
        // Only the vote gets to the disk, and what was written before it.
        if (solo.status.role === 'candidate') solo.store();
        solo.receive('n2', {
          type: 'vote-reply',
          term: solo.status.epoch,
          pre: false,
          granted: true,
        });
      }
      expect(solo.status.role).toBe('leader');
    };
    win();
    solo.propose();
    const stale = solo.writes.at(-1)?.id ?? 0;
    const end = solo.status.lastIndex;
    // The same completion twice: once in time, once more after the entries are other ones.
    solo.store();
    const { epoch } = solo.status;
    solo.receive(
      'n3',
      append({ term: epoch + 1, previousIndex: 1, previousTerm: 1, records: [record(epoch + 1)] }),
    );
    solo.store();
    win();
    solo.propose();
    expect(solo.status.lastIndex).toBeGreaterThanOrEqual(end);
    solo.stored(stale);
    solo.acknowledge('n2', solo.status.lastIndex);
    expect(solo.status.commitIndex).toBeLessThan(solo.status.lastIndex);
    solo.store();
    expect(solo.status.commitIndex).toBe(solo.status.lastIndex);
  });

  it('R19 completions in any order lose no progress', () => {
    const solo = new Solo({ slowDisk: true, voters: ['n1'] });
    for (let round = 0; round < 10 && solo.status.role !== 'leader'; round++) {
      solo.tick().store();
    }
    solo.store();
    solo.propose();
    solo.propose();
    solo.propose();
    solo.propose();
    const [first = 0, second = 0, third = 0, fourth = 0] = solo.writes
      .slice(-4)
      .map((write) => write.id);
    // Each covers those before it, and none behind it.
    solo.stored(third);
    expect(solo.status.commitIndex).toBe(solo.status.lastIndex - 1);
    solo.stored(second).stored(fourth);
    expect(solo.status.commitIndex).toBe(solo.status.lastIndex);
    solo.stored(first).stored(second).stored(third);
    expect(solo.status.commitIndex).toBe(solo.status.lastIndex);
    solo.propose();
    solo.stored(solo.writes.at(-1)?.id ?? 0);
    expect(solo.status.commitIndex).toBe(solo.status.lastIndex);
  });
});
