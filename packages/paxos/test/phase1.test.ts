/** Phase 1: what a candidate collects, what it concludes from that, and what a new leader proposes. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, chosenRecord, learned, promise, Solo, vote, votesFrom } from './solo.ts';

const small = { paxos: { window: 4 } };

describe('a candidate', () => {
  it('P23 asks in a ballot of its own that it has never used, durable before it leaves', () => {
    const solo = new Solo();
    const rounds: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const { round, node } = solo.campaign();
      expect(node).toBe('n1');
      expect(solo.state.promised).toEqual({ round, node });
      rounds.push(round);
    }
    const reborn = new Solo({ image: solo.image });
    rounds.push(reborn.campaign().round);
    expect(rounds).toEqual([...new Set(rounds)].sort((left, right) => left - right));
    const slow = new Solo({ image: reborn.image, slowDisk: true });
    slow.campaign();
    const sent = slow.sent.find(({ message }) => message.type === 'prepare');
    expect(sent?.after).toBe(slow.writes.at(-1)?.id);
    expect(slow.writes.at(-1)?.ops.some(({ type }) => type === 'state')).toBe(true);
  });

  it('goes past every ballot that it has heard of', () => {
    const solo = new Solo();
    const first = solo.campaign();
    solo.receive('n2', { type: 'refuse', ballot: first, promised: ballot('41.n3') });
    expect(solo.status.role).toBe('follower');
    expect(solo.campaign().round).toBe(42);
  });

  it('P21 does not lead because the highest ballot is its own', () => {
    const solo = new Solo();
    solo.campaign();
    expect(solo.status).toMatchObject({ role: 'candidate', leader: undefined });
    expect(solo.ending(solo.propose('early'))).toMatchObject({ reason: 'not-leader' });
    expect(solo.ending(solo.read())).toMatchObject({ reason: 'not-leader' });
    expect(solo.ending(solo.transfer('n2'))).toMatchObject({ reason: 'not-leader' });
    expect(solo.ending(solo.reconfigure({ type: 'remove', id: 'n3' }))).toMatchObject({
      reason: 'not-leader',
    });
    expect(solo.all('accept')).toEqual([]);
  });

  it('leads once a quorum has promised, itself included', () => {
    const five = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    five.campaign();
    const asked = five.last('prepare');
    five.receive('n2', promise(asked));
    expect(five.leads).toBe(false);
    five.receive('n3', promise(asked));
    expect(five.leads).toBe(true);
  });

  it('P10 counts distinct acceptors, voters only, in the present ballot', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    const old = solo.campaign();
    solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', promise(asked), promise(asked), promise(asked));
    solo.receive('n9', promise(asked));
    solo.receive('n3', promise({ ballot: old, from: 1 }));
    solo.receive('n4', promise({ ballot: { ...asked.ballot, node: 'n4' }, from: 1 }));
    expect(solo.leads).toBe(false);
    solo.receive('n3', promise(asked));
    expect(solo.leads).toBe(true);
  });

  it('P1 does not count its own promise before that is durable', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.campaign();
    solo.receive('n2', promise(solo.last('prepare')));
    expect(solo.leads).toBe(false);
    solo.store().step({ type: 'tick' });
    expect(solo.leads).toBe(true);
  });

  it('P1 the completion of an earlier write says nothing about its own promise', () => {
    const solo = new Solo({ slowDisk: true });
    const first = solo.writes.at(-1)?.id ?? 0;
    solo.campaign();
    solo.stored(first).receive('n2', promise(solo.last('prepare')));
    expect(first).toBeGreaterThan(0);
    expect(solo.leads).toBe(false);
    solo.store().step();
    expect(solo.leads).toBe(true);
  });

  it('P24 counts a promise only with its last page, and takes pages in their order', () => {
    const solo = new Solo();
    solo.campaign();
    const asked = solo.last('prepare', 'n2');
    const first = promise(asked, { votes: votesFrom(1, '0.n2', 'never').slice(1), next: 0 });
    const pageOne = { ...first, votes: votesFrom(1, '1.n3', 'a'), next: 2 };
    const pageTwo = { ...first, from: 2, votes: votesFrom(2, '1.n3', 'b'), next: 0 };
    // The last page alone, or one of another start, completes nothing.
    const own = { ...asked.ballot };
    const of = (page: typeof pageOne) => ({ ...page, ballot: own });
    if (own.round < 2) {
      solo.receive('n2', { type: 'refuse', ballot: own, promised: ballot('5.n3') });
      solo.campaign();
      Object.assign(own, solo.last('prepare').ballot);
    }
    solo.receive('n2', of(pageTwo));
    expect(solo.leads).toBe(false);
    solo.forget().receive('n2', of(pageOne));
    expect(solo.leads).toBe(false);
    expect(solo.last('prepare', 'n2')).toMatchObject({ from: 2, ballot: own });
    solo.receive('n2', of(pageOne));
    expect(solo.leads).toBe(false);
    solo.receive('n2', of(pageTwo));
    expect(solo.leads).toBe(true);
    expect([solo.proposedIn(1), solo.proposedIn(2)]).toEqual(['a', 'b']);
  });

  it('P24 asks for the page that is due, and not from the start, when it asks again', () => {
    const solo = new Solo();
    solo.campaign();
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('5.n3') });
    solo.campaign();
    const asked = solo.last('prepare', 'n2');
    solo.receive('n2', promise(asked, { votes: votesFrom(1, '1.n3', 'a', 'b'), next: 3 }));
    solo.forget().wait(150).step({ type: 'tick' });
    expect(solo.last('prepare', 'n2')).toMatchObject({ from: 3 });
    expect(solo.last('prepare', 'n3')).toMatchObject({ from: 1 });
  });

  it('P20 asks again whoever has not answered', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    solo.campaign();
    solo.receive('n2', promise(solo.last('prepare'))).forget();
    solo.wait(150).step({ type: 'tick' });
    expect(solo.all('prepare', 'n2')).toEqual([]);
    expect(solo.all('prepare', 'n3')).toHaveLength(1);
    expect(solo.all('prepare', 'n5')).toHaveLength(1);
  });

  it('does not believe in votes above its own ballot', () => {
    const solo = new Solo();
    solo.campaign();
    solo.receive('n2', promise(solo.last('prepare'), { votes: votesFrom(1, '99.n3', 'a') }));
    expect(solo.leads).toBe(false);
  });

  it('P7 that lags behind fetches what is chosen before it leads', () => {
    const solo = new Solo();
    solo.campaign();
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('5.n3') });
    solo.campaign();
    const asked = solo.last('prepare');
    solo.forget().receive('n2', promise(asked, { chosen: 3, votes: votesFrom(4, '2.n3', 'd') }));
    expect(solo.leads).toBe(false);
    expect(solo.last('learn', 'n2')).toMatchObject({ from: 1 });
    solo.receive('n2', learned(1, '2.n3', ['a', 'b'], { chosen: 3 }));
    expect(solo.leads).toBe(false);
    expect(solo.last('learn', 'n2')).toMatchObject({ from: 3 });
    solo.receive('n2', learned(3, '2.n3', ['c']));
    expect(solo.leads).toBe(true);
    // P8: it goes on where the others are.
    expect(solo.slotsTo('n2')[0]).toBe(4);
    expect(solo.proposedIn(4)).toBe('d');
  });

  it('asks somebody else where whoever knew more does not answer any more', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
    solo.campaign();
    solo.receive('n3', promise(solo.last('prepare'), { chosen: 9 }));
    // n3 goes. The next phase 1 does without it.
    solo.campaign();
    const asked = solo.last('prepare');
    solo.forget();
    for (const id of ['n2', 'n4']) solo.receive(id, promise(asked, { chosen: 2 }));
    for (let again = 0; again < 3 && solo.all('learn', 'n2').length === 0; again++) {
      solo.wait(250).step({ type: 'tick' });
      if (solo.all('learn', 'n4').length > 0) break;
    }
    expect(solo.all('learn', 'n2').length + solo.all('learn', 'n4').length).toBeGreaterThan(0);
  });
});

describe('a new leader', () => {
  it('P2c proposes in each slot the value of the highest vote, its own included', () => {
    const solo = new Solo(small);
    const { agreement } = solo;
    const own = votesFrom(1, '3.n2', 'own 1', 'own 2', 'own 3');
    solo.receive('n2', accept('3.n2', { agreement, proposals: own }));
    solo.lead({
      n2: { votes: [...votesFrom(1, '2.n3', 'low'), ...votesFrom(2, '3.n3', 'high')] },
      n3: { votes: [] },
    });
    expect([1, 2, 3].map((slot) => solo.proposedIn(slot))).toEqual(['own 1', 'high', 'own 3']);
  });

  it('P2c where several votes are reported it takes the highest, in whatever order they come', () => {
    for (const order of [
      ['n2', 'n3', 'n4'],
      ['n4', 'n3', 'n2'],
      ['n3', 'n4', 'n2'],
    ]) {
      const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'] });
      solo.campaign();
      solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('9.n2') });
      solo.campaign();
      const asked = solo.last('prepare');
      const votes = { n2: '2.n4', n3: '7.n2', n4: '3.n9' };
      for (const id of order) {
        const text = votes[id as keyof typeof votes];
        solo.receive(id, promise(asked, { votes: votesFrom(1, text, text) }));
      }
      expect(solo.proposedIn(1)).toBe('7.n2');
    }
  });

  it('what is marked as chosen beats every vote, whatever ballot it stands under', () => {
    const record = chosenRecord('1.n3', 'chosen');
    for (const flagged of ['n2', 'n3']) {
      const other = flagged === 'n2' ? 'n3' : 'n2';
      const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'] });
      solo.campaign();
      solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('9.n2') });
      solo.campaign();
      const asked = solo.last('prepare');
      solo.receive(
        'n2',
        promise(asked, {
          votes: [{ slot: 1, record: flagged === 'n2' ? record : vote('5.n2', 'stale') }],
        }),
      );
      solo.receive(
        'n3',
        promise(asked, {
          votes: [{ slot: 1, record: other === 'n2' ? record : vote('5.n2', 'stale') }],
        }),
      );
      expect(solo.proposedIn(1)).toBe('chosen');
    }
  });

  it('what it has marked as chosen itself does so, too', () => {
    const { image } = new Solo().receive('n2', accept('6.n2'));
    image.apply([{ type: 'put', index: 2, record: chosenRecord('1.n3', 'chosen') }]);
    // Slot 1 is not known yet, so slot 2 is behind a hole.
    const solo = new Solo({ image });
    solo.lead({ n2: { votes: votesFrom(2, '5.n2', 'stale') }, n3: {} });
    expect(solo.proposedIn(2)).toBe('chosen');
  });

  it('what is marked as chosen may stand under a ballot above its own', () => {
    const solo = new Solo();
    solo.campaign();
    const votes = [{ slot: 1, record: chosenRecord('99.n3', 'chosen') }];
    solo.receive('n2', promise(solo.last('prepare'), { votes }));
    expect(solo.leads).toBe(true);
    expect(solo.proposedIn(1)).toBe('chosen');
  });

  it('reckons with what somebody knows as chosen whom it did without', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3', 'n4', 'n5'], paxos: { window: 2 } });
    solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', promise(asked, { chosen: 9 }));
    expect(solo.leads).toBe(false);
    solo.receive('n3', promise(asked)).receive('n4', promise(asked));
    expect(solo.leads).toBe(true);
    const read = solo.read();
    for (let slot = 1; slot < 13; slot++) {
      const last = solo.status.lastIndex;
      if (solo.status.commitIndex < 9) expect(solo.reads).toEqual([]);
      solo.acknowledge('n3', last).acknowledge('n4', last);
    }
    expect(solo.proposedIn(11)).toBe('noop');
    expect(solo.proposedIn(12)).toBe('settled');
    expect(solo.reads.map(({ ticket }) => ticket)).toEqual([read]);
  });

  it('P9 fills gaps with no-ops, and settles its round behind them', () => {
    const solo = new Solo(small);
    solo.lead({ n2: {}, n3: {} });
    const last = solo.status.lastIndex;
    solo.acknowledge('n2', last).acknowledge('n3', last);
    const reborn = new Solo(small);
    reborn.campaign();
    reborn.receive('n2', { type: 'refuse', ballot: reborn.ballot, promised: ballot('9.n2') });
    reborn.campaign();
    const asked = reborn.last('prepare');
    reborn.receive('n2', promise(asked, { votes: votesFrom(3, '2.n3', 'c') }));
    const client = reborn.propose('client');
    for (let turns = 0; turns < 5; turns++) reborn.acknowledge('n2', reborn.status.lastIndex);
    const values = Array.from({ length: 9 }, (_, at) => reborn.proposedIn(at + 1));
    // The first slot names the group; the α slots behind what was reported may hold votes elsewhere.
    expect(values).toEqual([
      'membership',
      'noop',
      'c',
      'noop',
      'noop',
      'noop',
      'noop',
      'settled',
      'client',
    ]);
    expect(reborn.ending(client)).toMatchObject({ type: 'accepted', index: 9 });
  });

  it('P8 goes on behind the chosen prefix where nothing is in flight', () => {
    const solo = new Solo(small);
    const { agreement } = solo;
    const proposals = votesFrom(1, '3.n2', 'a', 'b', 'c', 'd');
    solo.receive('n2', accept('3.n2', { agreement, proposals }));
    solo.receive('n2', accept('3.n2', { agreement, chosen: 4 }));
    solo.lead({ n2: { chosen: 4 }, n3: { chosen: 4 } });
    expect(solo.slotsTo('n2')[0]).toBe(5);
    // And so it does behind a snapshot that covers everything.
    const trimmed = new Solo({ paxos: { window: 4, keepBytesBehindSnapshot: 0 } });
    trimmed.receive('n2', accept('3.n2', { agreement, proposals }));
    trimmed.receive('n2', accept('3.n2', { agreement, chosen: 4 }));
    trimmed.compact(4);
    const reborn = new Solo({
      image: trimmed.image,
      paxos: { window: 4, keepBytesBehindSnapshot: 0 },
    });
    reborn.lead({ n2: { chosen: 4 }, n3: { chosen: 4 } });
    expect(reborn.slotsTo('n2')[0]).toBe(5);
  });

  it('takes votes into account that a late promise brings, before it has settled its round', () => {
    const solo = new Solo({ voters: ['n1', 'n2', 'n3'], paxos: { window: 2 } });
    solo.campaign();
    solo.receive('n2', { type: 'refuse', ballot: solo.ballot, promised: ballot('9.n2') });
    solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', promise(asked));
    expect(solo.slotsTo('n2')).toEqual([1, 2]);
    // Slots 1 and 2 have their values. In slot 3 somebody voted for a leader that is gone.
    solo.receive('n3', promise(asked, { votes: votesFrom(3, '2.n2', 'late') }));
    solo.acknowledge('n2', 2);
    expect(solo.proposedIn(3)).toBe('late');
  });

  it('that holds nothing leads, and what was decided before stays decided', () => {
    for (const seed of seeds(8)) {
      const cluster = paxosCluster({ seed });
      const first = cluster.elect();
      cluster.isolate(cluster.followers()[0]?.id ?? '');
      const [lagging] = cluster.followers();
      cluster.commitMany(30);
      cluster.heal();
      cluster.network.tap = (_from, to, { type }) =>
        to === lagging?.id && (type === 'accept' || type === 'learned') ? 'drop' : 'pass';
      first.crash();
      cluster.network.tap = () => 'pass';
      // Only the one that holds nothing may ask for votes.
      const other = cluster.nodes.find((node) => node !== first && node !== lagging);
      cluster.network.tap = (from, _to, { type }) =>
        from === other?.id && (type === 'survey' || type === 'prepare') ? 'drop' : 'pass';
      cluster.until(() => lagging?.leads === true, 'the empty node leads', 30 * electionTimeoutMs);
      cluster.commit('after');
      first.start();
      cluster.converge();
    }
  });

  it('P16 keeps an undecided value of a leader that is gone, and gives out nothing before it is decided', () => {
    const cluster = paxosCluster();
    const old = cluster.elect();
    cluster.commit();
    const [holder, other] = cluster.followers();
    // One accept gets through, its answer does not.
    cluster.network.tap = (from, to, { type }) => {
      if (from === old.id && to === other?.id) return 'drop';
      return type === 'accepted' && to === old.id ? 'drop' : 'pass';
    };
    const ticket = old.propose([new Uint8Array([1])]);
    cluster.until(
      () => (holder?.disk.durable.last ?? 0) === old.engine.status.lastIndex,
      'a vote of one follower',
    );
    old.crash();
    expect(cluster.requests.placeOf(ticket)).toBeUndefined();
    cluster.network.tap = () => 'pass';
    cluster.elect();
    cluster.commit('next');
    expect(cluster.requests.placeOf(ticket)).toBeGreaterThan(0);
  });

  it('asks nobody again who has promised', () => {
    const solo = new Solo().lead();
    solo.forget().tick();
    expect(solo.all('prepare', 'n2')).toEqual([]);
  });
});
