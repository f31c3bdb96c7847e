/** Linearizable reads: through the leader, and without it. Stale ones the cluster's own checks find. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import { accept, groupOf, learned, membershipVote, promise, Solo, votesFrom } from './solo.ts';

const quorumReads = { paxos: { reads: 'quorum' } } as const;

describe('a read through the leader', () => {
  it('is answered once a quorum has answered a message of its round', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] }).reign();
    const { commitIndex } = solo.status;
    const ticket = solo.read();
    expect(solo.last('accept', 'n2').round).toBe(1);
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n2', commitIndex).acknowledge('n2', commitIndex);
    expect(solo.reads).toEqual([]);
    solo.acknowledge('n3', commitIndex);
    expect(solo.reads).toEqual([{ ticket, index: commitIndex }]);
  });

  it('R6 is confirmed by no answer to anything older', () => {
    const solo = new Solo().reign();
    const { commitIndex } = solo.status;
    const first = solo.read();
    const second = solo.read();
    const answer = { round: 1, sentAt: solo.now };
    solo.acknowledge('n2', commitIndex, answer).acknowledge('n3', commitIndex, answer);
    expect(solo.reads.map(({ ticket }) => ticket)).toEqual([first]);
    solo.acknowledge('n3', commitIndex, { round: 2, sentAt: solo.now });
    expect(solo.reads.map(({ ticket }) => ticket)).toEqual([first, second]);
  });

  it('R6 nor by an answer in another ballot, or to a round that never was', () => {
    const solo = new Solo().reign();
    const { commitIndex } = solo.status;
    solo.read();
    const { ballot } = solo;
    const former = { ...ballot, round: ballot.round - 1 };
    solo
      .acknowledge('n2', commitIndex, { ballot: former })
      .acknowledge('n2', commitIndex, { round: 2 });
    solo.acknowledge('n9', commitIndex);
    expect(solo.reads).toEqual([]);
    expect(solo.leads).toBe(true);
  });

  it('R3 on a new leader waits until it knows all that was chosen before', () => {
    const solo = new Solo({ paxos: { window: 4 } });
    solo.lead({ n2: { votes: votesFrom(1, '0.n9', 'never').slice(1) } });
    solo.acknowledge('n2', solo.status.lastIndex).forget();
    const follower = new Solo({ paxos: { window: 4 } });
    const { agreement } = follower;
    follower.receive(
      'n2',
      accept('3.n2', { agreement, proposals: votesFrom(1, '3.n2', 'a', 'b') }),
    );
    follower.lead({ n2: {}, n3: {} });
    const early = follower.read();
    follower.acknowledge('n2', 0).acknowledge('n3', 0);
    expect(follower.reads).toEqual([]);
    follower.acknowledge('n2', 1);
    expect(follower.reads).toEqual([]);
    follower.acknowledge('n2', 2);
    expect(follower.reads.map(({ ticket }) => ticket)).toEqual([early]);
    expect(follower.reads[0]?.index).toBeGreaterThanOrEqual(2);
  });

  it('R3 a slot that was reported late counts too', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3'], paxos: { window: 2 } });
    solo.campaign();
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: { round: 9, node: 'n2' } });
    solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', promise(asked));
    expect(solo.leads).toBe(true);
    // n3 knows slots as chosen that nobody else has told of.
    solo.receive('n3', promise(asked, { chosen: 0, votes: votesFrom(3, '2.n3', 'c') }));
    solo.acknowledge('n2', 2);
    expect(solo.proposedIn(3)).toBe('c');
  });

  it('is given back when leadership ends', () => {
    const solo = new Solo().reign();
    const ticket = solo.read();
    solo.orphan().receive('n2', {
      type: 'refuse',
      ballot: solo.ballot,
      promised: { round: 99, node: 'n2' },
    });
    expect(solo.ending(ticket)).toMatchObject({ type: 'rejected', reason: 'not-leader' });
    solo.acknowledge('n2', 99).acknowledge('n3', 99);
    expect(solo.reads).toEqual([]);
  });

  it('is not answered by a leader that was deposed and does not know it', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed });
      const old = cluster.elect();
      cluster.commit();
      cluster.isolate(old.id);
      const tickets = [old.read('linearizable')];
      cluster.until(() => cluster.nodes.some((node) => node !== old && node.leads), 'another');
      cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
      if (old.leads) tickets.push(old.read('linearizable'));
      cluster.run(electionTimeoutMs);
      cluster.heal();
      cluster.run(electionTimeoutMs);
      for (const ticket of tickets) {
        expect(cluster.requests.ending(ticket)?.type).not.toBe('ready');
      }
    }
  });

  it('P17 is not answered by a leader that slept', () => {
    for (const guarantee of ['linearizable', 'lease'] as const) {
      const cluster = paxosCluster();
      const old = cluster.elect();
      cluster.commit();
      cluster.converge();
      old.pause(4 * electionTimeoutMs);
      const isOther = (): boolean => cluster.nodes.some((node) => node !== old && node.leads);
      cluster.until(isOther, 'another leader');
      cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
      cluster.run(20);
      // It wakes up to a read before it hears anything else.
      old.read(guarantee);
      cluster.run(5 * electionTimeoutMs);
    }
  });

  it('is one of a bounded number', () => {
    const solo = new Solo({ paxos: { maxPendingReads: 2 } }).reign();
    const tickets = [solo.read(), solo.read(), solo.read()];
    expect(tickets.map((ticket) => solo.ending(ticket)?.type)).toEqual([
      undefined,
      undefined,
      'rejected',
    ]);
    expect(solo.ending(tickets[2] ?? 0)).toMatchObject({ reason: 'overloaded' });
  });

  it('is refused elsewhere, with the leader’s name', () => {
    const solo = new Solo().receive('n2', accept('1.n2'));
    expect(solo.ending(solo.read())).toMatchObject({ reason: 'not-leader', leader: 'n2' });
    expect(solo.ending(solo.read('lease'))).toMatchObject({ reason: 'not-leader', leader: 'n2' });
  });
});

describe('a quorum read', () => {
  const reader = (): Solo =>
    new Solo(quorumReads).receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a') }));

  it('waits for the highest slot that a phase-1 quorum has accepted', () => {
    const solo = reader()
      .receive('n2', accept('1.n2', { chosen: 1 }))
      .forget();
    const ticket = solo.read();
    const { inquiry } = solo.last('inquire', 'n2');
    expect(solo.reads).toEqual([]);
    solo.receive('n3', { type: 'inquire-reply', inquiry, last: 3 });
    expect(solo.reads).toEqual([]);
    solo.receive('n2', accept('1.n2', { chosen: 3, proposals: votesFrom(2, '1.n2', 'b', 'c') }));
    expect(solo.reads).toEqual([{ ticket, index: 3 }]);
  });

  it('P16 does not give out what is accepted and not chosen', () => {
    const solo = reader().forget();
    solo.read();
    const { inquiry } = solo.last('inquire', 'n2');
    solo.receive('n2', { type: 'inquire-reply', inquiry, last: 0 });
    // Its own vote in slot 1 counts, and that may be chosen without anybody knowing it.
    expect(solo.reads).toEqual([]);
    solo.receive('n2', accept('1.n2', { chosen: 1 }));
    expect(solo.reads).toHaveLength(1);
  });

  it('is answered by acceptors with what they hold, a snapshot included', () => {
    const solo = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    const { agreement } = solo;
    const ask = (): unknown =>
      solo.receive('n3', { type: 'inquire', agreement, inquiry: 4 }).last('inquire-reply', 'n3');
    expect(ask()).toEqual({ type: 'inquire-reply', inquiry: 4, last: 0 });
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b') }));
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(7, '1.n2', 'g') }));
    expect(ask()).toMatchObject({ last: 7 });
    const other = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    other.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b') }));
    other.receive('n2', accept('1.n2', { chosen: 2 }));
    other.compact(2);
    const reborn = new Solo({ image: other.image, paxos: { keepBytesBehindSnapshot: 0 } });
    reborn.receive('n3', { type: 'inquire', agreement, inquiry: 4 });
    expect(reborn.last('inquire-reply')).toMatchObject({ last: 2 });
    reborn.forget().receive('n3', { type: 'inquire', agreement: agreement + 1, inquiry: 4 });
    expect(reborn.sent).toEqual([]);
  });

  it('counts each acceptor once, and none of another question', () => {
    const solo = new Solo({ ...quorumReads, voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    solo.read();
    const { inquiry } = solo.last('inquire', 'n2');
    for (let again = 0; again < 4; again++) {
      solo.receive('n2', { type: 'inquire-reply', inquiry, last: 0 });
      solo.receive('n3', { type: 'inquire-reply', inquiry: inquiry - 1, last: 0 });
      solo.receive('n9', { type: 'inquire-reply', inquiry, last: 99 });
    }
    expect(solo.reads).toEqual([]);
    solo.receive('n3', { type: 'inquire-reply', inquiry, last: 0 });
    expect(solo.reads).toHaveLength(1);
  });

  it('asks old and new voters, while either decide what comes', () => {
    const solo = new Solo({ paxos: { reads: 'quorum', window: 4 } });
    const { agreement } = solo;
    const joint = { ...groupOf(['n4', 'n5', 'n6']), outgoing: groupOf(['n1', 'n2', 'n3']).voters };
    const proposals = [{ slot: 1, record: membershipVote('1.n2', joint) }];
    solo.receive('n2', accept('1.n2', { agreement, proposals }));
    solo.receive('n2', accept('1.n2', { agreement, chosen: 1 }));
    solo.read();
    const { inquiry } = solo.last('inquire', 'n4');
    const answer = { type: 'inquire-reply', inquiry, last: 1 } as const;
    solo.receive('n4', answer).receive('n5', answer);
    expect(solo.reads).toEqual([]);
    solo.receive('n3', answer);
    expect(solo.reads).toHaveLength(1);
  });

  it('asks the successors too, once it has applied far enough to know them', () => {
    const solo = new Solo({ paxos: { reads: 'quorum', window: 2 } });
    const { agreement } = solo;
    solo.receive('n2', accept('1.n2', { agreement }));
    solo.read();
    const { inquiry } = solo.last('inquire', 'n3');
    // The last slot that the old voters decide is the second.
    solo.receive('n3', { type: 'inquire-reply', inquiry, last: 2 });
    const joint = { ...groupOf(['n4', 'n5', 'n6']), outgoing: groupOf(['n1', 'n2', 'n3']).voters };
    const proposals = [
      { slot: 1, record: membershipVote('1.n2', joint) },
      ...votesFrom(2, '1.n2', 'b'),
    ];
    solo.receive('n2', accept('1.n2', { agreement, proposals }));
    solo.receive('n2', accept('1.n2', { agreement, chosen: 2 }));
    expect(solo.status.commitIndex).toBe(2);
    expect(solo.reads).toEqual([]);
    const again = solo.last('inquire', 'n4').inquiry;
    solo.receive('n4', { type: 'inquire-reply', inquiry: again, last: 2 });
    expect(solo.reads).toEqual([]);
    solo.receive('n5', { type: 'inquire-reply', inquiry: again, last: 2 });
    expect(solo.reads).toHaveLength(1);
  });

  it('asks again whoever does not answer, and is given back after a while', () => {
    const solo = new Solo(quorumReads);
    const ticket = solo.read();
    solo.forget().wait(150).step({ type: 'tick' });
    expect(solo.all('inquire')).toHaveLength(2);
    solo.wait(10 * electionTimeoutMs).step({ type: 'tick' });
    expect(solo.ending(ticket)).toMatchObject({ type: 'rejected', reason: 'not-leader' });
    const { inquiry } = solo.last('inquire', 'n2');
    solo.receive('n2', { type: 'inquire-reply', inquiry, last: 0 });
    expect(solo.reads).toEqual([]);
  });

  it('is never stale, wherever it is asked', () => {
    for (const seed of seeds(10)) {
      const cluster = paxosCluster({
        seed,
        ...quorumReads,
        conditions: { delayMs: [0, 30], reorder: true, dropRate: 0.05, applyMs: [0, 20] },
      });
      cluster.elect(20 * electionTimeoutMs);
      for (let step = 0; step < 150; step++) {
        cluster.leader?.propose([new Uint8Array([step])]);
        cluster.random.pick(cluster.nodes).read('linearizable');
        if (step % 40 === 20) {
          const node = cluster.random.pick(cluster.nodes);
          cluster.isolate(node.id);
          cluster.schedule.after(electionTimeoutMs, () => {
            cluster.heal();
          });
        }
        cluster.run(10);
      }
      cluster.conditions.dropRate = 0;
      cluster.heal();
      cluster.decide();
    }
  });

  it('is answered also where the slot that it waits for was left behind by a leader that is gone', () => {
    const cluster = paxosCluster(quorumReads);
    const old = cluster.elect();
    cluster.commit();
    cluster.converge();
    const [reader0, other] = cluster.followers();
    cluster.network.tap = (from, to, message) =>
      from === old.id && (to !== reader0?.id || message.type !== 'accept') ? 'drop' : 'pass';
    old.propose([new Uint8Array([7])]);
    cluster.run(20);
    old.crash();
    cluster.network.tap = () => 'pass';
    // The other one leads, and has heard nothing of that vote when it begins.
    cluster.network.tap = (from, to, { type }) =>
      from === reader0?.id && to === other?.id && type === 'survey' ? 'drop' : 'pass';
    cluster.elect(20 * electionTimeoutMs);
    const ticket = reader0?.read('linearizable') ?? 0;
    cluster.until(() => cluster.requests.ending(ticket)?.type === 'ready', 'an answer');
  });

  it('by a node that was removed and does not know it is not stale', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({
        seed,
        paxos: { reads: 'quorum', window: 4 },
        joiners: ['n4', 'n5'],
      });
      cluster.commit();
      const leader = cluster.elect();
      const [gone, other] = cluster.followers();
      if (gone === undefined || other === undefined) throw new Error('nobody');
      const learners = leader.reconfigure([
        { type: 'add-learner', member: { id: 'n4' } },
        { type: 'add-learner', member: { id: 'n5' } },
      ]);
      cluster.until(() => cluster.requests.ending(learners)?.type === 'done', 'learners');
      cluster.converge();
      // Whatever concerns the change does not reach it; the other old voter and it still talk.
      cluster.network.tap = (from, to) => (to === gone.id && from === leader.id ? 'drop' : 'pass');
      leader.reconfigure([
        { type: 'add-voter', member: { id: 'n4' } },
        { type: 'add-voter', member: { id: 'n5' } },
        { type: 'remove', id: gone.id },
        { type: 'remove', id: other.id },
      ]);
      for (let step = 0; step < 60; step++) {
        cluster.leader?.propose([new Uint8Array([step])]);
        gone.read('linearizable');
        other.read('linearizable');
        cluster.run(10);
      }
      expect(cluster.recorder.membershipAt(cluster.recorder.commitIndex).voters).toHaveLength(3);
    }
  });

  it('a late answer to a question of a former life says nothing', () => {
    const solo = reader();
    solo.read();
    const { inquiry } = solo.last('inquire', 'n2');
    const reborn = new Solo({ ...quorumReads, image: solo.image });
    reborn.read();
    reborn.receive('n3', learned(1, '1.n2', ['a']));
    // The same seed draws the same number here; a real restart draws another.
    const { inquiry: next } = reborn.last('inquire', 'n2');
    reborn.receive('n2', { type: 'inquire-reply', inquiry: next + 1, last: 0 });
    expect(reborn.reads).toEqual([]);
    expect(inquiry).toBeGreaterThan(0);
  });
});
