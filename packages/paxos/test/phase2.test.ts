/** Phase 2: proposals on their way, in any order, and how the leader counts. */
import { describe, expect, it } from 'vitest';
import { paxosCluster, seeds } from './paxos-cluster.ts';
import { ballot, Solo, type SoloOptions } from './solo.ts';

/** A leader at the end of its repairs, and the first free slot. */
function leader(options: SoloOptions = {}): { readonly solo: Solo; readonly first: number } {
  const solo = new Solo(options).reign();
  return { solo, first: solo.status.lastIndex + 1 };
}

describe('a proposal', () => {
  it('is chosen once a quorum has accepted it, the leader included', () => {
    const { solo, first } = leader({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    solo.propose('a');
    solo.acknowledge('n2', first);
    expect(solo.status.commitIndex).toBe(first - 1);
    solo.acknowledge('n3', first);
    expect(solo.status.commitIndex).toBe(first);
    expect(solo.committed.at(-1)?.index).toBe(first);
  });

  it('P10 is not chosen by one acceptor that says so again and again', () => {
    const { solo, first } = leader({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    solo.propose('a');
    for (let again = 0; again < 5; again++) {
      solo.acknowledge('n2', first);
      solo.acknowledge('n2', first - 1, { beyond: [{ from: first, to: first }] });
    }
    expect(solo.status.commitIndex).toBe(first - 1);
  });

  it('P10 is not chosen by answers in another ballot', () => {
    const { solo, first } = leader();
    solo.propose('a');
    const { round } = solo.ballot;
    for (const text of [`${String(round - 1)}.n1`, `${String(round)}.n2`]) {
      solo.acknowledge('n2', first, { ballot: ballot(text) });
      solo.acknowledge('n3', first, { ballot: ballot(text) });
    }
    expect(solo.status.commitIndex).toBe(first - 1);
  });

  it('is not chosen by those who do not vote', () => {
    const { solo, first } = leader();
    const added = solo.reconfigure({ type: 'add-learner', member: { id: 'n4' } });
    solo.acknowledge('n2', first);
    expect(solo.ending(added)?.type).toBe('done');
    solo.propose('a');
    solo.acknowledge('n4', first + 1).acknowledge('n9', first + 1);
    expect(solo.status.commitIndex).toBe(first);
    solo.acknowledge('n2', first + 1);
    expect(solo.status.commitIndex).toBe(first + 1);
  });

  it('R15 is not chosen by the leader’s vote before that is durable', () => {
    const solo = new Solo({ slowDisk: true, voters: ['n1'] }).store();
    for (let rounds = 0; !solo.leads; rounds++) {
      if (rounds === 9) throw new Error('no leader');
      solo.tick().store();
    }
    solo.step().store().step().store().step();
    const { commitIndex } = solo.status;
    solo.propose('a');
    expect(solo.status.commitIndex).toBe(commitIndex);
    expect(solo.committed.at(-1)?.index).toBe(commitIndex);
    for (let writes = 0; writes < 9; writes++) solo.store().step();
    expect(solo.status.commitIndex).toBe(solo.status.lastIndex);
  });

  it('in slot 7 is chosen before the one in slot 6, and delivered after it', () => {
    const { solo, first } = leader();
    solo.propose('six');
    solo.propose('seven');
    const delivered = solo.committed.length;
    const beyond = [{ from: first + 1, to: first + 1 }];
    solo.acknowledge('n2', first - 1, { beyond }).acknowledge('n3', first - 1, { beyond });
    expect(solo.status.commitIndex).toBe(first - 1);
    expect(solo.committed.length).toBe(delivered);
    solo.acknowledge('n3', first + 1);
    expect(solo.status.commitIndex).toBe(first + 1);
    expect(solo.committed.slice(delivered).map(({ index }) => index)).toEqual([first, first + 1]);
  });

  it('is chosen slot by slot, each by a quorum of its own', () => {
    const { solo, first } = leader();
    for (const value of 'abcd') solo.propose(value);
    // n2 misses the second one, n3 the first and the third.
    solo.acknowledge('n2', first, { beyond: [{ from: first + 2, to: first + 2 }] });
    expect(solo.status.commitIndex).toBe(first);
    solo.acknowledge('n3', first - 1, { beyond: [{ from: first + 3, to: first + 3 }] });
    expect(solo.status.commitIndex).toBe(first);
    const beyond = [{ from: first + 1, to: first + 1 }];
    solo.acknowledge('n3', first - 1, { beyond });
    expect(solo.status.commitIndex).toBe(first + 3);
  });

  it('counts answers that come in another order than they were given', () => {
    const { solo, first } = leader();
    for (const value of 'abc') solo.propose(value);
    solo.acknowledge('n2', first + 2).acknowledge('n2', first);
    expect(solo.status.commitIndex).toBe(first + 2);
    expect(solo.status.peers[0]?.matchIndex).toBe(first + 2);
  });

  it('that nobody made is not counted, whoever claims to hold it', () => {
    const { solo, first } = leader();
    const last = first - 1;
    solo.acknowledge('n2', first + 50, { last }).acknowledge('n3', first + 50, { last });
    expect(solo.status.commitIndex).toBe(first - 1);
    const beyond = [{ from: first, to: first + 9 }];
    solo.acknowledge('n2', last, { last, beyond }).acknowledge('n3', last, { last, beyond });
    solo.propose('a');
    expect(solo.status.commitIndex).toBe(first - 1);
    solo.acknowledge('n2', first);
    expect(solo.status.commitIndex).toBe(first);
  });
});

describe('the window', () => {
  it('P14 is never exceeded, and moves with the chosen prefix', () => {
    const { solo, first } = leader({ paxos: { window: 4 } });
    const tickets = Array.from({ length: 9 }, (_, at) => solo.propose(String(at)));
    expect(solo.slotsTo('n2')).toEqual([first, first + 1, first + 2, first + 3]);
    expect(solo.ending(tickets[4] ?? 0)).toBeUndefined();
    // Chosen behind a hole it moves nothing.
    const beyond = [{ from: first + 1, to: first + 3 }];
    solo.acknowledge('n2', first - 1, { beyond }).acknowledge('n3', first - 1, { beyond });
    expect(solo.slotsTo('n2').at(-1)).toBe(first + 3);
    solo.acknowledge('n2', first + 3);
    expect(solo.slotsTo('n2').at(-1)).toBe(first + 7);
    expect(solo.ending(tickets[4] ?? 0)).toMatchObject({ type: 'accepted', index: first + 4 });
  });

  it('P14 of one slot takes one after the other', () => {
    const { solo, first } = leader({ paxos: { window: 1 } });
    for (const value of 'abc') solo.propose(value);
    for (let slot = first; slot < first + 3; slot++) {
      expect(solo.status.lastIndex).toBe(slot);
      solo.acknowledge('n2', slot);
    }
    expect(solo.status.commitIndex).toBe(first + 2);
  });
});

describe('what is lost', () => {
  it('R27 P20 is sent again, from the first slot that an acceptor has not seen', () => {
    const { solo, first } = leader();
    for (const value of 'abc') solo.propose(value);
    expect(solo.slotsTo('n2')).toEqual([first, first + 1, first + 2]);
    solo.forget().wait(50).tick();
    // It answers the heartbeat, and has seen nothing of all that was sent before.
    solo.acknowledge('n2', first - 1);
    expect(solo.slotsTo('n2')).toEqual([first, first + 1, first + 2]);
    expect(solo.slotsTo('n3')).toEqual([]);
  });

  it('R27 is not sent again while it may still be on its way', () => {
    const { solo, first } = leader();
    solo.propose('a');
    solo.forget();
    const earlier = solo.now - 1;
    solo.acknowledge('n2', first - 1, { sentAt: earlier }).acknowledge('n2', first - 1);
    expect(solo.slotsTo('n2')).toEqual([]);
  });

  it('R27 a whole window, at every position in turn', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed, paxos: { window: 4, heartbeatMs: 50 } });
      const lead = cluster.elect();
      cluster.commit();
      let dropped = 0;
      cluster.network.tap = (from, _to, message) => {
        const isWindow =
          from === lead.id && message.type === 'accept' && message.proposals.length > 0;
        return isWindow && dropped++ < 12 ? 'drop' : 'pass';
      };
      cluster.commitMany(12);
      expect(dropped).toBeGreaterThan(11);
      expect(cluster.leader).toBe(lead);
    }
  });

  it('P20 does not matter where one acceptor is dead', () => {
    const cluster = paxosCluster();
    const lead = cluster.elect();
    cluster.followers()[0]?.crash();
    for (let count = 0; count < 5; count++) cluster.commit();
    expect(cluster.leader).toBe(lead);
  });

  it('P10 nor does what comes twice, late and out of order', () => {
    for (const seed of seeds(8)) {
      const cluster = paxosCluster({
        seed,
        conditions: { duplicateRate: 0.5, replayRate: 0.3, reorder: true, delayMs: [0, 40] },
      });
      for (let count = 0; count < 10; count++) {
        for (let nth = 0; nth < 5; nth++) cluster.leader?.propose([new Uint8Array([nth])]);
        cluster.decide();
      }
      cluster.converge();
    }
  });
});

describe('bytes on their way', () => {
  it('are bounded for each acceptor, and go on with its answers', () => {
    const { solo, first } = leader({ paxos: { maxInflightBytes: 400, maxAppendBytes: 200 } });
    for (let nth = 0; nth < 10; nth++) solo.propose(new Uint8Array(50));
    const sent = solo.slotsTo('n2').length;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(5);
    solo.acknowledge('n2', first + sent - 1);
    expect(solo.slotsTo('n2').length).toBeGreaterThan(sent);
    // Slow ones hold nobody else up.
    expect(solo.slotsTo('n3').length).toBeLessThan(5);
    expect(solo.status.commitIndex).toBe(first + sent - 1);
  });

  it('of one message are bounded; a larger record travels alone', () => {
    const { solo } = leader({ paxos: { maxAppendBytes: 300 } });
    const record = (size: number): number => solo.propose(new Uint8Array(size));
    record(10);
    record(10);
    record(1000);
    record(10);
    for (const { proposals } of solo.all('accept', 'n2')) {
      const bytes = proposals.reduce((sum, each) => sum + each.record.length, 0);
      expect(bytes <= 300 || proposals.length === 1).toBe(true);
    }
    expect(solo.slotsTo('n2')).toHaveLength(4);
  });

  it('are told apart by acceptor: one that is back after long gets what it lacks', () => {
    const cluster = paxosCluster({ paxos: { maxInflightBytes: 1000, maxAppendBytes: 500 } });
    cluster.elect();
    cluster.commit();
    const [slow] = cluster.followers();
    cluster.isolate(slow?.id ?? '');
    cluster.commitMany(300);
    cluster.heal();
    cluster.converge();
  });
});

describe('a leader that is refused', () => {
  it('steps down, and goes past what stood in its way', () => {
    const { solo } = leader();
    const waiting = solo.propose('a');
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('77.n3') });
    expect(solo.leads).toBe(false);
    expect(solo.ending(waiting)).toMatchObject({ type: 'accepted' });
    expect(solo.campaign().round).toBe(78);
  });

  it('does not for the sake of a ballot that it has left behind', () => {
    const { solo } = leader();
    const former = { ...solo.ballot, round: solo.ballot.round - 1 };
    solo.receive('n2', { type: 'refuse', ballot: former, promised: ballot('77.n3') });
    expect(solo.leads).toBe(true);
  });

  it('rejects what has no slot yet, and leaves what has one open', () => {
    const { solo, first } = leader({ paxos: { window: 1 } });
    const placed = solo.propose('a');
    const waiting = solo.propose('b');
    const change = solo.reconfigure({ type: 'add-learner', member: { id: 'n4' } });
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('77.n3') });
    expect(solo.ending(placed)).toMatchObject({ type: 'accepted', index: first });
    expect(solo.ending(waiting)).toMatchObject({ type: 'rejected', reason: 'not-leader' });
    expect(solo.ending(change)).toMatchObject({ type: 'rejected', reason: 'not-leader' });
  });

  it('answers with unknown for a change that may still be chosen', () => {
    const { solo } = leader();
    const change = solo.reconfigure({ type: 'add-learner', member: { id: 'n4' } });
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('77.n3') });
    expect(solo.ending(change)?.type).toBe('unknown');
  });
});

describe('a slot', () => {
  it('keeps its value over any number of leaders', () => {
    for (const seed of seeds(10)) {
      const cluster = paxosCluster({ seed, conditions: { syncMs: [1, 10], delayMs: [1, 20] } });
      for (let turn = 0; turn < 6; turn++) {
        const lead = cluster.elect();
        for (let nth = 0; nth < 5; nth++) lead.propose([new Uint8Array([turn, nth])]);
        cluster.run(cluster.random.between(0, 30));
        lead.crash();
        cluster.run(cluster.random.between(0, 50));
        lead.start();
      }
      cluster.decide();
      cluster.converge();
    }
  });
});
